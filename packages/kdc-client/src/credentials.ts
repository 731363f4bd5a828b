import {
  DEFAULT_ETYPES,
  type ForwardedTicket,
  formatPrincipal,
  type Keytab,
  type Principal,
  printableName,
  RejectedTokenError,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import { ccacheAuthority } from './ccache-authority.js'
import { requireCredentials } from './credential-check.js'
import type { NamedCredentialCache } from './credential-caches/named-cache.js'
import { keytabAuthority, type KeytabCredentials } from './keytab-authority.js'
import { type OtpCredentials, otpAuthority } from './otp/otp-authority.js'
import { passwordAuthority } from './password-authority.js'
import type { ServiceTicket } from './service-ticket.js'
import type { Authority, ReadyTicket, RealmsOfNames } from './sign-in.js'

export type { Authority, SignIn } from './sign-in.js'
export { signInPrincipal } from './keytab-authority.js'

/** With what the service proves to a KDC who it is. */
export type KdcCredentials =
  | {
      readonly principal?: string
      /**
       * A path, the octets, or a keytab in base64; `true` is the one that KRB5_CLIENT_KTNAME or krb5.conf (default_client_keytab_name)
       * names. What names no file is not shown in errors unless it looks like a path.
       */
      readonly keytab: string | Uint8Array | Keytab | true
      /** Gives the keytab anew when its keys do not work any more. Default: a file is read again. */
      readonly reload?: () => Keytab | Promise<Keytab>
      /** The principal is a user principal name, for the KDC to resolve. */
      readonly enterprise?: boolean
    }
  | { readonly principal: string; readonly password: string; readonly enterprise?: boolean }
  /** A one-time password, which goes to the KDC in armor alone: needs the option `armor`. */
  | OtpCredentials
  /**
   * The name of a credential cache (`/tmp/krb5cc_1000`, `FILE:…`, `DIR:…`, `KCM:`), one that `openCredentialCache` gave, or its octets;
   * `true` is the default one of this user, which KRB5CCNAME or krb5.conf (default_ccache_name) names. Tickets that it has are used
   * before a KDC is asked.
   */
  | { readonly ccache: string | NamedCredentialCache | Uint8Array | true }
  /**
   * What a caller forwarded (unconstrained delegation): a ticket-granting ticket of the caller's
   * realm, or of `realm`.
   */
  | { readonly tgt: ForwardedTicket }

/** Credentials in which the keytab is named, and the cache found by its name. */
export type NamedCredentials =
  | Exclude<KdcCredentials, { readonly keytab: unknown } | { readonly ccache: unknown }>
  | KeytabCredentials
  | { readonly ccache: NamedCredentialCache | Uint8Array }

/**
 * Reads credentials once, so that a wrong path or name fails when the client is made.
 * @throws ConfigurationError, MissingKeyError
 */
export function authorityOf(
  credentials: NamedCredentials,
  realms: RealmsOfNames,
  etypes: readonly number[] = DEFAULT_ETYPES,
): Authority {
  requireCredentials(credentials)
  if ('tgt' in credentials) return fromForwarded(credentials.tgt, realms.realm)
  if ('ccache' in credentials) return ccacheAuthority(credentials.ccache)
  if ('otp' in credentials) return otpAuthority(credentials, realms.realm ?? realms.defaultRealm, etypes)
  if ('password' in credentials) return passwordAuthority(credentials, realms.realm ?? realms.defaultRealm, etypes)
  return keytabAuthority(credentials, realms, etypes)
}

function fromForwarded(forwarded: ForwardedTicket, realm: string | undefined): ReadyTicket {
  const tgt = grantingTicketOf(forwarded, realm)
  return { kind: 'ready-ticket', principal: forwarded.client, tgt: () => tgt }
}

/**
 * The value that exchanges are made with. The names on the ticket say which KDC is asked, and
 * whoever forwarded it has written them: so both realms must be that of its client, or the one that
 * is given. Else this process would look up and connect to where a caller likes.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH for what is no ticket-granting ticket of these
 * realms
 */
export function grantingTicketOf(forwarded: ForwardedTicket, realm?: string): ServiceTicket {
  const { client, ticket, sessionKey, flags, expiresAt } = forwarded
  const { nameString } = ticket.sname
  if (nameString.length !== 2 || nameString[0] !== 'krbtgt')
    throw unusable(
      client,
      `${formatPrincipal({ name: ticket.sname, realm: ticket.realm })} is no ticket-granting service`,
    )
  const known = realm === undefined ? [client.realm] : [client.realm, realm]
  const stranger = [nameString[1], ticket.realm].find((one) => !known.some((of) => sameRealmIgnoringCase(of, one)))
  if (stranger !== undefined)
    throw unusable(
      client,
      `it is one for the KDC of ${printableName(stranger)}, and only ${known.map(printableName).join(' and ')} may be asked with it`,
    )
  const { authenticatedAt, startsAt, renewableUntil } = timesOf(forwarded)
  const begin = startsAt ?? authenticatedAt ?? 0
  return Object.freeze({
    client,
    service: { name: ticket.sname, realm: ticket.realm },
    ticket,
    sessionKey,
    flags,
    authenticatedAt: authenticatedAt ?? begin,
    startsAt: begin,
    expiresAt,
    ...(renewableUntil !== undefined && { renewableUntil }),
  })
}

/** The times, each also as it was called in 0.1. */
function timesOf(forwarded: ForwardedTicket): Pick<ForwardedTicket, 'authenticatedAt' | 'startsAt' | 'renewableUntil'> {
  const { authtime, starttime, renewTill } = forwarded
  const { authenticatedAt = authtime, startsAt = starttime, renewableUntil = renewTill } = forwarded
  return { authenticatedAt, startsAt, renewableUntil }
}

function unusable(client: Principal, why: string): RejectedTokenError {
  return new RejectedTokenError(`the ticket that ${formatPrincipal(client)} forwarded cannot be used: ${why}`, {
    code: 'KRB_AP_ERR_BADMATCH',
    status: 403,
    hint: 'A client forwards a ticket-granting ticket of its own realm. Whoever wrote another one there wants this service to ask a KDC of his.',
  })
}

import { DEFAULT_ETYPES, type ForwardedTicket, type Keytab } from '@s4u/krb5'
import { ccacheAuthority } from './ccache-authority.js'
import { requireCredentials } from './credential-check.js'
import type { NamedCredentialCache } from '../credential-caches/named-cache.js'
import { keytabAuthority, type KeytabCredentials } from './keytab-authority.js'
import { otpAuthority, type OtpCredentials } from './otp-authority.js'
import { passwordAuthority } from './password-authority.js'
import type { Authority, ReadyTicket, RealmsOfNames } from './authority.js'
import { grantingTicketOf } from '../tickets/forwarded-ticket.js'

export type { Authority, SignIn } from './authority.js'
export { signInPrincipal } from './keytab-authority.js'

/** With what the service proves to a KDC who it is. */
export type KdcCredentials =
  | {
      readonly principal?: string
      /**
       * A path, the octets, or a keytab in base64; `true` is the one that KRB5_CLIENT_KTNAME or
       * krb5.conf (default_client_keytab_name) names. What names no file is not shown in errors
       * unless it looks like a path.
       */
      readonly keytab: string | Uint8Array | Keytab | true
      /**
       * Gives the keytab anew when its keys do not work any more. Default: a file is read again.
       */
      readonly reload?: () => Keytab | Promise<Keytab>
      /** The principal is a user principal name, for the KDC to resolve. */
      readonly enterprise?: boolean
    }
  | { readonly principal: string; readonly password: string; readonly enterprise?: boolean }
  /** A one-time password, which goes to the KDC in armor alone: needs the option `armor`. */
  | OtpCredentials
  /**
   * The name of a credential cache (`/tmp/krb5cc_1000`, `FILE:…`, `DIR:…`, `KCM:`), one that
   * `openCredentialCache` gave, or its octets; `true` is the default one of this user, which
   * KRB5CCNAME or krb5.conf (default_ccache_name) names. Tickets that it has are used before a KDC
   * is asked.
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

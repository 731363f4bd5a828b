import {
  DEFAULT_ETYPES,
  formatPrincipal,
  type KerberosFlags,
  type Key,
  type Keytab,
  type Principal,
  type Ticket,
} from '@s4u/krb5'
import { ccacheAuthority } from './ccache-authority.js'
import { keytabAuthority } from './keytab-authority.js'
import { passwordAuthority } from './password-authority.js'
import type { ServiceTicket } from './service-ticket.js'
import type { Authority, ReadyTicket, RealmsOfNames } from './sign-in.js'

export type { Authority, SignIn } from './sign-in.js'
export { signInPrincipal } from './keytab-authority.js'

/** With what the service proves to a KDC who it is. */
export type KdcCredentials =
  | {
      readonly principal?: string
      readonly keytab: string | Uint8Array | Keytab
      /** Gives the keytab anew when its keys do not work any more. Default: a file is read again. */
      readonly reload?: () => Keytab | Promise<Keytab>
      /** The principal is a user principal name, for the KDC to resolve. */
      readonly enterprise?: boolean
    }
  | { readonly principal: string; readonly password: string; readonly enterprise?: boolean }
  /** A path or the octets; `true` is the cache that KRB5CCNAME names. */
  | { readonly ccache: string | Uint8Array | true }
  /** What a caller forwarded (unconstrained delegation). */
  | { readonly tgt: ForwardedTicket }

/** A ticket-granting ticket out of somebody else's hands. Times are milliseconds since the epoch. */
export interface ForwardedTicket {
  readonly client: Principal
  readonly ticket: Ticket
  readonly sessionKey: Key
  readonly flags: KerberosFlags
  readonly authtime?: number
  readonly starttime?: number
  readonly expiresAt: number
  readonly renewTill?: number
}

/**
 * Reads credentials once, so that a wrong path or name fails when the client is made.
 * @throws ConfigurationError, MissingKeyError
 */
export function authorityOf(
  credentials: KdcCredentials,
  realms: RealmsOfNames,
  etypes: readonly number[] = DEFAULT_ETYPES,
): Authority {
  if ('tgt' in credentials) return fromForwarded(credentials.tgt)
  if ('ccache' in credentials) return ccacheAuthority(credentials.ccache)
  if ('password' in credentials) return passwordAuthority(credentials, realms.realm ?? realms.defaultRealm, etypes)
  return keytabAuthority(credentials, realms, etypes)
}

function fromForwarded(forwarded: ForwardedTicket): ReadyTicket {
  const tgt = grantingTicketOf(forwarded)
  return { kind: 'ready-ticket', principal: forwarded.client, tgt: () => tgt }
}

/** The value that exchanges are made with. @throws TypeError for a ticket that is no ticket-granting ticket */
export function grantingTicketOf(forwarded: ForwardedTicket): ServiceTicket {
  const { client, ticket, sessionKey, flags, authtime, starttime, expiresAt, renewTill } = forwarded
  if (ticket.sname.nameString[0] !== 'krbtgt')
    throw new TypeError(`the ticket of ${formatPrincipal(client)} is not a ticket-granting ticket`)
  const begin = starttime ?? authtime ?? 0
  return Object.freeze({
    client,
    service: { name: ticket.sname, realm: ticket.realm },
    ticket,
    sessionKey,
    flags,
    authenticatedAt: authtime ?? begin,
    startsAt: begin,
    expiresAt,
    ...(renewTill !== undefined && { renewableUntil: renewTill }),
  })
}

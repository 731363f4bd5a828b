import type { Key } from './crypto/key.js'
import type { KerberosFlags } from './asn1/primitives.js'
import type { Ticket } from './messages/ticket.js'
import type { Principal } from './names/principal.js'

/**
 * A ticket-granting ticket that a client has forwarded to a service, with its session key
 * (unconstrained delegation). Anybody who has it can act as the client everywhere until the ticket
 * ends. Times are milliseconds since the epoch. Source: RFC 4120 section 5.8.1, RFC 4121 section
 * 4.1.1.
 */
export interface ForwardedTicket {
  /** The user whom the ticket names. */
  readonly client: Principal
  readonly ticket: Ticket
  readonly sessionKey: Key
  readonly flags: KerberosFlags
  /**
   * When the user signed in. This and the other optional times are undefined if the client has not
   * sent them.
   */
  readonly authenticatedAt?: number
  readonly startsAt?: number
  readonly expiresAt: number
  readonly renewableUntil?: number
  /** @deprecated Since 0.2: read and write `authenticatedAt`. */
  readonly authtime?: number
  /** @deprecated Since 0.2: read and write `startsAt`. */
  readonly starttime?: number
  /** @deprecated Since 0.2: read and write `renewableUntil`. */
  readonly renewTill?: number
}

import type { KerberosFlags } from '../asn1/primitives.js'
import type { Key } from '../crypto/key.js'
import type { AuthorizationData } from '../messages/authorization-data.js'
import type { HostAddress, Ticket } from '../messages/ticket.js'
import type { Principal } from '../names/principal.js'

/**
 * One ticket, with what its holder must know to use it. Times are milliseconds since the epoch; 0
 * means that there is no such time.
 */
export interface CachedCredential {
  readonly client: Principal
  readonly server: Principal
  readonly key: Key
  readonly authtime: number
  readonly starttime: number
  readonly endtime: number
  readonly renewTill: number
  /**
   * True if the ticket is sealed with a session key (user-to-user) and not with the key of a
   * service.
   */
  readonly isSkey: boolean
  readonly flags: KerberosFlags
  readonly addresses: readonly HostAddress[]
  readonly authorizationData: AuthorizationData
  readonly ticket: Ticket
  /** The octets of the second ticket of a user-to-user exchange, otherwise empty. */
  readonly secondTicket: Uint8Array
}

/**
 * A setting that MIT krb5 stores in the cache as if it were a ticket, such as `fast_avail` or
 * `proxy_impersonator`.
 */
export interface CacheSetting {
  readonly name: string
  readonly principal?: string
  readonly value: Uint8Array
}

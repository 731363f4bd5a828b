import type { KerberosFlags } from '../asn1/primitives.js'
import type { Key } from '../crypto/key.js'
import type { AuthorizationData } from '../messages/authorization-data.js'
import type { HostAddress, Ticket } from '../messages/ticket.js'
import type { Principal } from '../names/principal.js'

/** One ticket with what its holder must know. Times are milliseconds since the epoch, 0 where there is none. */
export interface CachedCredential {
  readonly client: Principal
  readonly server: Principal
  readonly key: Key
  readonly authtime: number
  readonly starttime: number
  readonly endtime: number
  readonly renewTill: number
  /** The ticket is sealed with a session key (user-to-user). */
  readonly isSkey: boolean
  readonly flags: KerberosFlags
  readonly addresses: readonly HostAddress[]
  readonly authorizationData: AuthorizationData
  readonly ticket: Ticket
  /** Octets of the second ticket of a user-to-user exchange, else empty. */
  readonly secondTicket: Uint8Array
}

/** A setting that MIT keeps in the cache among the tickets, such as `fast_avail` or `proxy_impersonator`. */
export interface CacheSetting {
  readonly name: string
  readonly principal?: string
  readonly value: Uint8Array
}

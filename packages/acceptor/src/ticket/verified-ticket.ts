import type { OpenedTicket, Pac, Principal } from '@s4u/krb5'
import type { ServiceKey } from '../keys/service-keys.js'

/**
 * A ticket that was opened with a key of ours and about which all is judged that depends on nothing
 * but the ticket.
 */
export interface VerifiedTicket {
  readonly opened: OpenedTicket
  readonly serviceKey: ServiceKey
  /** The realms whose keys the service had, as `ServiceKeys.realms`. */
  readonly ownRealms: readonly string[]
  readonly client: Principal
  /** `client`, printed; and without its realm where that is the service's own. */
  readonly principal: string
  readonly name: string
  /** As the option localNames has it. */
  readonly localName: string | undefined
  /** Verified, and as far as it is believed. */
  readonly pac: Pac | undefined
  /**
   * The version of `DomainSids` by which it was judged, where more knowledge may change what is
   * believed.
   */
  readonly domainSidsVersion: number | undefined
  /** There is no PAC, and an option says that this means no groups. */
  readonly hasNoGroups: boolean
  readonly anonymous: boolean
}

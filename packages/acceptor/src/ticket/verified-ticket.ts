import type { OpenedTicket, Pac, Principal } from '@s4u/krb5'
import type { ServiceKey } from '../keys/service-keys.js'

/**
 * A ticket that was opened with one of our keys, and about which everything is checked that does
 * not depend on the request.
 */
export interface VerifiedTicket {
  readonly opened: OpenedTicket
  readonly serviceKey: ServiceKey
  /** The realms whose keys the service had: `ServiceKeys.realms`. */
  readonly ownRealms: readonly string[]
  readonly client: Principal
  /** `client` as text. */
  readonly principal: string
  /** The name without its realm, if that is the service's own. */
  readonly name: string
  /** The name of a local account, as the option `localNames` maps it. */
  readonly localName: string | undefined
  /** The verified PAC, without what is not believed. */
  readonly pac: Pac | undefined
  /** The version of `DomainSids` that the verdict depended on, if later knowledge may change it. */
  readonly domainSidsVersion: number | undefined
  /** Whether there is no PAC and an option says that this means no groups. */
  readonly hasNoGroups: boolean
  readonly anonymous: boolean
}

import type { OpenedTicket, Pac, Principal } from '@s4u/krb5'
import type { ServiceKey } from './service-keys.js'

/** A ticket that was opened with a key of ours and about which all is judged that depends on nothing but the ticket. */
export interface AcceptedTicket {
  readonly opened: OpenedTicket
  readonly serviceKey: ServiceKey
  readonly client: Principal
  /** `client`, printed; and without its realm where that is the service's own. */
  readonly principal: string
  readonly name: string
  /** As the option localNames has it. */
  readonly localName: string | undefined
  /** Verified. */
  readonly pac: Pac | undefined
  readonly anonymous: boolean
}

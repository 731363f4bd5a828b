import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { FastFacts, FastRealms } from './fast-realms.js'

/** What armors a sign-in, and what becomes of it where a KDC does not go along. */
export interface SignInArmor {
  readonly realms: FastRealms
  /** A sign-in goes in armor or not at all. */
  readonly isRequired: boolean
  /**
   * Whether it may go without in the end, although the KDCs of the realm are known to take armored
   * requests: only where what is shown then is of no use to who listens.
   */
  readonly mayFallBack: boolean
  /** A ticket-granting ticket for the KDCs of the realm. Undefined where there is none, or no use of it. */
  ticketFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
  /** Another one, in place of one that a KDC has answered in the clear to. */
  inPlaceOf(refused: ServiceTicket, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
  /** What the reply has shown of the realm's KDCs. */
  learn(realm: string, facts: FastFacts, isArmored: boolean): void
}

/** Where ticket-granting tickets come from that armor the exchanges of others. */
export interface ArmorSource {
  /** Whose tickets they are: `host$@AD.TEST`. */
  readonly account: string
  readonly realms: FastRealms
  /** For the KDCs of the realm. @throws KdcError, KdcUnreachableError, RejectedTokenError, ConfigurationError */
  ticketFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket>
  /** Another one, where there can be one: not for a ticket that was got just now. @throws as `ticketFor` */
  inPlaceOf(refused: ServiceTicket, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
}

import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { FastFacts, FastRealms } from './fast-realms.js'

/** The armor of a sign-in, and what to do if a KDC does not accept it. */
export interface SignInArmor {
  readonly realms: FastRealms
  /** True if a sign-in without armor must fail. */
  readonly isRequired: boolean
  /**
   * Whether the sign-in may go without armor in the end, although the KDCs of the realm are known
   * to accept armored requests. True only if what is then sent does not help an attacker who
   * listens.
   */
  readonly mayFallBack: boolean
  /**
   * Returns a ticket-granting ticket for the KDCs of the realm; undefined if there is none, or if
   * armor is not used there.
   */
  ticketFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
  /** Returns another ticket, in place of one that a KDC has answered without armor. */
  inPlaceOf(refused: ServiceTicket, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
  /** Notes what a reply has shown about the KDCs of the realm. */
  learn(realm: string, facts: FastFacts, isArmored: boolean): void
}

/** Provides ticket-granting tickets that armor the exchanges of others. */
export interface ArmorSource {
  /** The account of the tickets: `host$@AD.TEST`. */
  readonly account: string
  readonly realms: FastRealms
  /**
   * Returns a ticket for the KDCs of the realm.
   *
   * @throws KdcError, KdcUnreachableError, RejectedTokenError, ConfigurationError
   */
  ticketFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket>
  /**
   * Returns another ticket if there can be one: not in place of a ticket that was issued just now.
   *
   * @throws as `ticketFor` does
   */
  inPlaceOf(refused: ServiceTicket, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
}

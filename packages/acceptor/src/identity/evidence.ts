import type { ForwardedTicket, Principal, Ticket } from '@s4u/krb5'

/**
 * What a service needs to act as a caller towards other services. It is worth as much as the
 * caller's presence, so it is kept out of everything that prints: see `Identity.evidence`.
 */
export type Evidence = TicketEvidence

/**
 * The caller's ticket to this service, which the service shows a KDC to get tickets to other
 * services in the caller's name (S4U2Proxy). Source: MS-SFU section 3.1.5.2.
 */
export interface TicketEvidence {
  readonly kind: 'ticket'
  /** The user whom the ticket names. */
  readonly client: Principal
  /**
   * `presented`: the caller showed the ticket. `s4u2self`: this service asked the KDC for it. The
   * origin decides what a refusal of the KDC means.
   */
  readonly origin: 'presented' | 's4u2self'
  /**
   * The ticket as the KDC sealed it. Its octets are a copy, so that no part of the request stays in
   * memory.
   */
  readonly ticket: Ticket
  /** The service whose key opened the ticket: the one that may show it to the KDC. */
  readonly service: Principal
  /**
   * Whether the ticket is forwardable. A KDC takes only forwardable tickets as evidence, unless the
   * target itself lists the service (resource-based delegation).
   */
  readonly forwardable: boolean
  /** The end of the ticket, in milliseconds since the epoch. */
  readonly expiresAt: number
  /**
   * The caller's own ticket-granting ticket, if the client forwarded one and the option
   * `forwardedTickets` is `use` (unconstrained delegation).
   */
  readonly forwardedTgt?: ForwardedTicket
}

/** @deprecated Since 0.2: nothing makes it. An identity without a ticket has no evidence. */
export interface AssertedEvidence {
  readonly kind: 'asserted'
  /** The client certificate that the app has verified, DER. */
  readonly certificate?: Uint8Array
}

/** @deprecated Since 0.2: the type is `ForwardedTicket`. */
export type ForwardedTgt = ForwardedTicket

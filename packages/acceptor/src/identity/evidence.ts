import type { ForwardedTicket, Principal, Ticket } from '@s4u/krb5'

/**
 * What a service holds in its hand to act as a caller. It is as good as the caller's presence, so
 * it is kept out of everything that prints: see `Identity.evidence`.
 */
export type Evidence = TicketEvidence

/** The ticket that the caller presented: evidence for S4U2Proxy. MS-SFU section 3.1.5.2. */
export interface TicketEvidence {
  readonly kind: 'ticket'
  /** Whom the ticket names. */
  readonly client: Principal
  /**
   * The caller showed it, or this service asked the KDC for it (S4U2Self), which decides what a
   * KDC's refusal means.
   */
  readonly origin: 'presented' | 's4u2self'
  /** As the KDC sealed it; its octets are a copy, so that nothing of the request stays alive. */
  readonly ticket: Ticket
  /** Whose key opened the ticket: the service that may show it to the KDC. */
  readonly service: Principal
  /**
   * A KDC takes only forwardable tickets as evidence, unless the target itself lists the service.
   */
  readonly forwardable: boolean
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  /**
   * The caller's own TGT, when the client forwarded one and the option `forwardedTickets` is `use`
   * (unconstrained delegation).
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

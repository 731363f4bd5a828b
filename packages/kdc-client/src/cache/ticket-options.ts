import type { OptionTableOf, Ticket } from '@s4u/krb5'

/** Options of a request for a ticket: how long to wait, and how old the answer may be. */
export interface TicketOptions {
  /**
   * Ends the wait of this caller. The exchange itself goes on if other callers wait for the same
   * ticket.
   */
  readonly signal?: AbortSignal
  /**
   * The service could not decrypt the ticket in the cache, because its key has changed. The KDC is
   * asked for another ticket, but not again within ten seconds. Default: `false`.
   */
  readonly fresh?: boolean
  /**
   * How old the KDC's answer may be; milliseconds. A ticket or a refusal that was requested earlier
   * is requested again. `0` always asks the KDC. Set it when the ticket authenticates a user: with
   * each request the KDC checks whether the account is disabled, and puts the current groups into
   * the ticket. Default: a ticket is used until it ends.
   */
  readonly maxAge?: number
}

/** Every name in TicketOptions; others are refused. */
export const TICKET_OPTIONS = {
  signal: 'value',
  fresh: 'flag',
  maxAge: 'value',
} as const satisfies OptionTableOf<TicketOptions>

/** Options of saving a ticket-granting ticket to a credential cache. */
export interface SaveOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal
  /**
   * Asks the KDC to renew the ticket-granting ticket first, whatever is left of it. Default: no.
   */
  readonly renew?: boolean
}

/** Every name in SaveOptions; others are refused. */
export const SAVE_OPTIONS = { signal: 'value', renew: 'flag' } as const satisfies OptionTableOf<SaveOptions>

/** Options of a ticket in the client's own name. */
export interface OwnTicketOptions extends TicketOptions {
  /**
   * The ticket-granting ticket of a service that has no key at hand. The KDC seals the ticket with
   * the session key of that ticket. Source: RFC 4120 section 3.7.
   */
  readonly userToUser?: Ticket
}

/** Every name in OwnTicketOptions; others are refused. */
export const OWN_TICKET_OPTIONS = {
  ...TICKET_OPTIONS,
  userToUser: 'value',
} as const satisfies OptionTableOf<OwnTicketOptions>

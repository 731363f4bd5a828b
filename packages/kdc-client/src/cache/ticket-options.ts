import type { OptionTableOf, Ticket } from '@s4u/krb5'

export interface TicketOptions {
  /** Ends the wait of this caller, and the exchange unless others wait for the same ticket, who still get it. */
  readonly signal?: AbortSignal
  /**
   * The service could not open the ticket that is kept: its key has changed. The KDC is asked for another one, but not again within
   * seconds; until then the freshest one is handed out.
   */
  readonly fresh?: boolean
  /**
   * How old the KDC's answer may be, milliseconds: a ticket that was asked for so long ago is not
   * handed out, but asked for again, and so is a refusal. 0 asks always. Default: a ticket is good
   * until it ends. For what is an authentication, since a KDC looks at each request whether the
   * user is disabled, and puts the groups into the ticket that the user is in now.
   */
  readonly maxAge?: number
}

/** Every name in TicketOptions; others are refused. */
export const TICKET_OPTIONS = {
  signal: 'value',
  fresh: 'flag',
  maxAge: 'value',
} as const satisfies OptionTableOf<TicketOptions>

export interface OwnTicketOptions extends TicketOptions {
  /** The ticket-granting ticket of the service, which has no key at hand: the ticket is sealed with its session key. RFC 4120 section 3.7. */
  readonly userToUser?: Ticket
}

/** Every name in OwnTicketOptions. */
export const OWN_TICKET_OPTIONS = {
  ...TICKET_OPTIONS,
  userToUser: 'value',
} as const satisfies OptionTableOf<OwnTicketOptions>

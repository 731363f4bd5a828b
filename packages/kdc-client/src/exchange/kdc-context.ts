import type { Journal, RandomSource } from '@s4u/krb5'
import type { QueuePlace } from '../async/fair-queue.js'
import type { KdcTransport } from '../network/transport.js'
import type { KdcClock } from './kdc-clock.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

/** What an exchange needs: the network, the clock, randomness, and what the client accepts. */
export interface KdcContext {
  readonly transport: KdcTransport
  readonly clock: KdcClock
  readonly random: RandomSource
  /** The encryption types that requests offer, best first. */
  readonly etypes: readonly number[]
  /** The encryption types that sign-in offers. Default: `etypes`. */
  readonly signInEtypes?: readonly number[]
  /**
   * Whether sign-in asks for a forwardable ticket. Without one there is no delegation. Default:
   * yes.
   */
  readonly forwardable?: boolean
  /** How long a ticket-granting ticket is asked for; milliseconds. Default: a day. */
  readonly lifetime?: number
  /** How long it is to be renewable; milliseconds. Default: it is not asked for. */
  readonly renewableFor?: number
  /** The difference of clocks that is accepted; milliseconds. Default: five minutes. */
  readonly clockSkew?: number
  /** Whether sign-in asks for a PAC. Without one there is no delegation. Default: yes. */
  readonly pac?: boolean
  /**
   * Whether the KDC may answer a sign-in with its own spelling of the name. Default: for enterprise
   * names only.
   */
  readonly canonicalize?: boolean
  /**
   * Decides whether a sign-in may go on in a realm that an unauthenticated answer names. Default:
   * none.
   */
  readonly mayFollow?: MayFollow
  /** For hints: returns a realm of krb5.conf that differs in letter case only. */
  readonly otherSpelling?: (realm: string) => string | undefined
  /** How requests for tickets are armored. Default: not at all. */
  readonly ticketArmor?: TicketArmor
  /** Aborts when no caller waits for the exchange any more. */
  readonly signal?: AbortSignal
  /** Where the lines about the exchange go. Default: the journal of the process. */
  readonly journal?: Journal
  /** What events and lines call the client until a KDC knows it. Default: its name. */
  readonly shownAs?: string
  /** Whose exchange it is, for the queue. */
  readonly place?: QueuePlace
}

/** Resolves to whether a realm may be asked, because a configuration or a trust leads there. */
export type MayFollow = (realm: string, options: { readonly signal?: AbortSignal }) => boolean | Promise<boolean>

/** How requests for tickets are armored, apart from sign-ins. Source: RFC 6113 section 5.4.2. */
export interface TicketArmor {
  /** Replies without armor are refused, and errors without armor are not remembered. */
  readonly isRequired: boolean
  /**
   * Returns the machine's ticket for the KDCs of a realm, so that tickets also carry the identity
   * of the machine. Undefined: the ticket-granting ticket of the request armors it.
   */
  machineFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
  /** Notes that KDCs of the realm answered in a machine's armor. */
  noteAcceptance(realm: string): void
  /**
   * Notes that KDCs of the realm answer a machine's armor without armor, and another one with it.
   */
  noteRefusal(realm: string): void
  /**
   * A realm that accepted a machine's armor before has answered without armor within the last
   * minute. Anybody on the network can forge that answer. Tickets that come now lack the machine's
   * identity, so they are kept for a minute only.
   */
  readonly lacksMachine: boolean
}

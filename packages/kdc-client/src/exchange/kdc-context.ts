import type { Journal, RandomSource } from '@s4u/krb5'
import type { QueuePlace } from '../async/fair-queue.js'
import type { KdcTransport } from '../network/transport.js'
import type { KdcClock } from './kdc-clock.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

/**
 * Everything an exchange needs from outside: network, clock, randomness, and what we are willing to
 * use.
 */
export interface KdcContext {
  readonly transport: KdcTransport
  readonly clock: KdcClock
  readonly random: RandomSource
  /** Encryption types offered, best first. */
  readonly etypes: readonly number[]
  /** Those offered at sign-in, where they are others. */
  readonly signInEtypes?: readonly number[]
  /**
   * Whether a ticket-granting ticket is asked for that can be forwarded. Default: yes; without it
   * there is no delegation.
   */
  readonly forwardable?: boolean
  /** What clocks may differ by, milliseconds. Default: five minutes. */
  readonly clockSkew?: number
  /** Whether to ask for a PAC at sign-in; without one there is no delegation. Default: yes. */
  readonly pac?: boolean
  /**
   * Whether the KDC may answer a sign-in in its own spelling of the name. Default: for enterprise
   * names only.
   */
  readonly canonicalize?: boolean
  /**
   * Whether the KDCs of a realm may be asked to which an unsealed answer sends a sign-in. Default:
   * none is.
   */
  readonly mayFollow?: MayFollow
  /** For hints: a realm as krb5.conf spells it, where that is in other letter case alone. */
  readonly otherSpelling?: (realm: string) => string | undefined
  /** How requests for tickets are armored. Default: not at all, where nothing asks for it. */
  readonly ticketArmor?: TicketArmor
  /** Aborts when nobody waits for the exchange any more. */
  readonly signal?: AbortSignal
  /** Where lines about it go. Default: that of the process. */
  readonly journal?: Journal
  /** Whose exchange it is, where it has to wait for its turn. */
  readonly place?: QueuePlace
}

/** Whether somebody who may say so leads to a realm: a configuration, or a trust. */
export type MayFollow = (realm: string, options: { readonly signal?: AbortSignal }) => boolean | Promise<boolean>

/** How requests for tickets are armored, beside sign-ins. Source: RFC 6113 section 5.4.2. */
export interface TicketArmor {
  /**
   * Replies without armor are refused, and errors without it count for nothing that is remembered.
   */
  readonly isRequired: boolean
  /**
   * The machine's ticket for the KDCs of the realm, so that tickets carry its identity beside that
   * of who asks. Undefined: the ticket-granting ticket that is shown anyway is the armor.
   */
  machineFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
  /** KDCs of the realm have answered in a machine's armor. */
  noteAcceptance(realm: string): void
  /** KDCs of the realm answer in the clear to a machine's armor, and not to the other one. */
  noteRefusal(realm: string): void
  /**
   * Tells whether a realm that took a machine's armor before has answered in the clear within the
   * last minute. Anybody on the network can forge that answer, so the tickets of this moment, which
   * lack the machine's identity, are kept for a minute only.
   */
  readonly lacksMachine: boolean
}

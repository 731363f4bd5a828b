import { isTicket, membersOf, wrong } from '../arguments/argument-shapes.js'
import type { KerberosFlags, Key, Principal, Ticket } from '@s4u/krb5'
import { hasFlag, TicketFlag } from '@s4u/krb5'

/**
 * A ticket with everything its holder must know, as one immutable value: a session key next to another client's ticket is how one
 * user becomes another. Times are milliseconds since the epoch.
 */
export interface ServiceTicket {
  /** Whom the ticket names. */
  readonly client: Principal
  readonly service: Principal
  readonly ticket: Ticket
  readonly sessionKey: Key
  readonly flags: KerberosFlags
  readonly authenticatedAt: number
  readonly startsAt: number
  readonly expiresAt: number
  readonly renewableUntil?: number
}

/**
 * What S4U2Proxy shows the KDC as proof that the user came to this service: the ticket the user presented, or one from S4U2Self.
 * Source: MS-SFU section 3.1.5.2.1.
 */
export interface EvidenceTicket {
  readonly client: Principal
  readonly ticket: Ticket
  readonly forwardable: boolean
  readonly expiresAt: number
  /** How the service came by it, which decides what a refusal means. */
  readonly origin: 'presented' | 's4u2self'
}

export function evidenceFromS4u2self(ticket: ServiceTicket): EvidenceTicket {
  requireServiceTicket('evidenceFromS4u2self', ticket)
  const { client, expiresAt } = ticket
  return { client, ticket: ticket.ticket, forwardable: isForwardable(ticket), expiresAt, origin: 's4u2self' }
}

/** Whether the KDC calls the service fit to have a ticket-granting ticket of its client (ok-as-delegate). Source: RFC 4120 section 2.8. */
export function isTrustedForDelegation({ flags }: { readonly flags: KerberosFlags }): boolean {
  return hasFlag(flags, TicketFlag.OK_AS_DELEGATE)
}

export function isForwardable({ flags }: { readonly flags: KerberosFlags }): boolean {
  return hasFlag(flags, TicketFlag.FORWARDABLE)
}

/** @throws ConfigurationError */
function requireServiceTicket(owner: string, value: unknown): void {
  const { ticket, flags, expiresAt } = membersOf(value)
  if (isTicket(ticket) && flags instanceof Uint8Array && typeof expiresAt === 'number') return
  throw wrong(`${owner}: the ticket`, 'one of a KDC client', value, "Give what client.s4u2self('bob') answers.")
}

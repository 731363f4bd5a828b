import { isTicket, membersOf, wrong } from '../arguments/argument-shapes.js'
import type { KerberosFlags, Key, Principal, Ticket } from '@s4u/krb5'
import { hasFlag, TicketFlag } from '@s4u/krb5'

/**
 * A ticket, with everything that its holder needs, as one immutable value. If the parts were apart,
 * a session key could end up beside another client's ticket, and one user would become another.
 * Times are milliseconds since the epoch.
 */
export interface ServiceTicket {
  /** The principal that the ticket names. */
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
 * The ticket that a service shows to the KDC at S4U2Proxy, as proof that the user came to it: the
 * one that the user presented, or one from S4U2Self. Source: MS-SFU section 3.1.5.2.1.
 */
export interface EvidenceTicket {
  readonly client: Principal
  readonly ticket: Ticket
  readonly forwardable: boolean
  readonly expiresAt: number
  /** How the service got the ticket. That decides what a refusal means. */
  readonly origin: 'presented' | 's4u2self'
}

/**
 * Returns a ticket from S4U2Self as evidence for S4U2Proxy.
 *
 * @throws ConfigurationError for a value that is no ticket
 *
 * @example
 * ```ts
 * import { evidenceFromS4u2self, type KdcClient, type ServiceTicket } from '@s4u/kdc-client'
 *
 * export async function ticketForBob(client: KdcClient): Promise<ServiceTicket> {
 *   const evidence = evidenceFromS4u2self(await client.s4u2self('bob@AD.TEST'))
 *   return client.s4u2proxy(evidence, 'HTTP/api.ad.test')
 * }
 * ```
 */
export function evidenceFromS4u2self(ticket: ServiceTicket): EvidenceTicket {
  requireServiceTicket('evidenceFromS4u2self', ticket)
  const { client, expiresAt } = ticket
  return { client, ticket: ticket.ticket, forwardable: isForwardable(ticket), expiresAt, origin: 's4u2self' }
}

/**
 * Returns whether the KDC permits a client to forward its ticket-granting ticket to this service
 * (ok-as-delegate). Source: RFC 4120 section 2.8.
 *
 * @example
 * ```ts
 * import { isTrustedForDelegation, type KdcClient } from '@s4u/kdc-client'
 *
 * export async function mayForward(client: KdcClient): Promise<boolean> {
 *   return isTrustedForDelegation(await client.ticketFor('HTTP/api.ad.test'))
 * }
 * ```
 */
export function isTrustedForDelegation({ flags }: { readonly flags: KerberosFlags }): boolean {
  return hasFlag(flags, TicketFlag.OK_AS_DELEGATE)
}

/**
 * Returns whether a ticket is forwardable. Only such a ticket is evidence for S4U2Proxy, unless the
 * account of the target itself allows the service (resource-based delegation).
 *
 * @example
 * ```ts
 * import { isForwardable, type KdcClient } from '@s4u/kdc-client'
 *
 * export async function mayTransition(client: KdcClient): Promise<boolean> {
 *   return isForwardable(await client.s4u2self('bob@AD.TEST'))
 * }
 * ```
 */
export function isForwardable({ flags }: { readonly flags: KerberosFlags }): boolean {
  return hasFlag(flags, TicketFlag.FORWARDABLE)
}

/** @throws ConfigurationError */
function requireServiceTicket(owner: string, value: unknown): void {
  const { ticket, flags, expiresAt } = membersOf(value)
  if (isTicket(ticket) && flags instanceof Uint8Array && typeof expiresAt === 'number') return
  throw wrong(`${owner}: the ticket`, 'one of a KDC client', value, "Give what client.s4u2self('bob') answers.")
}

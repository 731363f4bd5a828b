import { S4uError } from '@s4u/krb5'
import type { TicketSource } from './ticket-source.js'

/** Services that refused a ticket, by who supplied it: the next one is asked of the KDC again. */
const refused = new WeakMap<TicketSource, Set<string>>()

/**
 * Tells whether a service says that it cannot open the ticket: its key has changed since the ticket
 * was made.
 */
export function isStale(error: unknown): boolean {
  return S4uError.is(error) && STALE.has(error.code)
}

const STALE: ReadonlySet<string> = new Set([
  'KRB_AP_ERR_BADKEYVER',
  'KRB_AP_ERR_BAD_INTEGRITY',
  'KRB_AP_ERR_MODIFIED',
  'KRB_AP_ERR_NOKEY',
])

export function noteStale(tickets: TicketSource, spn: string): void {
  const names = refused.get(tickets) ?? new Set()
  refused.set(tickets, names.add(spn))
}

/** Tells whether a service has refused the last ticket, once. */
export function takeStale(tickets: TicketSource, spn: string): boolean {
  return refused.get(tickets)?.delete(spn) ?? false
}

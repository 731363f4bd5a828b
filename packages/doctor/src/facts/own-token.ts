import { createInitiator } from '@s4u/gssapi'
import type { ServiceTicket } from '@s4u/kdc-client'

/** The token that a client would send with this ticket. */
export function tokenFor(ticket: ServiceTicket, now: () => number): Uint8Array {
  return createInitiator({ ticket, now: now() }).token
}

/** Characters of the `Authorization` header with that token: `Negotiate YII…`. */
export function headerLength(ticket: ServiceTicket, now: () => number): number {
  return createInitiator({ ticket, now: now() }).authorization.length
}

import type { ServiceTicket } from './service-ticket.js'

/** Tickets end this long before they expire, so that none dies on the way to the backend; milliseconds. Short-lived ones, a tenth. */
const EXPIRY_MARGIN = 60_000

/** The last fifth of its life is when a ticket is got anew while the old one is still used. */
const REFRESH_FROM = 0.8

type Times = Pick<ServiceTicket, 'startsAt' | 'expiresAt'>

/** Milliseconds since the epoch. */
export function usableUntil({ startsAt, expiresAt }: Times): number {
  return expiresAt - Math.min(EXPIRY_MARGIN, (expiresAt - startsAt) / 10)
}

/** Milliseconds since the epoch. */
export function refreshTime({ startsAt, expiresAt }: Times): number {
  return Math.min(startsAt + (expiresAt - startsAt) * REFRESH_FROM, usableUntil({ startsAt, expiresAt }))
}

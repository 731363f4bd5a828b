import type { ServiceTicket } from './service-ticket.js'

/**
 * How long before its expiry a ticket is not used any more, so that it does not expire on the way
 * to the backend; milliseconds. A tenth of the lifetime, if that is less.
 */
const EXPIRY_MARGIN = 60_000

/** The part of its lifetime after which a ticket is refreshed in the background. */
const REFRESH_FROM = 0.8

type Times = Pick<ServiceTicket, 'startsAt' | 'expiresAt'>

/** Returns until when a ticket is used; milliseconds since the epoch. */
export function usableUntil({ startsAt, expiresAt }: Times): number {
  return expiresAt - Math.min(EXPIRY_MARGIN, (expiresAt - startsAt) / 10)
}

/** Returns from when on a ticket is refreshed; milliseconds since the epoch. */
export function refreshTime({ startsAt, expiresAt }: Times): number {
  return Math.min(startsAt + (expiresAt - startsAt) * REFRESH_FROM, usableUntil({ startsAt, expiresAt }))
}

import { hasFlag, sameRealmIgnoringCase, TicketFlag } from '@s4u/krb5'
import type { CacheMiss } from '../events/events.js'
import type { TicketOptions } from './ticket-options.js'
import type { ServiceTarget } from '../tickets/service-target.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { Authority } from '../credentials/authority.js'
import { refreshTime, usableUntil } from '../tickets/ticket-times.js'

export interface WantedTicket {
  readonly service: ServiceTarget
  /** The encryption types of session keys that are accepted. */
  readonly etypes: readonly number[]
  /** The KDC's time, milliseconds since the epoch. */
  readonly now: number
  readonly cache: CacheMiss
  readonly options: TicketOptions
}

/**
 * How far in the future a ticket may begin; milliseconds. RFC 4120 section 3.1.3 leaves the value
 * to policy, and five minutes are usual.
 */
const CLOCK_SKEW = 300_000

/**
 * Returns a ticket for the service that is in the credential cache, or undefined. Like kvno and
 * other programs of MIT, it uses such a ticket before it asks a KDC. That also works if the cache
 * has no ticket-granting ticket.
 */
export async function ticketInCcache(authority: Authority, wanted: WantedTicket): Promise<ServiceTicket | undefined> {
  const { service, options } = wanted
  if (authority.kind !== 'ready-ticket' || authority.ticketsOf === undefined || options.fresh) return undefined
  const usable = (await authority.ticketsOf(service.name)).filter((ticket) => isUsable(ticket, wanted))
  const inRealm = usable.filter((ticket) => sameRealmIgnoringCase(ticket.service.realm, service.realm))
  // A ticket that was requested without a realm has an empty realm in the cache. It came from the
  // realm that referrals led to.
  const referred = service.isRealmNamed ? [] : usable.filter((ticket) => ticket.service.realm === '')
  const found = longest(inRealm) ?? longest(referred)
  return found && underItsOwnName(found)
}

function isUsable(ticket: ServiceTicket, { now, etypes, cache, options }: WantedTicket): boolean {
  const { maxAge = Infinity } = options
  if (hasFlag(ticket.flags, TicketFlag.INVALID) || !etypes.includes(ticket.sessionKey.etype)) return false
  if (ticket.startsAt > now + CLOCK_SKEW || (maxAge !== Infinity && ticket.startsAt <= now - maxAge)) return false
  // If the ticket is being refreshed, the same ticket must not be found again.
  return now < (cache === 'refresh' ? refreshTime(ticket) : usableUntil(ticket))
}

function longest(tickets: readonly ServiceTicket[]): ServiceTicket | undefined {
  return [...tickets].sort((a, b) => b.expiresAt - a.expiresAt)[0]
}

function underItsOwnName(found: ServiceTicket): ServiceTicket {
  if (found.service.realm !== '') return found
  const { ticket } = found
  return Object.freeze({ ...found, service: { name: ticket.sname, realm: ticket.realm } })
}

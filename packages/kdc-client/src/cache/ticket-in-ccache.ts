import { hasFlag, sameRealmIgnoringCase, TicketFlag } from '@s4u/krb5'
import type { CacheMiss } from '../events/events.js'
import type { TicketOptions } from './ticket-options.js'
import type { ServiceTarget } from '../tickets/service-target.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { Authority } from '../credentials/authority.js'
import { refreshTime, usableUntil } from '../tickets/ticket-times.js'

export interface WantedTicket {
  readonly service: ServiceTarget
  /** Of session keys. */
  readonly etypes: readonly number[]
  /** The KDC's time, milliseconds since the epoch. */
  readonly now: number
  readonly cache: CacheMiss
  readonly options: TicketOptions
}

/** A ticket may begin so much later than now; milliseconds. RFC 4120 section 3.1.3 leaves it to policy, and five minutes are usual. */
const CLOCK_SKEW = 300_000

/**
 * A ticket for the service that the credential cache has: as kvno and everything of MIT does, it is used before a KDC is asked, and where
 * there is no ticket-granting ticket to ask one with. Undefined where there is none that may be used now.
 */
export async function ticketInCcache(authority: Authority, wanted: WantedTicket): Promise<ServiceTicket | undefined> {
  const { service, options } = wanted
  if (authority.kind !== 'ready-ticket' || authority.ticketsOf === undefined || options.fresh) return undefined
  const usable = (await authority.ticketsOf(service.name)).filter((ticket) => isUsable(ticket, wanted))
  const inRealm = usable.filter((ticket) => sameRealmIgnoringCase(ticket.service.realm, service.realm))
  // Under an empty realm stands what was asked for without one, and came from wherever referrals led.
  const referred = service.isRealmNamed ? [] : usable.filter((ticket) => ticket.service.realm === '')
  const found = longest(inRealm) ?? longest(referred)
  return found && underItsOwnName(found)
}

function isUsable(ticket: ServiceTicket, { now, etypes, cache, options }: WantedTicket): boolean {
  const { maxAge = Infinity } = options
  if (hasFlag(ticket.flags, TicketFlag.INVALID) || !etypes.includes(ticket.sessionKey.etype)) return false
  if (ticket.startsAt > now + CLOCK_SKEW || (maxAge !== Infinity && ticket.startsAt <= now - maxAge)) return false
  // When one is to be replaced before it ends, it is no use to find it again.
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

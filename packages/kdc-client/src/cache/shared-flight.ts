/**
 * One exchange for each ticket, however many instances need it at the same time: a fleet that has
 * just started does not ask the KDC once for each instance.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { SealedTickets, TicketLease } from './sealed-tickets.js'

/** What came of looking for a ticket among the other instances. */
export interface FoundElsewhere {
  readonly ticket?: ServiceTicket
  /** Without a ticket: to be released when the KDC has been asked. */
  readonly lease?: TicketLease
}

/**
 * Returns the ticket that another instance has got, or is getting, or the lease to get it.
 *
 * One instance at a time asks the KDC, as long as the store answers and the exchange takes no
 * longer than the lease. An instance that dies with the lease, or takes longer, delays the others
 * by no more than the lease: then each asks by itself. So does each while the store is silent.
 */
export async function fromOthers(
  shared: SealedTickets,
  id: string,
  isUsable: (ticket: ServiceTicket) => boolean,
): Promise<FoundElsewhere> {
  const end = performance.now() + shared.leaseFor
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LAST_PAUSE)) {
    const { ticket, isAnswered } = await usableIn(shared, id, isUsable)
    if (ticket !== undefined) return { ticket }
    // A store that is silent is not asked a second time.
    if (!isAnswered) return {}
    const lease = await shared.lease(id)
    if (lease.isHeld) return lookedTwice(shared, id, isUsable, lease)
    if (performance.now() + pause > end) return {}
    await sleep(pause)
  }
}

/**
 * Looks once more after the lease was given: its last holder may have stored the ticket, and
 * released the lease, since the first look. Without this a second exchange would follow.
 */
async function lookedTwice(
  shared: SealedTickets,
  id: string,
  isUsable: (ticket: ServiceTicket) => boolean,
  lease: TicketLease,
): Promise<FoundElsewhere> {
  // A lease that the store has not given says nothing of who else asks.
  if (!lease.isGiven) return { lease }
  const { ticket } = await usableIn(shared, id, isUsable)
  if (ticket === undefined) return { lease }
  lease.release()
  return { ticket }
}

async function usableIn(shared: SealedTickets, id: string, isUsable: (ticket: ServiceTicket) => boolean) {
  const { ticket, isAnswered } = await shared.find(id)
  return { ticket: ticket !== undefined && isUsable(ticket) ? ticket : undefined, isAnswered }
}

/** The pauses between looks at the store; milliseconds. An exchange takes about as long. */
const FIRST_PAUSE = 10
/**
 * The longest pause; milliseconds. A ticket that came meanwhile is noticed soon, and the store is
 * not asked all the time.
 */
const LAST_PAUSE = 160

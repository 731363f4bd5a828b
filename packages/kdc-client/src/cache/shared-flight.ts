/**
 * One exchange for each ticket, however many instances need it at the same time: a fleet that has
 * just started does not ask the KDC once for each instance.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { SealedTickets, TicketLease } from './shared-tickets.js'

/** What came of looking for a ticket among the other instances. */
export interface FoundElsewhere {
  readonly ticket?: ServiceTicket
  /** Without a ticket: to be released when the KDC has been asked. */
  readonly lease?: TicketLease
}

/**
 * Returns the ticket that another instance has got, or is getting, or the lease to get it. An
 * instance that holds a lease and dies, or takes longer, delays the others by no more than the
 * lease: then each asks by itself.
 */
export async function fromOthers(
  shared: SealedTickets,
  id: string,
  isUsable: (ticket: ServiceTicket) => boolean,
): Promise<FoundElsewhere> {
  const end = performance.now() + LEASE
  for (let pause = FIRST_PAUSE; ; pause = Math.min(2 * pause, LAST_PAUSE)) {
    const asked = performance.now()
    const ticket = await shared.find(id)
    if (ticket !== undefined && isUsable(ticket)) return { ticket }
    if (performance.now() - asked > SLOW) return {}
    const lease = await shared.lease(id, LEASE)
    if (lease.isHeld) return { lease }
    if (performance.now() + pause > end) return {}
    await sleep(pause)
  }
}

/**
 * The life of a lease; milliseconds. A KDC answers within some tens of them, and a
 * request must not wait long for an instance that has died.
 */
const LEASE = 1_500

/** A store that takes so long to answer is not asked a second time; milliseconds. */
const SLOW = 200

/** The pauses between looks at the store; milliseconds. An exchange takes about as long. */
const FIRST_PAUSE = 10
const LAST_PAUSE = 160

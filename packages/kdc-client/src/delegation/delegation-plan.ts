/** Which way leads to a ticket for another service in a user's name, best first. Nothing here touches the network. */

import { isObject, wrong } from '../arguments/argument-shapes.js'
import type { ForwardedTicket } from '@s4u/krb5'
import type { EvidenceTicket } from '../tickets/service-ticket.js'

/**
 * - `forwarded-tgt`: the user's own ticket-granting ticket, which the client sent along
 *   (unconstrained delegation), where the app uses those.
 * - `s4u2proxy`: the ticket that the user presented is shown to the KDC, whose lists decide.
 * - `resource-based`: the same with a ticket that is not forwardable, which only the target
 *   itself can make good.
 * - `s4u2self`: no ticket was presented; the service vouches for the user (protocol transition).
 */
export type Way = 'forwarded-tgt' | 's4u2proxy' | 'resource-based' | 's4u2self'

/** What is at hand for a user. */
export interface Grounds {
  /** `alice@AD.TEST` */
  readonly user: string
  readonly forwardedTgt?: ForwardedTicket
  /** The ticket that the user presented, or one from an earlier S4U2Self. */
  readonly evidence?: EvidenceTicket
  /** Whether this app permits itself to vouch for this user. */
  readonly protocolTransition?: boolean
  /** What the user has shown instead of a name, DER. */
  readonly certificate?: Uint8Array
}

/** One way, and why it can or cannot be gone. */
export interface Rung {
  readonly way: Way
  readonly possible: boolean
  readonly because: string
}

export interface Plan {
  /** The first way that can be gone; undefined when there is none. */
  readonly way: Way | undefined
  readonly rungs: readonly Rung[]
}

/** The ways in their order, judged by what is at hand. `now` in milliseconds since the epoch. */
export function chooseEvidence(grounds: Grounds, now: number): Plan {
  if (!isObject(grounds))
    throw wrong('chooseEvidence: the grounds', 'an object', grounds, "Write { user: 'alice@AD.TEST', evidence }.")
  const rungs = [
    forwarded(grounds, now),
    presented(grounds, now, 's4u2proxy'),
    presented(grounds, now, 'resource-based'),
    vouched(grounds, now),
  ]
  return { way: rungs.find(({ possible }) => possible)?.way, rungs }
}

function forwarded({ forwardedTgt }: Grounds, now: number): Rung {
  const way = 'forwarded-tgt'
  if (forwardedTgt === undefined)
    return no(way, 'the client forwarded no ticket-granting ticket, or the app uses none (delegation.forwardedTickets)')
  if (forwardedTgt.expiresAt <= now) return no(way, 'the ticket-granting ticket that was forwarded has expired')
  return yes(way, 'the client forwarded a ticket-granting ticket')
}

function presented({ evidence }: Grounds, now: number, way: 's4u2proxy' | 'resource-based'): Rung {
  if (evidence?.origin !== 'presented') return no(way, 'the user presented no ticket')
  if (evidence.expiresAt <= now) return no(way, 'the ticket that the user presented has expired')
  if (way === 's4u2proxy') {
    return evidence.forwardable
      ? yes(way, 'the ticket that the user presented is forwardable')
      : no(way, 'the ticket that the user presented is not forwardable')
  }
  return evidence.forwardable
    ? no(way, 'the ticket that the user presented is forwardable, so the KDC looks at both lists at once')
    : yes(way, 'the ticket is not forwardable: the target itself must allow it')
}

function vouched({ evidence, protocolTransition = false }: Grounds, now: number): Rung {
  const way = 's4u2self'
  if (evidence?.origin === 's4u2self' && evidence.expiresAt > now)
    return yes(way, 'the service has vouched for the user before')
  return protocolTransition
    ? yes(way, 'the app permits itself to vouch for the user')
    : no(way, 'the app does not permit itself to vouch for the user (delegation.protocolTransition)')
}

function yes(way: Way, because: string): Rung {
  return { way, possible: true, because }
}

function no(way: Way, because: string): Rung {
  return { way, possible: false, because }
}

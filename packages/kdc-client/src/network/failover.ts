/** Which KDC is asked when, until one of them answers. */

import { Asking, type Means, reasonOf } from './kdc-race.js'
import type { Errand } from './kdc-request.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import type { KdcNotes } from './kdc-health.js'
import { type KdcServer, labelOf } from './kdc-servers.js'
import { protocolsFor } from './protocol-choice.js'

/** One lost datagram costs a second, as with MIT and Windows; after all KDCs were asked once, patience doubles. */
export const FIRST_WAIT = 1_000

/** Asking again at once is a storm, not patience. For so long a datagram that says no also waits for one that brings a reply. */
const BETWEEN_ROUNDS = FIRST_WAIT / 4

/**
 * Where none is up yet, rounds are short and many: without a bound the wait would soon be more than a timer can hold, which then
 * goes off at once. Milliseconds.
 */
const LONGEST_WAIT = 60_000

/**
 * Asks each KDC, those that answered lately first, and all of them again, until one answers; undefined when the time is over, or when
 * each of them has refused to be asked: nobody is there then, and waiting brings nobody. Going on to the next does not mean that the one
 * before is not listened to any more: a KDC may only be slow. MIT does the same.
 *
 * Nobody signs a KRB-ERROR, and a datagram is written by anybody who guesses its port. So one that comes by UDP is no answer: the same
 * is asked by TCP, which wants somebody on the way, and a reply by UDP is listened for meanwhile. Only when no KDC gave either is it
 * taken, as unconfirmed.
 */
export async function askInTurn(
  addresses: readonly KdcAddress[],
  errand: Errand,
  means: Means,
): Promise<Uint8Array | undefined> {
  const asking = new Asking(errand, means)
  try {
    const { firstWait, rounds } = errand.manner
    let wait = firstWait
    for (let round = 0; round < rounds && !asking.isOver; round++) {
      const isNameless = await askEach(addresses, { asking, errand, means }, wait)
      if (asking.isHopeless && !isNameless) break
      await asking.listen(BETWEEN_ROUNDS)
      if (asking.hasRefusal) break
      wait = Math.min(wait * 2, LONGEST_WAIT)
    }
    return asking.answer ?? asking.unconfirmed()
  } finally {
    asking.end()
  }
}

/** Those that answered lately first. */
function inOrder(servers: readonly KdcServer[], notes: KdcNotes): readonly KdcServer[] {
  const rank = (address: KdcAddress): number => (notes.isDead(address) ? 2 : notes.isSlow(address) ? 1 : 0)
  return [...servers].sort((a, b) => rank(a) - rank(b))
}

/** The same for one server, whatever the names that lead to it. */
function idOf(server: KdcServer): string {
  return `${server.protocol ?? ''}/${formatKdcAddress(server)}`
}

interface Round {
  readonly asking: Asking
  readonly errand: Errand
  readonly means: Means
}

/** One round. Names are resolved while others are asked; true when one of them may come to resolve in the next. */
async function askEach(addresses: readonly KdcAddress[], round: Round, wait: number): Promise<boolean> {
  const { asking, means } = round
  const { servers, notes } = means
  for (const address of addresses) servers.find(address).catch(() => {})
  const entries = addresses.flatMap((address) => servers.known(address) ?? [address])
  const asked = new Set<string>()
  let isNameless = false
  for (const entry of inOrder(entries, notes)) {
    const found = servers.known(entry) ?? (await resolved(entry, round, wait))
    isNameless ||= found === undefined
    for (const server of inOrder(found ?? [], notes)) {
      if (!asked.has(idOf(server))) await asking.ask(server, wait)
      asked.add(idOf(server))
    }
  }
  return isNameless
}

/** None for a name that does not resolve; undefined when it takes longer than that. */
async function resolved(
  entry: KdcServer,
  { asking, errand, means }: Round,
  wait: number,
): Promise<readonly KdcServer[] | undefined> {
  if (asking.isOver) return []
  let found: readonly KdcServer[] | undefined
  let reason = 'its name has not been resolved in time'
  const search = means.servers.find(entry).then(
    (servers) => void (found = servers),
    (error: unknown) => {
      found = []
      reason = reasonOf(error)
    },
  )
  await asking.listen(wait, search)
  if (found !== undefined && found.length > 0) return found
  const protocols = protocolsFor(entry, errand, means.notes)
  errand.attempts.push(...protocols.map((protocol) => ({ address: `${protocol}/${labelOf(entry)}`, reason })))
  if (!asking.isOver) means.notes.noteDead(entry)
  return found
}

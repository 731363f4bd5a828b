/** Decides which KDC is asked when, until one of them answers. */

import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import type { KdcHealth } from './kdc-health.js'
import { KdcRace, reasonOf, type Transports } from './kdc-race.js'
import type { KdcRequest } from './kdc-request.js'
import { type KdcServer, labelOf } from './kdc-servers.js'
import { protocolsFor } from './protocol-choice.js'

/**
 * The wait for one KDC in the first round: a lost datagram costs a second, as with MIT and Windows.
 * Each further round waits twice as long. Milliseconds.
 */
export const FIRST_WAIT = 1_000

/**
 * The pause between two rounds; milliseconds. It keeps KDCs that refuse at once from becoming a
 * busy loop, and gives a reply time to come after a KRB-ERROR by UDP.
 */
const BETWEEN_ROUNDS = FIRST_WAIT / 4

/**
 * The longest wait for one KDC, in milliseconds. While no server can be reached, rounds are short,
 * and the wait is doubled often: without this limit the time would become larger than a timer can
 * hold, and such a timer fires at once.
 */
const LONGEST_WAIT = 60_000

/**
 * Asks each KDC in turn, round after round, until one answers. KDCs that answered lately come
 * first. Returns undefined when the time is over, or when no server is there at any address.
 *
 * When the next KDC is asked, the ones before are still listened to: a KDC may only be slow. MIT's
 * library does the same.
 *
 * A KRB-ERROR that comes by UDP does not end the search. Nothing authenticates a KRB-ERROR, and
 * anybody who guesses the port can send a datagram. The KDC is asked again by TCP, which only
 * somebody on the network path can forge, while the UDP socket still waits for a reply. Only when
 * neither comes from any KDC is the KRB-ERROR used, as unconfirmed.
 */
export async function askInTurn(
  addresses: readonly KdcAddress[],
  kdcRequest: KdcRequest,
  transports: Transports,
): Promise<Uint8Array | undefined> {
  const race = new KdcRace(kdcRequest, transports)
  try {
    const { firstWait, rounds } = kdcRequest.settings
    let wait = firstWait
    for (let round = 0; round < rounds && !race.isOver; round++) {
      const hasUnresolvedName = await askEach(addresses, { race, kdcRequest, transports }, wait)
      if (race.isHopeless && !hasUnresolvedName) break
      await race.waitForAnswer(BETWEEN_ROUNDS)
      if (race.hasRefusal) break
      wait = Math.min(wait * 2, LONGEST_WAIT)
    }
    return race.answer ?? race.unconfirmed()
  } finally {
    race.end()
  }
}

/** Sorts servers: those that answered lately first, slow ones next, dead ones last. */
function inOrder(servers: readonly KdcServer[], health: KdcHealth): readonly KdcServer[] {
  const rank = (address: KdcAddress): number => (health.isDead(address) ? 2 : health.isSlow(address) ? 1 : 0)
  return [...servers].sort((a, b) => rank(a) - rank(b))
}

/** Returns the same text for one server, whatever names lead to it. */
function idOf(server: KdcServer): string {
  return `${server.protocol ?? ''}/${formatKdcAddress(server)}`
}

interface Round {
  readonly race: KdcRace
  readonly kdcRequest: KdcRequest
  readonly transports: Transports
}

/**
 * Asks each KDC once. Names are resolved while other KDCs are asked. Returns true when a name was
 * not resolved in time, and may be in the next round.
 */
async function askEach(addresses: readonly KdcAddress[], round: Round, wait: number): Promise<boolean> {
  const { race, transports } = round
  const { servers, health } = transports
  for (const address of addresses) servers.find(address).catch(() => {})
  const entries = addresses.flatMap((address) => servers.known(address) ?? [address])
  const asked = new Set<string>()
  let hasUnresolvedName = false
  for (const entry of inOrder(entries, health)) {
    const found = servers.known(entry) ?? (await resolved(entry, round, wait))
    hasUnresolvedName ||= found === undefined
    for (const server of inOrder(found ?? [], health)) {
      if (!asked.has(idOf(server))) await race.ask(server, wait)
      asked.add(idOf(server))
    }
  }
  return hasUnresolvedName
}

/**
 * Returns the servers behind a name: none for a name that does not resolve, undefined for one that
 * takes longer than `wait` milliseconds.
 */
async function resolved(
  entry: KdcServer,
  { race, kdcRequest, transports }: Round,
  wait: number,
): Promise<readonly KdcServer[] | undefined> {
  if (race.isOver) return []
  let found: readonly KdcServer[] | undefined
  let reason = 'its name has not been resolved in time'
  const search = transports.servers.find(entry).then(
    (servers) => void (found = servers),
    (error: unknown) => {
      found = []
      reason = reasonOf(error)
    },
  )
  await race.waitForAnswer(wait, search)
  if (found !== undefined && found.length > 0) return found
  const protocols = protocolsFor(entry, kdcRequest, transports.health)
  kdcRequest.attempts.push(...protocols.map((protocol) => ({ address: `${protocol}/${labelOf(entry)}`, reason })))
  if (!race.isOver) transports.health.noteDead(entry)
  return found
}

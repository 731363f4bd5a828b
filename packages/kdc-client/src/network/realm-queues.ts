import { asciiLower } from '@s4u/krb5'
import { LRUCache } from 'lru-cache'
import type { Errand } from './kdc-request.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { askInTurn } from './failover.js'
import { KdcNotes } from './kdc-health.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import { type HostLookup, KdcServers } from './kdc-servers.js'
import { TcpConnections } from './tcp-exchange.js'
import { QueueFull, Turnstile } from '../async/concurrency-limit.js'
import { UdpSockets } from './udp-exchange.js'

/**
 * Requests on the way to one realm at one time, each with a UDP socket and a TCP connection to a KDC at most. A KDC answers one after the
 * other anyway, and thousands of sockets at once lose datagrams and connections; MIT's KDC takes thirty.
 */
const MAX_IN_FLIGHT = 16

/**
 * Requests that may wait for one realm. A KDC answers a thousand in a second, so of more than these those behind would be told after ten
 * seconds what they can be told now.
 */
const MAX_WAITING = 10_000

/** Realms with a queue of their own; referrals name few. */
const MAX_REALMS = 100

/**
 * Nobody who waits gets an answer from a realm that has been silent for so long, milliseconds: as long as one waits by default. Whoever
 * comes later is told at once, and one at a time tries whether it is back.
 */
const GIVEN_UP_AFTER = 10_000

/** Nobody is left to ask. */
export class NoAnswer extends Error {}

/** The way to one realm. */
interface Line {
  readonly turnstile: Turnstile
  /** Since when none of its KDCs has answered. */
  silentSince: number | undefined
  isTried: boolean
}

/** The ways to the KDCs: a queue for each realm, so that one that does not answer holds up no other. */
export class KdcLines {
  private readonly lines = new LRUCache<string, Line>({ max: MAX_REALMS })
  private readonly sockets = new UdpSockets()
  private readonly connections = new TcpConnections()
  private readonly notes: KdcNotes
  private readonly servers: KdcServers
  private readonly now: () => number
  private readonly proxyTrust: ((realm: string) => ProxyTrust | undefined) | undefined

  constructor(
    now: () => number,
    proxyTrust: ((realm: string) => ProxyTrust | undefined) | undefined,
    lookup: HostLookup | undefined,
  ) {
    this.now = now
    this.proxyTrust = proxyTrust
    this.notes = new KdcNotes(now)
    this.servers = new KdcServers(now, lookup)
  }

  /** @throws NoAnswer, and whatever the errand's signal aborts with while it waits in the queue */
  async ask(addresses: readonly KdcAddress[], errand: Errand): Promise<Uint8Array> {
    if (addresses.length === 0) throw new NoAnswer()
    const line = this.lineTo(errand.realm)
    if (this.isGivenUp(line, addresses)) return this.tryAlone(line, addresses, errand)
    const turn = async (): Promise<Uint8Array> => {
      if (performance.now() >= errand.until) throw new NoAnswer()
      return this.isGivenUp(line, addresses)
        ? this.tryAlone(line, addresses, errand)
        : this.run(line, addresses, errand)
    }
    try {
      return await line.turnstile.pass(turn, errand.ended, errand.place)
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error
      throw notAsked(addresses, errand, `not asked: ${MAX_WAITING} requests wait for this realm already`)
    }
  }

  /** Closes the sockets that are open and idle. */
  close(): void {
    this.sockets.close()
    this.connections.close()
  }

  private async tryAlone(line: Line, addresses: readonly KdcAddress[], errand: Errand): Promise<Uint8Array> {
    if (line.isTried) {
      const reason = 'given up for the moment: it has been silent, and is being tried by another request'
      throw notAsked(addresses, errand, reason)
    }
    line.isTried = true
    try {
      return await this.run(line, addresses, errand)
    } finally {
      line.isTried = false
    }
  }

  private async run(line: Line, addresses: readonly KdcAddress[], errand: Errand): Promise<Uint8Array> {
    const { notes, servers, sockets, connections, proxyTrust } = this
    const began = this.now()
    const answer = await askInTurn(addresses, errand, {
      notes,
      servers,
      sockets,
      connections,
      proxyTrust: proxyTrust?.(errand.realm),
    })
    if (answer !== undefined) {
      line.silentSince = undefined
      return answer
    }
    // Not when the caller gave up before all were asked.
    if (this.areDead(addresses)) line.silentSince ??= began
    throw new NoAnswer()
  }

  private isGivenUp({ silentSince }: Line, addresses: readonly KdcAddress[]): boolean {
    const isSilent = silentSince !== undefined && this.now() >= silentSince + GIVEN_UP_AFTER
    return isSilent && this.areDead(addresses)
  }

  private areDead(addresses: readonly KdcAddress[]): boolean {
    const { notes, servers } = this
    const each = addresses.flatMap((address) => servers.known(address) ?? [address])
    return each.every((server) => notes.isDead(server))
  }

  private lineTo(realm: string): Line {
    const name = asciiLower(realm)
    const known = this.lines.get(name)
    if (known) return known
    const line = { turnstile: new Turnstile(MAX_IN_FLIGHT, MAX_WAITING), silentSince: undefined, isTried: false }
    this.lines.set(name, line)
    return line
  }
}

function notAsked(addresses: readonly KdcAddress[], { attempts }: Errand, reason: string): NoAnswer {
  attempts.push(...addresses.map((address) => ({ address: formatKdcAddress(address), reason })))
  return new NoAnswer()
}

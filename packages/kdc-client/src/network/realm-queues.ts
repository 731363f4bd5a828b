import { asciiLower } from '@s4u/krb5'
import { LRUCache } from 'lru-cache'
import { ConcurrencyLimit, QueueFull } from '../async/concurrency-limit.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { askInTurn } from './failover.js'
import { KdcHealth } from './kdc-health.js'
import type { KdcRequest } from './kdc-request.js'
import { type HostLookup, KdcServers } from './kdc-servers.js'
import { TcpConnections } from './tcp-exchange.js'
import { UdpSockets } from './udp-exchange.js'

/**
 * Requests that are on the way to one realm at the same time. Each uses at most one UDP socket and
 * one TCP connection to a KDC. A KDC answers one request after another anyway, and thousands of
 * sockets at once lose datagrams and connections; MIT's KDC accepts thirty connections.
 */
const MAX_IN_FLIGHT = 16

/**
 * Requests that may wait for one realm. A KDC answers about a thousand in a second: a request
 * behind so many others would fail after ten seconds, and so it fails now.
 */
const MAX_WAITING = 10_000

/** Realms that have a queue. Referrals name few realms. */
const MAX_REALMS = 100

/**
 * After so many milliseconds without any answer, the default time limit of a request, the realm
 * counts as down. Requests fail at once then, and one request at a time finds out whether the realm
 * is back.
 */
const DOWN_AFTER = 10_000

/** No KDC answered, or none is left to ask. */
export class NoAnswer extends Error {}

/** The queue of one realm. */
interface RealmQueue {
  readonly limit: ConcurrencyLimit
  /** Since when no KDC of the realm has answered; milliseconds since the epoch. */
  silentSince: number | undefined
  /** A request is finding out whether the realm is back. */
  isProbed: boolean
}

/** Queues of requests, one for each realm, so that a realm that is down delays no other realm. */
export class RealmQueues {
  readonly #queues = new LRUCache<string, RealmQueue>({ max: MAX_REALMS })
  readonly #sockets = new UdpSockets()
  readonly #connections = new TcpConnections()
  readonly #health: KdcHealth
  readonly #servers: KdcServers
  readonly #now: () => number
  readonly #proxyTrust: ((realm: string) => ProxyTrust | undefined) | undefined

  constructor(
    now: () => number,
    proxyTrust: ((realm: string) => ProxyTrust | undefined) | undefined,
    lookup: HostLookup | undefined,
  ) {
    this.#now = now
    this.#proxyTrust = proxyTrust
    this.#health = new KdcHealth(now)
    this.#servers = new KdcServers(now, lookup)
  }

  /**
   * Waits for a turn, asks the KDCs at these addresses, and returns the first answer.
   *
   * @throws NoAnswer, and what the signal of the request aborts with while it waits in the queue
   */
  async ask(addresses: readonly KdcAddress[], kdcRequest: KdcRequest): Promise<Uint8Array> {
    if (addresses.length === 0) throw new NoAnswer()
    const queue = this.#queueOf(kdcRequest.realm)
    if (this.#isDown(queue, addresses)) return this.#probe(queue, addresses, kdcRequest)
    const turn = async (): Promise<Uint8Array> => {
      if (performance.now() >= kdcRequest.until) throw new NoAnswer()
      return this.#isDown(queue, addresses)
        ? this.#probe(queue, addresses, kdcRequest)
        : this.#run(queue, addresses, kdcRequest)
    }
    try {
      return await queue.limit.run(turn, kdcRequest.ended, kdcRequest.place)
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error
      throw notAsked(addresses, kdcRequest, `not asked: ${MAX_WAITING} requests wait for this realm already`)
    }
  }

  /** Closes the sockets that are open and idle. */
  close(): void {
    this.#sockets.close()
    this.#connections.close()
  }

  /** Asks a realm that is down, unless another request is doing so. */
  async #probe(queue: RealmQueue, addresses: readonly KdcAddress[], kdcRequest: KdcRequest): Promise<Uint8Array> {
    if (queue.isProbed) {
      const reason = 'given up for the moment: it has been silent, and is being tried by another request'
      throw notAsked(addresses, kdcRequest, reason)
    }
    queue.isProbed = true
    try {
      return await this.#run(queue, addresses, kdcRequest)
    } finally {
      queue.isProbed = false
    }
  }

  async #run(queue: RealmQueue, addresses: readonly KdcAddress[], kdcRequest: KdcRequest): Promise<Uint8Array> {
    const began = this.#now()
    const proxyTrust = this.#proxyTrust?.(kdcRequest.realm)
    const answer = await askInTurn(addresses, kdcRequest, {
      health: this.#health,
      servers: this.#servers,
      sockets: this.#sockets,
      connections: this.#connections,
      proxyTrust,
    })
    if (answer !== undefined) {
      queue.silentSince = undefined
      return answer
    }
    // A caller that gave up before all KDCs were asked says nothing about the realm.
    if (this.#areDead(addresses)) queue.silentSince ??= began
    throw new NoAnswer()
  }

  #isDown({ silentSince }: RealmQueue, addresses: readonly KdcAddress[]): boolean {
    const isSilent = silentSince !== undefined && this.#now() >= silentSince + DOWN_AFTER
    return isSilent && this.#areDead(addresses)
  }

  #areDead(addresses: readonly KdcAddress[]): boolean {
    const each = addresses.flatMap((address) => this.#servers.known(address) ?? [address])
    return each.every((server) => this.#health.isDead(server))
  }

  #queueOf(realm: string): RealmQueue {
    const name = asciiLower(realm)
    const known = this.#queues.get(name)
    if (known) return known
    const queue = { limit: new ConcurrencyLimit(MAX_IN_FLIGHT, MAX_WAITING), silentSince: undefined, isProbed: false }
    this.#queues.set(name, queue)
    return queue
  }
}

function notAsked(addresses: readonly KdcAddress[], { attempts }: KdcRequest, reason: string): NoAnswer {
  attempts.push(...addresses.map((address) => ({ address: formatKdcAddress(address), reason })))
  return new NoAnswer()
}

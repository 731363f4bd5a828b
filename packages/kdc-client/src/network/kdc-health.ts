import { LRUCache } from 'lru-cache'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'

/** How long a KDC that did not answer is asked after all others; milliseconds. */
const DEAD_FOR = 60_000

/**
 * How long a KDC is asked by TCP at once, after it answered by TCP only, or with more than a
 * datagram holds; milliseconds.
 */
const TCP_FOR = 300_000

/** How long a KDC that answers by UDP and not by TCP is asked by UDP first; milliseconds. */
const UDP_FOR = 60_000

/** KDCs that are remembered. */
const MAX_KDCS = 1_000

/** Remembers how KDCs answered earlier requests. */
export class KdcHealth {
  readonly #deadUntil = new LRUCache<string, number>({ max: MAX_KDCS })
  readonly #slowUntil = new LRUCache<string, number>({ max: MAX_KDCS })
  readonly #tcpUntil = new LRUCache<string, number>({ max: MAX_KDCS })
  readonly #udpUntil = new LRUCache<string, number>({ max: MAX_KDCS })
  readonly #now: () => number

  constructor(now: () => number) {
    this.#now = now
  }

  /** Within the last minute a request to the KDC went unanswered, and none was answered since. */
  isDead(address: KdcAddress): boolean {
    return (this.#deadUntil.get(formatKdcAddress(address)) ?? 0) > this.#now()
  }

  noteDead(address: KdcAddress): void {
    this.#deadUntil.set(formatKdcAddress(address), this.#now() + DEAD_FOR)
  }

  noteAlive(address: KdcAddress): void {
    this.#deadUntil.delete(formatKdcAddress(address))
    this.#slowUntil.delete(formatKdcAddress(address))
  }

  isSlow(address: KdcAddress): boolean {
    return (this.#slowUntil.get(formatKdcAddress(address)) ?? 0) > this.#now()
  }

  /** The caller gave up before it was clear whether the KDC is dead. */
  noteSlow(address: KdcAddress): void {
    this.#slowUntil.set(formatKdcAddress(address), this.#now() + DEAD_FOR)
  }

  /** The KDC is asked by TCP first. */
  wantsTcp(address: KdcAddress): boolean {
    return (this.#tcpUntil.get(formatKdcAddress(address)) ?? 0) > this.#now()
  }

  noteTcp(address: KdcAddress): void {
    this.#tcpUntil.set(formatKdcAddress(address), this.#now() + TCP_FOR)
  }

  /** TCP to the KDC is closed, or connections to it bring no answer. */
  lacksTcp(address: KdcAddress): boolean {
    return (this.#udpUntil.get(formatKdcAddress(address)) ?? 0) > this.#now()
  }

  noteTcpAnswers(address: KdcAddress): void {
    this.#udpUntil.delete(formatKdcAddress(address))
  }

  noteUdp(address: KdcAddress): void {
    this.#udpUntil.set(formatKdcAddress(address), this.#now() + UDP_FOR)
    this.#tcpUntil.delete(formatKdcAddress(address))
  }
}

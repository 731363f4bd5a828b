import { LRUCache } from 'lru-cache'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'

/** How long a KDC that did not answer is asked last. */
const DEAD_FOR = 60_000

/** How long a KDC that only TCP brings answers from, or whose answers did not fit into datagrams, is asked by TCP at once. */
const TCP_FOR = 300_000

/** How long a KDC that answers by UDP, and not by TCP, is asked by UDP first whatever is asked. */
const UDP_FOR = 60_000

/** KDCs that something is remembered of. */
const MAX_KDCS = 1_000

/** What is known of KDCs from earlier requests. */
export class KdcNotes {
  private readonly deadUntil = new LRUCache<string, number>({ max: MAX_KDCS })
  private readonly slowUntil = new LRUCache<string, number>({ max: MAX_KDCS })
  private readonly tcpUntil = new LRUCache<string, number>({ max: MAX_KDCS })
  private readonly udpUntil = new LRUCache<string, number>({ max: MAX_KDCS })
  private readonly now: () => number

  constructor(now: () => number) {
    this.now = now
  }

  isDead(address: KdcAddress): boolean {
    return (this.deadUntil.get(formatKdcAddress(address)) ?? 0) > this.now()
  }

  noteDead(address: KdcAddress): void {
    this.deadUntil.set(formatKdcAddress(address), this.now() + DEAD_FOR)
  }

  noteAlive(address: KdcAddress): void {
    this.deadUntil.delete(formatKdcAddress(address))
    this.slowUntil.delete(formatKdcAddress(address))
  }

  isSlow(address: KdcAddress): boolean {
    return (this.slowUntil.get(formatKdcAddress(address)) ?? 0) > this.now()
  }

  /** It may be dead or not: nobody waited long enough to know. */
  noteSlow(address: KdcAddress): void {
    this.slowUntil.set(formatKdcAddress(address), this.now() + DEAD_FOR)
  }

  wantsTcp(address: KdcAddress): boolean {
    return (this.tcpUntil.get(formatKdcAddress(address)) ?? 0) > this.now()
  }

  noteTcp(address: KdcAddress): void {
    this.tcpUntil.set(formatKdcAddress(address), this.now() + TCP_FOR)
  }

  /** TCP to it is closed, or its connections lead nowhere. */
  lacksTcp(address: KdcAddress): boolean {
    return (this.udpUntil.get(formatKdcAddress(address)) ?? 0) > this.now()
  }

  noteTcpAnswers(address: KdcAddress): void {
    this.udpUntil.delete(formatKdcAddress(address))
  }

  noteUdp(address: KdcAddress): void {
    this.udpUntil.set(formatKdcAddress(address), this.now() + UDP_FOR)
    this.tcpUntil.delete(formatKdcAddress(address))
  }
}

/** One request, and the KDCs of its realm, until one of them answers. */

import { KRB_ERROR_CODES, krbErrorName } from '@s4u/krb5'
import type { Errand } from './errand.js'
import { formatKdcAddress, type KdcAddress } from './kdc-address.js'
import type { KdcNotes } from './kdc-notes.js'
import { exchangeOverHttps, type ProxyTrust } from './kdc-proxy.js'
import { errorCodeIn, KRB_ERROR_TAG } from './krb-error.js'
import type { TcpConnections } from './tcp-exchange.js'
import type { UdpSockets, UdpWait } from './udp-exchange.js'

export interface Means {
  readonly notes: KdcNotes
  readonly sockets: UdpSockets
  readonly connections: TcpConnections
  readonly proxyTrust: ProxyTrust | undefined
}

type Protocol = 'udp' | 'tcp' | 'https'

/** One lost datagram costs a second, as with MIT and Windows; after all KDCs were asked once, patience doubles. */
const FIRST_WAIT = 1_000

/** When whoever waits goes before that, it is not known to be dead: but the next one, who may go as soon, is to come to another one. */
const SLOW = FIRST_WAIT / 4

/**
 * When every address refuses at once, asking again at once is a storm, not patience. For so long a datagram that says no also waits
 * for one that brings a reply.
 */
const BETWEEN_ROUNDS = FIRST_WAIT / 4

/**
 * Where all refuse at once, rounds are short and many: without a bound the wait would soon be more than a timer can hold, which then
 * goes off at once. Milliseconds.
 */
const LONGEST_WAIT = 60_000

/** Larger requests go by TCP first: fragments get lost, and firewalls drop them. The figure is MIT's udp_preference_limit. */
const MAX_UDP_REQUEST = 1_465

/**
 * Asks each KDC, those that answered lately first, and all of them again, until one answers; undefined when the time is over. Going on to
 * the next does not mean that the one before is not listened to any more: a KDC may only be slow. MIT does the same.
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
    for (let wait = FIRST_WAIT; !asking.isOver; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      for (const address of inOrder(addresses, means.notes)) await asking.ask(address, wait)
      await asking.listen(BETWEEN_ROUNDS)
      if (asking.hasRefusal) break
    }
    return asking.answer ?? asking.unconfirmed()
  } finally {
    asking.end()
  }
}

function inOrder(addresses: readonly KdcAddress[], notes: KdcNotes): readonly KdcAddress[] {
  const rank = (address: KdcAddress): number => (notes.isDead(address) ? 2 : notes.isSlow(address) ? 1 : 0)
  return [...addresses].sort((a, b) => rank(a) - rank(b))
}

/** Made once: an error of its own for each request would cost more than all the rest. */
const ENOUGH = new Error('enough')

class Asking {
  answer: Uint8Array | undefined
  isOver = false
  private readonly errand: Errand
  private readonly means: Means
  private running = 0
  /** Ways by which the answer may come still. */
  private readonly open = new Map<string, Promise<void>>()
  /** Sends the datagram again on the socket that waits for its answer. */
  private readonly sendAgain = new Map<string, () => void>()
  /** Those that are not up yet. */
  private readonly unavailable = new Set<KdcAddress>()
  private readonly asked = { udp: new Set<KdcAddress>(), tcp: new Set<KdcAddress>(), https: new Set<KdcAddress>() }
  /** Those from which a KRB-ERROR came by UDP, and the last one that would be an answer. */
  private readonly refusedBy = new Set<KdcAddress>()
  private refusal: { readonly address: KdcAddress; readonly error: Uint8Array } | undefined
  private wake: () => void = () => {}

  constructor(errand: Errand, means: Means) {
    this.errand = errand
    this.means = means
    errand.ended.addEventListener('abort', this.end, { once: true })
    if (errand.ended.aborted) this.end()
  }

  get hasRefusal(): boolean {
    return this.refusal !== undefined
  }

  readonly end = (): void => {
    this.isOver = true
    this.errand.ended.removeEventListener('abort', this.end)
    if (this.running > 0 && !this.errand.ended.aborted) this.errand.end(ENOUGH)
    this.wake()
  }

  /** Waits for an answer, whoever gives it, or for this KDC to fail, or for so long. */
  async ask(address: KdcAddress, wait: number): Promise<void> {
    const { notes } = this.means
    this.unavailable.delete(address)
    const began = performance.now()
    for (const protocol of this.protocolsFor(address)) {
      if (this.isOver || this.unavailable.has(address)) break
      const patience = protocol === 'tcp' && notes.lacksTcp(address) ? SLOW : wait
      await this.listen(patience, this.openOrStart(protocol, address))
    }
    if (!this.isOver) return this.refusedBy.has(address) ? undefined : notes.noteDead(address)
    if (this.answer === undefined && performance.now() - began >= SLOW) notes.noteSlow(address)
  }

  /** Until there is an answer, `failed` is settled, or the time is over. */
  listen(milliseconds: number, failed?: Promise<void>): Promise<void> {
    if (this.isOver) return Promise.resolve()
    return new Promise((resolve) => {
      const enough = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(enough, milliseconds)
      this.wake = enough
      void failed?.then(enough)
    })
  }

  /** What came by UDP alone, for want of anything better. */
  unconfirmed(): Uint8Array | undefined {
    const { refusal, asked } = this
    if (refusal === undefined) return undefined
    if (asked.tcp.has(refusal.address)) this.means.notes.noteUdp(refusal.address)
    this.errand.onDatagram?.()
    return refusal.error
  }

  /** A way that is open still is waited for; a datagram may be lost, and is sent again. */
  private openOrStart(protocol: Protocol, address: KdcAddress): Promise<void> {
    const name = `${protocol}/${formatKdcAddress(address)}`
    const open = this.open.get(name)
    this.sendAgain.get(name)?.()
    if (open) return open
    const attempt = this.attempt(protocol, address, name)
    this.open.set(name, attempt)
    return attempt
  }

  /** Settled when it has failed, or was refused by UDP, which is listened to all the same. Never rejects. */
  private attempt(protocol: Protocol, address: KdcAddress, name: string): Promise<void> {
    const { attempts } = this.errand
    if (!attempts.some((before) => before.address === name)) attempts.push({ address: name, reason: 'no answer' })
    this.asked[protocol].add(address)
    return new Promise((resolve) => {
      const onRefusal = (error: Uint8Array): void => {
        this.hearRefusal(address, name, error)
        resolve()
      }
      const onSent = (sendAgain: () => void): void => void this.sendAgain.set(name, sendAgain)
      void this.settle(protocol, address, name, { onRefusal, onSent }).then(resolve)
    })
  }

  private async settle(protocol: Protocol, address: KdcAddress, name: string, wait: UdpWait): Promise<void> {
    const { attempts } = this.errand
    try {
      const answer = await this.counted(name, this.exchange(protocol, address, wait))
      if (this.isOver) return
      if (errorCodeIn(answer) !== KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE) return this.take(protocol, address, answer)
      this.unavailable.add(address)
      attempts.push({ address: name, reason: 'KDC_ERR_SVC_UNAVAILABLE' })
    } catch (error) {
      if (!this.isOver) attempts.push({ address: name, reason: reasonOf(error) })
    }
  }

  private async counted(name: string, exchange: Promise<Uint8Array>): Promise<Uint8Array> {
    this.running++
    try {
      return await exchange
    } finally {
      this.running--
      this.open.delete(name)
      this.sendAgain.delete(name)
    }
  }

  private hearRefusal(address: KdcAddress, name: string, error: Uint8Array): void {
    const code = errorCodeIn(error)
    if (this.isOver || code === undefined) return
    this.refusedBy.add(address)
    if (!NO_ANSWER.has(code)) this.refusal = { address, error }
    this.errand.attempts.push({ address: name, reason: krbErrorName(code) })
  }

  private take(protocol: Protocol, address: KdcAddress, answer: Uint8Array): void {
    const { notes } = this.means
    const { asked } = this
    notes.noteAlive(address)
    const bothRefuse = this.refusedBy.has(address) && answer[0] === KRB_ERROR_TAG
    // UDP was of no use then, as where a firewall drops it or somebody forges errors, and would cost time again.
    if (protocol === 'tcp' && asked.udp.has(address) && !bothRefuse) notes.noteTcp(address)
    if (protocol === 'tcp') notes.noteTcpAnswers(address)
    if (protocol === 'udp' && asked.tcp.has(address)) notes.noteUdp(address)
    if (protocol === 'udp') this.errand.onDatagram?.()
    this.answer = answer
    this.end()
  }

  private protocolsFor(address: KdcAddress): readonly Protocol[] {
    const { notes } = this.means
    const { request, prefersTcp } = this.errand
    if (address.protocol) return [address.protocol]
    const isBetterByTcp = prefersTcp || request.length > MAX_UDP_REQUEST || notes.wantsTcp(address)
    return isBetterByTcp && !notes.lacksTcp(address) ? ['tcp', 'udp'] : ['udp', 'tcp']
  }

  private exchange(protocol: Protocol, address: KdcAddress, wait: UdpWait): Promise<Uint8Array> {
    const { realm, request, ended } = this.errand
    if (protocol === 'udp') return this.means.sockets.exchange(address, request, ended, wait)
    if (protocol === 'tcp') return this.means.connections.exchange(address, request, ended)
    return exchangeOverHttps(address, realm, request, ended, this.means.proxyTrust)
  }
}

/** What says nothing of the request, only that somebody else is to be asked. */
const NO_ANSWER: ReadonlySet<number> = new Set([
  KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE,
  KRB_ERROR_CODES.KRB_ERR_RESPONSE_TOO_BIG,
])

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error && error.message !== '' ? error.message : 'failed'
}

/** The ways by which one request goes to the servers that are asked, and the answers that come back by them. */

import { KRB_ERROR_CODES, krbErrorName } from '@s4u/krb5'
import type { Errand } from './kdc-request.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import type { KdcNotes } from './kdc-health.js'
import { exchangeOverHttps } from './https-proxy.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import { type KdcServer, type KdcServers, labelOf } from './kdc-servers.js'
import { errorCodeIn, KRB_ERROR_TAG } from '../errors/krb-error.js'
import { type Protocol, protocolsFor } from './protocol-choice.js'
import type { TcpConnections } from './tcp-exchange.js'
import { traceAnswer, traceNoAnswer, traceSending } from '../events/trace-lines.js'
import type { UdpSockets, UdpWait } from './udp-exchange.js'

export interface Means {
  readonly notes: KdcNotes
  readonly servers: KdcServers
  readonly sockets: UdpSockets
  readonly connections: TcpConnections
  readonly proxyTrust: ProxyTrust | undefined
}

/** When whoever waits goes before that, it is not known to be dead: but the next one, who may go as soon, is to come to another one. */
const SLOW = 250

/** Made once: an error of its own for each request would cost more than all the rest. */
const ENOUGH = new Error('enough')

/** One request on its ways to servers, all of which are listened to until one has answered. */
export class Asking {
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
  /** Somebody is at the other end of a way that failed all the same. */
  private isAnybodyThere = false
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

  /** Whether nobody is at the other end of any way: each failed at once, and will again. */
  get isHopeless(): boolean {
    return !this.isAnybodyThere && this.open.size === 0 && this.refusedBy.size === 0
  }

  readonly end = (): void => {
    this.isOver = true
    this.errand.ended.removeEventListener('abort', this.end)
    if (this.running > 0 && !this.errand.ended.aborted) this.errand.end(ENOUGH)
    this.wake()
  }

  /** Waits for an answer, whoever gives it, or for this KDC to fail, or for so long. */
  async ask(address: KdcServer, wait: number): Promise<void> {
    const { notes } = this.means
    this.unavailable.delete(address)
    const began = performance.now()
    for (const protocol of protocolsFor(address, this.errand, notes)) {
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
  private openOrStart(protocol: Protocol, address: KdcServer): Promise<void> {
    const name = `${protocol}/${formatKdcAddress(address)}`
    const open = this.open.get(name)
    this.sendAgain.get(name)?.()
    if (open) return open
    const attempt = this.attempt(protocol, address, name)
    this.open.set(name, attempt)
    return attempt
  }

  /** Settled when it has failed, or was refused by UDP, which is listened to all the same. Never rejects. */
  private attempt(protocol: Protocol, address: KdcServer, name: string): Promise<void> {
    const { attempts } = this.errand
    const label = `${protocol}/${labelOf(address)}`
    if (!attempts.some((before) => before.address === label)) attempts.push({ address: label, reason: 'no answer' })
    this.asked[protocol].add(address)
    return new Promise((resolve) => {
      const onRefusal = (error: Uint8Array): void => {
        this.hearRefusal(address, label, error)
        resolve()
      }
      const onSent = (sendAgain: () => void): void => void this.sendAgain.set(name, sendAgain)
      const exchange = this.counted(name, this.exchange(protocol, address, { onRefusal, onSent }))
      void this.settle(protocol, address, label, exchange).then(resolve)
    })
  }

  private async settle(
    protocol: Protocol,
    address: KdcServer,
    label: string,
    exchange: Promise<Uint8Array>,
  ): Promise<void> {
    const { attempts } = this.errand
    traceSending(protocol, address)
    try {
      const answer = await exchange
      traceAnswer(protocol, address, answer)
      if (this.isOver) return
      if (errorCodeIn(answer) !== KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE) return this.take(protocol, address, answer)
      this.isAnybodyThere = true
      this.unavailable.add(address)
      attempts.push({ address: label, reason: 'KDC_ERR_SVC_UNAVAILABLE' })
    } catch (error) {
      this.isAnybodyThere ||= isPassing(error)
      if (this.isOver) return
      traceNoAnswer(protocol, address, reasonOf(error))
      attempts.push({ address: label, reason: reasonOf(error) })
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

  private hearRefusal(address: KdcServer, label: string, error: Uint8Array): void {
    const code = errorCodeIn(error)
    if (this.isOver || code === undefined) return
    this.refusedBy.add(address)
    if (!NO_ANSWER.has(code)) this.refusal = { address, error }
    this.errand.attempts.push({ address: label, reason: krbErrorName(code) })
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

  private exchange(protocol: Protocol, address: KdcServer, wait: UdpWait): Promise<Uint8Array> {
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

/** What may be otherwise the next time: somebody is there, and has closed, or not understood, or could not go on. */
function isPassing(error: unknown): boolean {
  return !(error instanceof Error && 'code' in error) || CLOSED.has(String(error.code))
}

const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error && error.message !== '' ? error.message : 'failed'
}

/** Sends one request to several KDCs, by several protocols, and takes the first answer. */

import { KRB_ERROR_CODES, krbErrorName } from '@s4u/krb5'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { errorCodeIn, KRB_ERROR_TAG } from '../errors/krb-error.js'
import { traceAnswer, traceNoAnswer, traceSending } from '../events/trace-lines.js'
import { exchangeOverHttps } from './https-proxy.js'
import type { KdcHealth } from './kdc-health.js'
import type { KdcRequest } from './kdc-request.js'
import { type KdcServer, type KdcServers, labelOf } from './kdc-servers.js'
import { type Protocol, protocolsFor } from './protocol-choice.js'
import type { TcpConnections } from './tcp-exchange.js'
import type { UdpSockets, UdpWait } from './udp-exchange.js'

/** The sockets, and what is remembered of KDCs: shared by all requests. */
export interface Transports {
  readonly health: KdcHealth
  readonly servers: KdcServers
  readonly sockets: UdpSockets
  readonly connections: TcpConnections
  readonly proxyTrust: ProxyTrust | undefined
}

/**
 * How long a KDC may be silent before it counts as slow, in milliseconds. If the caller gives up
 * after this time, the next request goes to another KDC first, because its caller may not have more
 * time.
 */
const SLOW = 250

/** One error for all requests: making one for each would cost more than the rest of the race. */
const ANSWERED = new Error('another exchange brought the answer')

/** One request on its way to several KDCs. All of them are listened to until one has answered. */
export class KdcRace {
  answer: Uint8Array | undefined
  isOver = false
  readonly #kdcRequest: KdcRequest
  readonly #transports: Transports
  #running = 0
  /** Exchanges that may still bring the answer, by protocol and address. */
  readonly #pending = new Map<string, Promise<void>>()
  /** Sends the datagram again, on the socket that waits for its answer. */
  readonly #sendAgain = new Map<string, () => void>()
  /** KDCs that answered that they are not up yet. */
  readonly #unavailable = new Set<KdcAddress>()
  readonly #asked = { udp: new Set<KdcAddress>(), tcp: new Set<KdcAddress>(), https: new Set<KdcAddress>() }
  /** KDCs from which a KRB-ERROR came by UDP, and the last such error that could be an answer. */
  readonly #refusedBy = new Set<KdcAddress>()
  #refusal: { readonly address: KdcAddress; readonly error: Uint8Array } | undefined
  /** An exchange failed, but a server is there. */
  #hasServer = false
  #wake: () => void = () => {}

  constructor(kdcRequest: KdcRequest, transports: Transports) {
    this.#kdcRequest = kdcRequest
    this.#transports = transports
    kdcRequest.ended.addEventListener('abort', this.end, { once: true })
    if (kdcRequest.ended.aborted) this.end()
  }

  get hasRefusal(): boolean {
    return this.#refusal !== undefined
  }

  /** No server is there: each exchange failed at once, and would fail again. */
  get isHopeless(): boolean {
    return !this.#hasServer && this.#pending.size === 0 && this.#refusedBy.size === 0
  }

  readonly end = (): void => {
    this.isOver = true
    this.#kdcRequest.ended.removeEventListener('abort', this.end)
    if (this.#running > 0 && !this.#kdcRequest.ended.aborted) this.#kdcRequest.end(ANSWERED)
    this.#wake()
  }

  /**
   * Asks a KDC, by UDP and TCP if it must. Resolves on an answer of any KDC, on the failure of this
   * one, or after `wait` milliseconds by each protocol.
   */
  async ask(address: KdcServer, wait: number): Promise<void> {
    const { health } = this.#transports
    this.#unavailable.delete(address)
    const began = performance.now()
    for (const protocol of protocolsFor(address, this.#kdcRequest, health)) {
      if (this.isOver || this.#unavailable.has(address)) break
      const patience = protocol === 'tcp' && health.lacksTcp(address) ? SLOW : wait
      await this.waitForAnswer(patience, this.#pendingOrStart(protocol, address))
    }
    if (!this.isOver) return this.#refusedBy.has(address) ? undefined : health.noteDead(address)
    if (this.answer === undefined && performance.now() - began >= SLOW) health.noteSlow(address)
  }

  /** Resolves on an answer, when `failed` is settled, or when the time is over. */
  waitForAnswer(milliseconds: number, failed?: Promise<void>): Promise<void> {
    if (this.isOver) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(wake, milliseconds)
      this.#wake = wake
      void failed?.then(wake)
    })
  }

  /** Returns the KRB-ERROR that came by UDP only, which is used when no other answer came. */
  unconfirmed(): Uint8Array | undefined {
    const refusal = this.#refusal
    const asked = this.#asked
    if (refusal === undefined) return undefined
    if (asked.tcp.has(refusal.address)) this.#transports.health.noteUdp(refusal.address)
    this.#kdcRequest.onDatagram?.()
    return refusal.error
  }

  /**
   * Starts an exchange. If it is running already, a datagram is sent again: it may have been lost.
   */
  #pendingOrStart(protocol: Protocol, address: KdcServer): Promise<void> {
    const name = `${protocol}/${formatKdcAddress(address)}`
    const pending = this.#pending.get(name)
    this.#sendAgain.get(name)?.()
    if (pending) return pending
    const attempt = this.#attempt(protocol, address, name)
    this.#pending.set(name, attempt)
    return attempt
  }

  /**
   * Resolves when the exchange has failed, or when a KRB-ERROR came by UDP. In the second case the
   * socket stays open for a real answer. Never rejects.
   */
  #attempt(protocol: Protocol, address: KdcServer, name: string): Promise<void> {
    const { attempts } = this.#kdcRequest
    const label = `${protocol}/${labelOf(address)}`
    if (!attempts.some((before) => before.address === label)) attempts.push({ address: label, reason: 'no answer' })
    this.#asked[protocol].add(address)
    return new Promise((resolve) => {
      const onRefusal = (error: Uint8Array): void => {
        this.#noteRefusal(address, label, error)
        resolve()
      }
      const onSent = (sendAgain: () => void): void => void this.#sendAgain.set(name, sendAgain)
      const exchange = this.#counted(name, this.#exchange(protocol, address, { onRefusal, onSent }))
      void this.#settle(protocol, address, label, exchange).then(resolve)
    })
  }

  async #settle(protocol: Protocol, address: KdcServer, label: string, exchange: Promise<Uint8Array>): Promise<void> {
    const { attempts } = this.#kdcRequest
    traceSending(protocol, address)
    try {
      const answer = await exchange
      traceAnswer(protocol, address, answer)
      if (this.isOver) return
      if (errorCodeIn(answer) !== KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE)
        return this.#accept(protocol, address, answer)
      this.#hasServer = true
      this.#unavailable.add(address)
      attempts.push({ address: label, reason: 'KDC_ERR_SVC_UNAVAILABLE' })
    } catch (error) {
      this.#hasServer ||= isPassing(error)
      if (this.isOver) return
      traceNoAnswer(protocol, address, reasonOf(error))
      attempts.push({ address: label, reason: reasonOf(error) })
    }
  }

  /** Keeps count of the running exchanges, and forgets this one when it ends. */
  async #counted(name: string, exchange: Promise<Uint8Array>): Promise<Uint8Array> {
    this.#running++
    try {
      return await exchange
    } finally {
      this.#running--
      this.#pending.delete(name)
      this.#sendAgain.delete(name)
    }
  }

  #noteRefusal(address: KdcServer, label: string, error: Uint8Array): void {
    const code = errorCodeIn(error)
    if (this.isOver || code === undefined) return
    this.#refusedBy.add(address)
    if (!NO_ANSWER.has(code)) this.#refusal = { address, error }
    this.#kdcRequest.attempts.push({ address: label, reason: krbErrorName(code) })
  }

  #accept(protocol: Protocol, address: KdcAddress, answer: Uint8Array): void {
    const { health } = this.#transports
    const asked = this.#asked
    health.noteAlive(address)
    const bothRefuse = this.#refusedBy.has(address) && answer[0] === KRB_ERROR_TAG
    // UDP brought no answer: a firewall drops it, or an attacker forges errors. The next request
    // goes by TCP first, to save that time.
    if (protocol === 'tcp' && asked.udp.has(address) && !bothRefuse) health.noteTcp(address)
    if (protocol === 'tcp') health.noteTcpAnswers(address)
    if (protocol === 'udp' && asked.tcp.has(address)) health.noteUdp(address)
    if (protocol === 'udp') this.#kdcRequest.onDatagram?.()
    this.answer = answer
    this.end()
  }

  #exchange(protocol: Protocol, address: KdcServer, wait: UdpWait): Promise<Uint8Array> {
    const { realm, request, ended } = this.#kdcRequest
    const { sockets, connections, proxyTrust } = this.#transports
    if (protocol === 'udp') return sockets.exchange(address, request, ended, wait)
    if (protocol === 'tcp') return connections.exchange(address, request, ended)
    return exchangeOverHttps(address, realm, request, ended, proxyTrust)
  }
}

/** Errors that say nothing about the request, only that another KDC should be asked. */
const NO_ANSWER: ReadonlySet<number> = new Set([
  KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE,
  KRB_ERROR_CODES.KRB_ERR_RESPONSE_TOO_BIG,
])

/**
 * Returns whether a server exists, but closed the connection or sent something else than an
 * answer. The next try may succeed.
 */
function isPassing(error: unknown): boolean {
  return !(error instanceof Error && 'code' in error) || CLOSED.has(String(error.code))
}

const CLOSED: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error && error.message !== '' ? error.message : 'failed'
}

/** One request, and the KDCs of its realm, until one of them answers. */

import { decode, KRB_ERROR_CODES, KrbError } from '@s4u/krb5'
import type { FailedAttempt } from './errors.js'
import { formatKdcAddress, type KdcAddress } from './kdc-address.js'
import type { KdcNotes } from './kdc-notes.js'
import { exchangeOverHttps, type ProxyTrust } from './kdc-proxy.js'
import { KRB_ERROR_TAG } from './krb-error-tag.js'
import type { TcpConnections } from './tcp-exchange.js'
import type { UdpSockets } from './udp-exchange.js'

export interface Errand {
  readonly realm: string
  readonly request: Uint8Array
  readonly ended: AbortSignal
  /** Aborts that signal: there is an answer, and nobody listens to the others any more. */
  readonly end: (reason: Error) => void
  /** What went wrong so far, for the error. */
  readonly attempts: FailedAttempt[]
}

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

/** When every address refuses at once, asking again at once is a storm, not patience. */
const BETWEEN_ROUNDS = FIRST_WAIT / 4

/** Larger requests go by TCP at once: fragments get lost, and firewalls drop them. The figure is MIT's udp_preference_limit. */
const MAX_UDP_REQUEST = 1_465

/**
 * Asks each KDC, those that answered lately first, and all of them again, until one answers; undefined when the time is over. Going on to
 * the next does not mean that the one before is not listened to any more: a KDC may only be slow. MIT does the same.
 */
export async function askInTurn(
  addresses: readonly KdcAddress[],
  errand: Errand,
  means: Means,
): Promise<Uint8Array | undefined> {
  const asking = new Asking(errand, means)
  try {
    for (let wait = FIRST_WAIT; !asking.isOver; wait *= 2) {
      for (const address of inOrder(addresses, means.notes)) await asking.ask(address, wait)
      await asking.listen(BETWEEN_ROUNDS)
    }
    return asking.answer
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
  /** Connections that may bring the answer still. */
  private readonly open = new Map<string, Promise<void>>()
  /** Those that are not up yet. */
  private readonly unavailable = new Set<KdcAddress>()
  private readonly askedByUdp = new Set<KdcAddress>()
  private wake: () => void = () => {}

  constructor(errand: Errand, means: Means) {
    this.errand = errand
    this.means = means
    errand.ended.addEventListener('abort', this.end, { once: true })
    if (errand.ended.aborted) this.end()
  }

  readonly end = (): void => {
    this.isOver = true
    this.errand.ended.removeEventListener('abort', this.end)
    if (this.running > 0 && !this.errand.ended.aborted) this.errand.end(ENOUGH)
    this.wake()
  }

  /** Waits for an answer, whoever gives it, or for this KDC to fail, or for so long. */
  async ask(address: KdcAddress, wait: number): Promise<void> {
    this.unavailable.delete(address)
    const began = performance.now()
    for (const protocol of this.protocolsFor(address)) {
      if (this.isOver || this.unavailable.has(address)) break
      await this.listen(wait, this.openOrStart(protocol, address))
    }
    if (!this.isOver) this.means.notes.noteDead(address)
    else if (this.answer === undefined && performance.now() - began >= SLOW) this.means.notes.noteSlow(address)
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

  /** A connection that is open still is waited for; a datagram may be lost, and is sent again. */
  private openOrStart(protocol: Protocol, address: KdcAddress): Promise<void> {
    const name = `${protocol}/${formatKdcAddress(address)}`
    const open = this.open.get(name)
    if (open) return open
    const attempt = this.attempt(protocol, address, name)
    if (protocol !== 'udp') this.open.set(name, attempt)
    return attempt
  }

  /** Never rejects. */
  private async attempt(protocol: Protocol, address: KdcAddress, name: string): Promise<void> {
    const { attempts } = this.errand
    if (!attempts.some((before) => before.address === name)) attempts.push({ address: name, reason: 'no answer' })
    if (protocol === 'udp') this.askedByUdp.add(address)
    try {
      const answer = await this.counted(name, this.exchange(protocol, address))
      if (this.isOver) return
      const reason = this.judge(protocol, address, answer)
      if (reason === undefined) return this.take(protocol, address, answer)
      attempts.push({ address: name, reason })
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
    }
  }

  /** Why this answer is none; undefined for one that is. */
  private judge(protocol: Protocol, address: KdcAddress, answer: Uint8Array): string | undefined {
    const code = errorCodeIn(answer)
    if (code === KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE) {
      this.unavailable.add(address)
      return 'KDC_ERR_SVC_UNAVAILABLE'
    }
    if (protocol !== 'udp' || code !== KRB_ERROR_CODES.KRB_ERR_RESPONSE_TOO_BIG) return undefined
    this.means.notes.noteTcp(address)
    return 'the answer is too big for UDP'
  }

  private take(protocol: Protocol, address: KdcAddress, answer: Uint8Array): void {
    const { notes } = this.means
    notes.noteAlive(address)
    // UDP was of no use then, as where a firewall drops it, and would cost a second each time.
    if (protocol === 'tcp' && this.askedByUdp.has(address)) notes.noteTcp(address)
    this.answer = answer
    this.end()
  }

  private protocolsFor(address: KdcAddress): readonly Protocol[] {
    if (address.protocol) return [address.protocol]
    const tcpOnly = this.errand.request.length > MAX_UDP_REQUEST || this.means.notes.wantsTcp(address)
    return tcpOnly ? ['tcp'] : ['udp', 'tcp']
  }

  private exchange(protocol: Protocol, address: KdcAddress): Promise<Uint8Array> {
    const { realm, request, ended } = this.errand
    if (protocol === 'udp') return this.means.sockets.exchange(address, request, ended)
    if (protocol === 'tcp') return this.means.connections.exchange(address, request, ended)
    return exchangeOverHttps(address, realm, request, ended, this.means.proxyTrust)
  }
}

/** What the KDC refuses with; undefined for a reply, and for what cannot be read. */
function errorCodeIn(answer: Uint8Array): number | undefined {
  if (answer[0] !== KRB_ERROR_TAG) return undefined
  try {
    return decode(KrbError, answer).errorCode
  } catch {
    return undefined
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error && error.message !== '' ? error.message : 'failed'
}

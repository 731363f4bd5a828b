import { decode, KRB_ERROR_CODES, KrbError } from '@s4u/krb5'
import { type FailedAttempt, KdcUnreachableError } from './errors.js'
import { formatKdcAddress, type KdcAddress } from './kdc-address.js'
import { exchangeOverHttps, type ProxyTrust } from './kdc-proxy.js'
import { TcpConnections } from './tcp-exchange.js'
import { abortable, pause, withTimeLimit } from './time-limit.js'
import { Turnstile } from './turnstile.js'
import { exchangeOverUdp } from './udp-exchange.js'

/** Carries one request to some KDC of a realm and returns its answer, whatever that says. */
export type KdcTransport = (request: Uint8Array, context: TransportContext) => Promise<Uint8Array>

export interface TransportContext {
  readonly realm: string
  readonly signal?: AbortSignal
}

export interface NetworkOptions {
  /** The KDCs of a realm, best first. */
  readonly locate: (realm: string, signal?: AbortSignal) => Promise<readonly KdcAddress[]>
  /** For one exchange, failover included; milliseconds. */
  readonly timeLimit?: number
  readonly now?: () => number
  /** Who may vouch for an HTTPS proxy. */
  readonly proxyTrust?: ProxyTrust
}

/** A user is waiting at the other end: longer than this, and the page is given up anyway. MIT waits 30 s, browsers less. */
const DEFAULT_TIME_LIMIT = 10_000

/** One lost datagram costs a second, as with MIT and Windows; after all KDCs were asked once, patience doubles. */
const FIRST_WAIT = 1_000

/** Larger requests go by TCP at once: fragments get lost, and firewalls drop them. The figure is MIT's udp_preference_limit. */
const MAX_UDP_REQUEST = 1_465

/** How long a KDC that did not answer is asked last. */
const DEAD_FOR = 60_000

/** How long a KDC whose answers did not fit into datagrams is asked by TCP at once. */
const TOO_BIG_FOR = 300_000

/**
 * Requests on the way at one time. A KDC answers one after the other anyway, and thousands of sockets at once lose datagrams and
 * connections; MIT's KDC takes thirty.
 */
const MAX_IN_FLIGHT = 16

/**
 * Talks to KDCs by UDP, and by TCP where the request or the answer is too big. Asks one after another until one answers or the time
 * is over; those that did not answer lately are asked last. Source: RFC 4120 section 7.2.
 */
export function networkTransport(options: NetworkOptions): KdcTransport {
  const { locate, timeLimit = DEFAULT_TIME_LIMIT, now = Date.now, proxyTrust } = options
  const line = new KdcLine(now, proxyTrust)
  return async (request, { realm, signal }) => {
    const attempts: FailedAttempt[] = []
    try {
      return await withTimeLimit(timeLimit, signal, async (ended) => {
        const addresses = await abortable(locate(realm, ended), ended)
        return line.ask(addresses, { realm, request, ended, attempts })
      })
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof NoAnswer) && !isTimeout(error)) throw error
      throw new KdcUnreachableError(realm, lastOfEach(attempts))
    }
  }
}

interface Errand {
  readonly realm: string
  readonly request: Uint8Array
  readonly ended: AbortSignal
  /** What went wrong so far, for the error. */
  readonly attempts: FailedAttempt[]
}

/** Nobody is left to ask. */
class NoAnswer extends Error {}

/** The way to the KDCs, with what is known of them. */
class KdcLine {
  private readonly deadUntil = new Map<string, number>()
  private readonly tooBigUntil = new Map<string, number>()
  private readonly connections = new TcpConnections()
  private readonly turnstile = new Turnstile(MAX_IN_FLIGHT)
  private readonly now: () => number
  private readonly proxyTrust: ProxyTrust | undefined

  constructor(now: () => number, proxyTrust: ProxyTrust | undefined) {
    this.now = now
    this.proxyTrust = proxyTrust
  }

  async ask(addresses: readonly KdcAddress[], errand: Errand): Promise<Uint8Array> {
    const { ended } = errand
    for (let wait = FIRST_WAIT; addresses.length > 0 && !ended.aborted; wait *= 2) {
      const answer = await this.turnstile.pass(() => this.round(addresses, errand, wait), ended)
      if (answer !== undefined) return answer
      // When every address refuses at once, asking again at once is a storm, not patience.
      if (!ended.aborted) await pause(FIRST_WAIT / 4, ended)
    }
    throw new NoAnswer()
  }

  /** Each KDC once, those that answered lately first. */
  private async round(addresses: readonly KdcAddress[], errand: Errand, wait: number): Promise<Uint8Array | undefined> {
    const dead = (address: KdcAddress): number => (this.isNoted(this.deadUntil, address) ? 1 : 0)
    for (const address of [...addresses].sort((a, b) => dead(a) - dead(b))) {
      const answer = await this.askOne(address, errand, wait)
      if (answer !== undefined) {
        this.deadUntil.delete(formatKdcAddress(address))
        return answer
      }
      if (errand.ended.aborted) return undefined
      this.deadUntil.set(formatKdcAddress(address), this.now() + DEAD_FOR)
    }
    return undefined
  }

  private async askOne(address: KdcAddress, errand: Errand, wait: number): Promise<Uint8Array | undefined> {
    for (const protocol of this.protocolsFor(address, errand.request)) {
      const attempted = `${protocol}/${formatKdcAddress(address)}`
      if (errand.ended.aborted) return undefined
      try {
        const answer = await withTimeLimit(wait, errand.ended, (signal) =>
          this.exchange(protocol, address, errand, signal),
        )
        const error = errorCodeIn(answer)
        if (error === KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE) {
          errand.attempts.push({ address: attempted, reason: 'KDC_ERR_SVC_UNAVAILABLE' })
          return undefined
        }
        if (protocol !== 'udp' || error !== KRB_ERROR_CODES.KRB_ERR_RESPONSE_TOO_BIG) return answer
        this.tooBigUntil.set(formatKdcAddress(address), this.now() + TOO_BIG_FOR)
        errand.attempts.push({ address: attempted, reason: 'the answer is too big for UDP' })
      } catch (error) {
        errand.attempts.push({ address: attempted, reason: reasonOf(error) })
      }
    }
    return undefined
  }

  private protocolsFor(address: KdcAddress, request: Uint8Array): readonly ('udp' | 'tcp' | 'https')[] {
    if (address.protocol) return [address.protocol]
    const tcpOnly = request.length > MAX_UDP_REQUEST || this.isNoted(this.tooBigUntil, address)
    return tcpOnly ? ['tcp'] : ['udp', 'tcp']
  }

  private exchange(
    protocol: 'udp' | 'tcp' | 'https',
    address: KdcAddress,
    { realm, request }: Errand,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    if (protocol === 'udp') return exchangeOverUdp(address, request, signal)
    if (protocol === 'tcp') return this.connections.exchange(address, request, signal)
    return exchangeOverHttps(address, realm, request, signal, this.proxyTrust)
  }

  private isNoted(until: ReadonlyMap<string, number>, address: KdcAddress): boolean {
    return (until.get(formatKdcAddress(address)) ?? 0) > this.now()
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

/** First octet of a KRB-ERROR: [APPLICATION 30]. */
const KRB_ERROR_TAG = 0x7e

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error && error.message !== '' ? error.message : 'failed'
}

function lastOfEach(attempts: readonly FailedAttempt[]): FailedAttempt[] {
  return [...new Map(attempts.map((attempt) => [attempt.address, attempt])).values()]
}

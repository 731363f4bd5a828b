import { type FailedAttempt, KdcUnreachableError } from './errors.js'
import { formatKdcAddress, type KdcAddress } from './kdc-address.js'
import { KdcLines, NoAnswer } from './kdc-lines.js'
import type { ProxyTrust } from './kdc-proxy.js'
import { abortable, withTimeLimit } from './time-limit.js'

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

/**
 * Talks to KDCs by UDP, and by TCP where the request or the answer is too big. Asks one after another until one answers or the time
 * is over; those that did not answer lately are asked last. Source: RFC 4120 section 7.2.
 */
export function networkTransport(options: NetworkOptions): KdcTransport {
  const { locate, timeLimit = DEFAULT_TIME_LIMIT, now = Date.now, proxyTrust } = options
  const lines = new KdcLines(now, proxyTrust)
  return async (request, { realm, signal }) => {
    const attempts: FailedAttempt[] = []
    let addresses: readonly KdcAddress[] = []
    try {
      return await withTimeLimit(timeLimit, signal, async (ended, end) => {
        addresses = await abortable(locate(realm, ended), ended)
        return lines.ask(addresses, { realm, request, ended, end, attempts })
      })
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof NoAnswer) && !isTimeout(error)) throw error
      throw new KdcUnreachableError(realm, attempts.length > 0 ? lastOfEach(attempts) : addresses.map(notAsked))
    }
  }
}

function notAsked(address: KdcAddress): FailedAttempt {
  return { address: formatKdcAddress(address), reason: 'not asked: the time was over in the queue of requests' }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError'
}

function lastOfEach(attempts: readonly FailedAttempt[]): FailedAttempt[] {
  return [...new Map(attempts.map((attempt) => [attempt.address, attempt])).values()]
}

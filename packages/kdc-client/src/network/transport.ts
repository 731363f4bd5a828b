import { ConfigurationError, printableName } from '@s4u/krb5'
import type { ConfiguredManner, Manner } from '../configuration/exchange-settings.js'
import { type FailedAttempt, KdcUnreachableError } from '../errors/kdc-errors.js'
import { FIRST_WAIT } from './failover.js'
import type { QueuePlace } from '../async/fair-queue.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { KdcLines, NoAnswer } from './realm-queues.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import type { HostLookup } from './kdc-servers.js'
import { UDP_PREFERENCE_LIMIT } from './protocol-choice.js'
import { abortable, withTimeLimit } from '../async/time-limit.js'

/** Carries one request to some KDC of a realm and returns its answer, whatever that says. */
export type KdcTransport = (request: Uint8Array, context: TransportContext) => Promise<Uint8Array>

export interface TransportContext {
  readonly realm: string
  /** Aborts when the time is over, or nobody waits for the answer any more. */
  readonly signal?: AbortSignal
  /**
   * The answer is likely to be an error that has consequences, as at sign-in. Nobody signs a KRB-ERROR: where there is a way on which
   * not everybody can write one, such as TCP, that one is to be gone first.
   */
  readonly prefersTcp?: boolean
  /** Whose request it is, for a queue that is fair between users. */
  readonly place?: QueuePlace
  /**
   * To be called before an answer is given that came in a datagram, which anybody can have written. A reply that does not open is asked
   * for again then, with `prefersTcp`; an error is told to whoever asked, and nothing is remembered of it.
   */
  readonly onDatagram?: () => void
}

/** Sockets and all that is known of KDCs. */
export interface NetworkTransport extends KdcTransport {
  /** Closes the sockets that are open and idle. Whoever asks later opens others. */
  close(): void
}

export interface NetworkOptions {
  /** The KDCs of a realm, best first. */
  readonly locate: (realm: string, signal?: AbortSignal) => Promise<readonly KdcAddress[]>
  /** For one exchange, failover included; milliseconds. */
  readonly timeLimit?: number
  readonly now?: () => number
  /** Who may vouch for an HTTPS proxy. */
  readonly proxyTrust?: (realm: string) => ProxyTrust | undefined
  /** What answers instead of the system's resolver. */
  readonly lookup?: HostLookup
  /** What krb5.conf says of how KDCs are asked, now. */
  readonly manner?: () => ConfiguredManner
  /** For hints: a realm as krb5.conf spells it, where that is in other letter case alone. */
  readonly otherSpelling?: (realm: string) => string | undefined
}

/** A user is waiting at the other end: longer than this, and the page is given up anyway. MIT waits 30 s, browsers less. */
export const DEFAULT_TIME_LIMIT = 10_000

/** All are asked again and again, until the time is over. */
const USUAL: Manner = { udpPreferenceLimit: UDP_PREFERENCE_LIMIT, firstWait: FIRST_WAIT, rounds: Infinity }

/**
 * Talks to KDCs by UDP, and by TCP where the request or the answer is too big. Asks one after another until one answers or the time
 * is over; those that did not answer lately are asked last. Source: RFC 4120 section 7.2.
 */
export function networkTransport(options: NetworkOptions): NetworkTransport {
  const { locate, now = Date.now, proxyTrust, lookup, manner } = options
  const lines = new KdcLines(now, proxyTrust, lookup)
  const transport: KdcTransport = async (request, { realm, signal, prefersTcp = false, place, onDatagram }) => {
    const attempts: FailedAttempt[] = []
    const { timeLimit: configured, ...said } = manner?.() ?? {}
    const timeLimit = options.timeLimit ?? configured ?? DEFAULT_TIME_LIMIT
    const until = performance.now() + timeLimit
    const about = {
      realm,
      request,
      attempts,
      prefersTcp,
      place,
      onDatagram,
      until,
      manner: { ...USUAL, ...said },
    }
    let addresses: readonly KdcAddress[] = []
    try {
      return await withTimeLimit(timeLimit, signal, async (ended, end) => {
        addresses = await abortable(locate(realm, ended), ended)
        return lines.ask(addresses, { ...about, ended, end })
      })
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof NoAnswer) && !isTimeout(error)) throw error
      const tried = attempts.length > 0 ? lastOfEach(attempts) : addresses.map(notAsked)
      throw new KdcUnreachableError(realm, tried, tried.length > 0 ? {} : spelling(realm, options))
    }
  }
  return Object.assign(transport, { close: () => lines.close() })
}

/**
 * A transport of the caller's own, within the time limit: it is told by the signal, and not waited for when it does not heed it. What it
 * brings after that is dropped.
 */
export function limitedTransport(kdc: KdcTransport, timeLimit = DEFAULT_TIME_LIMIT): KdcTransport {
  return async (request, { signal, ...context }) => {
    let isOver = (): boolean => false
    try {
      return await withTimeLimit(timeLimit, signal, async (ended) => {
        isOver = () => ended.aborted
        return octetsOf(await abortable(Promise.resolve(kdc(request, { ...context, signal: ended })), ended))
      })
    } catch (error) {
      signal?.throwIfAborted()
      if (!isOver()) throw error
      const attempt = { address: 'the kdc function', reason: `no answer within ${timeLimit} ms` }
      const hint = 'Look at what the function in the kdc option does: its signal tells it when the time is over.'
      throw new KdcUnreachableError(context.realm, [attempt], { hint })
    }
  }
}

function octetsOf(answer: unknown): Uint8Array {
  if (answer instanceof Uint8Array) return answer
  throw new ConfigurationError(`the kdc function resolved to ${typeof answer}, not to the octets of an answer`, {
    hint: 'It is to send the request to a KDC and to resolve to what that answers, a Uint8Array.',
  })
}

/** Realms are case-sensitive, and people write domains. */
function spelling(realm: string, { otherSpelling }: NetworkOptions): { readonly hint?: string } {
  const other = otherSpelling?.(realm)
  if (other === undefined) return {}
  return {
    hint: `Realms are case-sensitive, and krb5.conf has [realms] ${other}: write ${other} in place of ${printableName(realm)}.`,
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

import { ConfigurationError, printableName } from '@s4u/krb5'
import type { ConfiguredNetwork, NetworkSettings } from '../configuration/network-settings.js'
import { type FailedAttempt, KdcUnreachableError } from '../errors/kdc-errors.js'
import { FIRST_WAIT } from './failover.js'
import type { QueuePlace } from '../async/fair-queue.js'
import { formatKdcAddress, type KdcAddress } from '../configuration/kdc-address.js'
import { RealmQueues, NoAnswer } from './realm-queues.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import type { HostLookup } from './kdc-servers.js'
import { UDP_PREFERENCE_LIMIT } from './protocol-choice.js'
import { unlessAborted, withTimeLimit } from '../async/time-limit.js'

/**
 * Sends one request to a KDC of a realm and resolves to its answer, a reply or an error. A function
 * of this type can be given as the option `kdc`.
 *
 * @example
 * ```ts
 * import type { KdcTransport } from '@s4u/kdc-client'
 *
 * // Prints how long each answer takes.
 * export const timed = (kdc: KdcTransport): KdcTransport => async (request, context) => {
 *   const began = performance.now()
 *   try {
 *     return await kdc(request, context)
 *   } finally {
 *     console.log(context.realm, performance.now() - began)
 *   }
 * }
 * ```
 */
export type KdcTransport = (request: Uint8Array, context: TransportContext) => Promise<Uint8Array>

/** What a transport knows of a request beside its octets. */
export interface TransportContext {
  readonly realm: string
  /** Aborts when the time is over, or when no caller waits for the answer any more. */
  readonly signal?: AbortSignal
  /**
   * The answer is probably an error that has consequences, as at sign-in. Nothing authenticates a
   * KRB-ERROR, so try a protocol first on which not everybody can forge one, such as TCP. Default:
   * no.
   */
  readonly prefersTcp?: boolean
  /** The user whose request it is, for a queue that is fair between users. */
  readonly place?: QueuePlace
  /**
   * Call it before you return an answer that came in a datagram, which anybody can have forged. The
   * client then asks again, with `prefersTcp`, if the reply cannot be decrypted; and it does not
   * remember an error.
   */
  readonly onDatagram?: () => void
}

/** A transport that owns sockets. */
export interface NetworkTransport extends KdcTransport {
  /** Closes the sockets that are open and idle. A later request opens others. */
  close(): void
}

export interface NetworkOptions {
  /** Finds the KDCs of a realm, best first. */
  readonly locate: (realm: string, signal?: AbortSignal) => Promise<readonly KdcAddress[]>
  /** The limit of one exchange, failover included; milliseconds. */
  readonly timeLimit?: number
  readonly now?: () => number
  /** The certificate authorities that may vouch for an HTTPS proxy. */
  readonly proxyTrust?: (realm: string) => ProxyTrust | undefined
  /** Resolves host names, in place of the system's resolver. */
  readonly lookup?: HostLookup
  /** Reads what krb5.conf says now about how KDCs are asked. */
  readonly settings?: () => ConfiguredNetwork
  /** For hints: returns a realm of krb5.conf that differs in letter case only. */
  readonly otherSpelling?: (realm: string) => string | undefined
}

/**
 * The default limit of one exchange; milliseconds. A user waits for a page: MIT's library waits 30
 * seconds, but users of browsers give up earlier.
 */
export const DEFAULT_TIME_LIMIT = 10_000

/** By default, rounds go on until the time is over. */
const USUAL: NetworkSettings = { udpPreferenceLimit: UDP_PREFERENCE_LIMIT, firstWait: FIRST_WAIT, rounds: Infinity }

/**
 * Returns a transport that asks KDCs over the network: by UDP, by TCP if the request or the answer
 * is too large, or through an HTTPS proxy. It asks one KDC after another until one answers or the
 * time is over. Source: RFC 4120 section 7.2.
 */
export function networkTransport(options: NetworkOptions): NetworkTransport {
  const { locate, now = Date.now, proxyTrust, lookup, settings } = options
  const queues = new RealmQueues(now, proxyTrust, lookup)
  const transport: KdcTransport = async (request, { realm, signal, prefersTcp = false, place, onDatagram }) => {
    const attempts: FailedAttempt[] = []
    const { timeLimit: configured, ...said } = settings?.() ?? {}
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
      settings: { ...USUAL, ...said },
    }
    let addresses: readonly KdcAddress[] = []
    try {
      return await withTimeLimit(timeLimit, signal, async (ended, end) => {
        addresses = await unlessAborted(locate(realm, ended), ended)
        return queues.ask(addresses, { ...about, ended, end })
      })
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof NoAnswer) && !isTimeout(error)) throw error
      const tried = attempts.length > 0 ? lastOfEach(attempts) : addresses.map(notAsked)
      throw new KdcUnreachableError(realm, tried, tried.length > 0 ? {} : spelling(realm, options))
    }
  }
  return Object.assign(transport, { close: () => queues.close() })
}

/**
 * Returns the caller's own transport with a time limit. The transport learns from its signal that
 * the time is over. If it goes on all the same, it is not waited for, and its late answer is
 * dropped.
 */
export function limitedTransport(kdc: KdcTransport, timeLimit = DEFAULT_TIME_LIMIT): KdcTransport {
  return async (request, { signal, ...context }) => {
    let isOver = (): boolean => false
    try {
      return await withTimeLimit(timeLimit, signal, async (ended) => {
        isOver = () => ended.aborted
        return octetsOf(await unlessAborted(Promise.resolve(kdc(request, { ...context, signal: ended })), ended))
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

/** Realms are case-sensitive, and people write them in lower case as they write domains. */
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

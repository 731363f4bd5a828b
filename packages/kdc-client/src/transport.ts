import { createSocket } from 'node:dgram'
import { connect, isIPv6 } from 'node:net'
import { KRB_ERROR_CODES, KrbError, decode } from '@s4u/krb5'
import { type FailedAttempt, KdcUnreachableError } from './errors.js'
import type { KdcAddress } from './kdc-address.js'

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
}

/** A user is waiting at the other end: longer than this, and the page is given up anyway. MIT waits 30 s, browsers less. */
const DEFAULT_TIME_LIMIT = 10_000

/** One lost datagram costs a second, as with MIT and Windows; after all KDCs were asked once, patience doubles. */
const FIRST_WAIT = 1_000

/** Larger requests go by TCP at once: fragments get lost, and firewalls drop them. The figure is MIT's udp_preference_limit. */
const MAX_UDP_REQUEST = 1_465

/** A KDC's answer is a ticket and little more. Whoever announces more than this does not speak Kerberos. */
const MAX_TCP_REPLY = 1 << 20

/** How long a KDC that did not answer is asked last. */
const DEAD_FOR = 60_000

/**
 * Talks to KDCs by UDP, and by TCP where the request or the answer is too big. Asks one after another until one answers or the time
 * is over; the one that answered last is asked first. Source: RFC 4120 section 7.2.
 */
export function networkTransport({
  locate,
  timeLimit = DEFAULT_TIME_LIMIT,
  now = Date.now,
}: NetworkOptions): KdcTransport {
  const deadUntil = new Map<string, number>()
  return async (request, { realm, signal }) => {
    const limit = AbortSignal.timeout(timeLimit)
    const ended = signal ? AbortSignal.any([signal, limit]) : limit
    const addresses = await locate(realm, ended)
    const alive = (address: KdcAddress): number => ((deadUntil.get(keyOf(address)) ?? 0) > now() ? 1 : 0)
    const ordered = [...addresses].sort((a, b) => alive(a) - alive(b))
    const attempts: FailedAttempt[] = []
    for (let wait = FIRST_WAIT; ordered.length > 0 && !ended.aborted; wait *= 2) {
      for (const address of ordered) {
        const answer = await ask(address, request, wait, ended, attempts)
        if (answer !== undefined) {
          deadUntil.delete(keyOf(address))
          return answer
        }
        signal?.throwIfAborted()
        deadUntil.set(keyOf(address), now() + DEAD_FOR)
      }
      // When every address refuses at once, asking again at once is a storm, not patience.
      if (!ended.aborted) await pause(Math.min(wait, FIRST_WAIT) / 4, ended)
    }
    signal?.throwIfAborted()
    throw new KdcUnreachableError(realm, lastOfEach(attempts))
  }
}

async function ask(
  address: KdcAddress,
  request: Uint8Array,
  wait: number,
  ended: AbortSignal,
  attempts: FailedAttempt[],
): Promise<Uint8Array | undefined> {
  const protocols = address.protocol
    ? [address.protocol]
    : request.length > MAX_UDP_REQUEST
      ? (['tcp'] as const)
      : (['udp', 'tcp'] as const)
  for (const protocol of protocols) {
    if (ended.aborted) break
    const patience = AbortSignal.any([ended, AbortSignal.timeout(wait)])
    try {
      const answer =
        protocol === 'udp' ? await overUdp(address, request, patience) : await overTcp(address, request, patience)
      if (protocol === 'tcp' || !isTooBigForUdp(answer)) return answer
      attempts.push({ address: `udp/${keyOf(address)}`, reason: 'the answer is too big for UDP' })
    } catch (error) {
      attempts.push({ address: `${protocol}/${keyOf(address)}`, reason: reasonOf(error, wait) })
    }
  }
  return undefined
}

/** A datagram each way. Connected, so that answers of others are dropped and a closed port is noticed at once. */
function overUdp({ host, port }: KdcAddress, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4')
  return settle(
    signal,
    () => socket.close(),
    (resolve, reject) => {
      socket.on('error', reject)
      socket.on('message', resolve)
      socket.connect(port, host, () => socket.send(request))
    },
  )
}

/** A length of four octets, then the message, each way. Source: RFC 4120 section 7.2.2. */
function overTcp({ host, port }: KdcAddress, request: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
  const socket = connect({ host, port, noDelay: true })
  return settle(
    signal,
    () => socket.destroy(),
    (resolve, reject) => {
      const length = new Uint8Array(4)
      new DataView(length.buffer).setUint32(0, request.length)
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the connection was closed before the answer was complete')))
      socket.on('connect', () => {
        socket.write(length)
        socket.write(request)
      })
      let received = Buffer.alloc(0)
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk])
        if (received.length < 4) return
        const size = received.readUInt32BE(0)
        if (size > MAX_TCP_REPLY) reject(new Error(`it announced an answer of ${size} octets`))
        else if (received.length >= 4 + size) resolve(received.subarray(4, 4 + size))
      })
    },
  )
}

/** Runs until the first of resolve, reject and abort; then closes the socket, whatever happened. */
function settle(
  signal: AbortSignal,
  close: () => void,
  start: (resolve: (answer: Uint8Array) => void, reject: (error: unknown) => void) => void,
): Promise<Uint8Array> {
  return new Promise<Uint8Array>((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    start(resolve, reject)
  }).finally(close)
}

function isTooBigForUdp(answer: Uint8Array): boolean {
  const isError = answer[0] === 0x7e
  try {
    return isError && decode(KrbError, answer).errorCode === KRB_ERROR_CODES.KRB_ERR_RESPONSE_TOO_BIG
  } catch {
    return false
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true })
  })
}

function reasonOf(error: unknown, wait: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${wait} ms`
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.message : 'failed'
}

function keyOf({ host, port }: KdcAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

function lastOfEach(attempts: readonly FailedAttempt[]): FailedAttempt[] {
  return [...new Map(attempts.map((attempt) => [attempt.address, attempt])).values()]
}

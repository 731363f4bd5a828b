import { closeOptions, ConfigurationError, type OptionTableOf, shownInput } from '@s4u/kdc-client'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import { checkedProxy, PROXY_OPTIONS, type ProxyOptions } from './proxy.js'
import type { TimeLimits } from './time-limits.js'

/**
 * Options of the connections that a fetch keeps: how many, for how long, and through which proxy.
 */
export interface ConnectionsOptions {
  /**
   * The number of identities (tickets) whose connections are kept; the one that was unused longest
   * goes first. Default: 500.
   */
  readonly maxIdentities?: number
  /**
   * The number of connections of one identity to one origin; further requests wait. Default: 16.
   */
  readonly maxPerOrigin?: number
  /**
   * How long a connection without a request is kept. A backend can shorten it with `Keep-Alive:
   * timeout=1`, and cannot lengthen it. Milliseconds, default: 4,000.
   */
  readonly keepAlive?: number
  /**
   * How long a backend may take to begin its answer. The wait for a free connection counts; early
   * hints (1xx) are not an answer. Then the request fails with a BackendTimeoutError (ETIMEDOUT).
   * Milliseconds, `Infinity` for no limit, default: 300,000, or `headersTimeout` where that is
   * longer.
   */
  readonly answerTimeLimit?: number
  /**
   * How long the body of an answer may take to end, however often a part of it comes. Then reading
   * it fails, with a BackendTimeoutError as the `cause`. Milliseconds, `Infinity` for streams
   * without an end, default: 3,600,000 (an hour).
   */
  readonly bodyTimeLimit?: number
  /**
   * How long a connection may take to open, with TLS and a proxy's answer to CONNECT. Then the
   * request fails with a BackendTimeoutError. Milliseconds, default: 10,000. Example: `{
   * connectTimeout: 2_000 }`.
   */
  readonly connectTimeout?: number
  /**
   * How long the headers of an answer may take, counted from when the request was sent; undici's
   * option of this name. Milliseconds, default: none but `answerTimeLimit`. Example: `{
   * headersTimeout: 5_000 }`.
   */
  readonly headersTimeout?: number
  /**
   * How long a body may send nothing; undici's option of this name. Milliseconds, `Infinity` for no
   * limit, default: 300,000. Example: `{ bodyTimeout: 30_000 }`.
   */
  readonly bodyTimeout?: number
  /**
   * Whether to speak HTTP/2 with backends that offer it over TLS. The requests of one identity then
   * share a connection; those of two identities never do. Default: `false`.
   */
  readonly allowH2?: boolean
  /**
   * Options of TLS to the backends, as of `node:tls`: certificate authorities, a client
   * certificate. A client certificate is shown only to origins that get tokens. Default: those of
   * Node.
   */
  readonly tls?: ConnectionOptions
  /**
   * A proxy in front of the backends. A 407 is answered with a ticket for the proxy's own service
   * principal name. Default: none.
   */
  readonly proxy?: ProxyOptions
}

/** Every name in ConnectionsOptions; others are refused. */
export const CONNECTIONS_OPTIONS = {
  maxIdentities: 'value',
  maxPerOrigin: 'value',
  keepAlive: 'value',
  answerTimeLimit: 'value',
  bodyTimeLimit: 'value',
  connectTimeout: 'value',
  headersTimeout: 'value',
  bodyTimeout: 'value',
  allowH2: 'flag',
  // Copied, so that later changes of the caller's object have no effect on connections that open
  // later.
  tls: 'map',
  proxy: PROXY_OPTIONS,
} as const satisfies OptionTableOf<ConnectionsOptions>

/**
 * Checks the options at once, so that a mistake does not wait for the first request. @throws
 * ConfigurationError
 */
export function checkedConnections(given: ConnectionsOptions | undefined): ConnectionsOptions {
  const options = closeOptions('Connections', given, CONNECTIONS_OPTIONS)
  const { maxIdentities = 1, maxPerOrigin = 1, keepAlive = 1, tls } = options
  if (!isCount(maxIdentities) || !isCount(maxPerOrigin) || maxPerOrigin === Infinity)
    throw new ConfigurationError('connections need room for one at least', {
      hint: 'maxIdentities and maxPerOrigin are whole numbers from 1 on.',
    })
  requireTime('keepAlive', keepAlive, MAX_TIME)
  for (const name of TIMES) requireTime(name, options[name] ?? 1, Infinity)
  if (tls !== undefined) requireTls(tls)
  return options.proxy ? closed({ ...options, proxy: checkedProxy(options.proxy) }) : options
}

const TIMES = ['answerTimeLimit', 'bodyTimeLimit', 'connectTimeout', 'headersTimeout', 'bodyTimeout'] as const

/**
 * Returns the options without the client certificate, and without everything else that identifies a
 * client in a TLS handshake: a `secureContext` or a `session` may contain a certificate.
 */
export function withoutCertificate(options: ConnectionsOptions): ConnectionsOptions {
  const certificate = { cert: undefined, key: undefined, pfx: undefined, clientCertEngine: undefined }
  const others = { pskCallback: undefined, secureContext: undefined, session: undefined }
  return closed({ ...options, tls: { ...options.tls, ...certificate, ...others } })
}

function closed(options: ConnectionsOptions): ConnectionsOptions {
  return closeOptions('Connections', options, CONNECTIONS_OPTIONS)
}

/** Returns the time limits of one request. */
export function limitsOf({
  answerTimeLimit,
  bodyTimeLimit: body = BODY_TIME_LIMIT,
  headersTimeout = 0,
}: ConnectionsOptions): TimeLimits {
  return { answer: answerTimeLimit ?? Math.max(ANSWER_TIME_LIMIT, headersTimeout), body }
}

/** Returns the options of undici's Agent for these times. In undici 0 means no limit. */
export function timesOf({
  keepAlive = KEEP_ALIVE,
  headersTimeout = Infinity,
  bodyTimeout = BODY_TIMEOUT,
}: ConnectionsOptions) {
  return {
    // A backend may ask for a longer time, and undici would grant ten minutes: connections would
    // then outlive the identities that are kept.
    keepAliveTimeout: keepAlive,
    keepAliveMaxTimeout: keepAlive,
    headersTimeout: inUndici(headersTimeout),
    bodyTimeout: inUndici(bodyTimeout),
  }
}

export function inUndici(time: number): number {
  return time === Infinity ? 0 : time
}

/**
 * How long a connection without a request is kept: undici's default, which is less than the five
 * seconds of Node's server. Milliseconds.
 */
export const KEEP_ALIVE = 4_000

/** How long one connection may take to open, TLS included; milliseconds. */
export const CONNECT_TIMEOUT = 10_000

/**
 * How long an answer may take to begin: the default of undici, and so of Node's fetch.
 * Milliseconds.
 */
const ANSWER_TIME_LIMIT = 300_000

/** How long a body may take to end: enough for a large download, but an end. Milliseconds. */
const BODY_TIME_LIMIT = 3_600_000

/** How long a body may send nothing: undici's default. Milliseconds. */
const BODY_TIMEOUT = 300_000

/** The longest time of a Node timer, which fires at once for more. Milliseconds. */
const MAX_TIME = 2 ** 31 - 1

function isCount(value: unknown): boolean {
  return value === Infinity || (Number.isSafeInteger(value) && Number(value) >= 1)
}

/** @throws ConfigurationError */
function requireTime(name: string, value: number, most: number): void {
  if (typeof value === 'number' && value > 0 && (value <= MAX_TIME || value === most)) return
  throw new ConfigurationError(`${name} must be a number of milliseconds above 0`, {
    hint: `Give at most ${MAX_TIME}${most === Infinity ? ', or Infinity' : ''}.`,
  })
}

/**
 * Tries the TLS options out. Node would look at a certificate or a key only when a connection
 * opens: for the first user. @throws ConfigurationError
 */
function requireTls(tls: ConnectionOptions): void {
  if (typeof tls !== 'object' || tls === null || Array.isArray(tls))
    throw new ConfigurationError(`Connections: tls must be an object, not ${shownInput(tls)}`, {
      hint: "Write what node:tls takes: tls: { ca: readFileSync('ca.pem') }.",
    })
  try {
    createSecureContext(tls)
  } catch (error) {
    // The error of Node is not the `cause`: it shows the value that was given, which may be a key.
    const code = error instanceof Error && 'code' in error ? ` (${shownInput(error.code)})` : ''
    throw new ConfigurationError(`Connections: TLS cannot be set up with what tls says${code}`, {
      hint: 'ca, cert, key and pfx are the contents of files (PEM or DER), not their paths; is the passphrase right?',
    })
  }
}

import { closeOptions, ConfigurationError, type OptionTableOf, shownInput } from '@s4u/kdc-client'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import { checkedProxy, PROXY_OPTIONS, type ProxyOptions } from './proxy.js'
import type { TimeLimits } from './time-limits.js'

export interface ConnectionsOptions {
  /**
   * Identities whose connections are kept; the one that was idle longest goes first. Default 500.
   */
  readonly maxIdentities?: number
  /** Connections of one identity to one origin; further requests wait. Default 16. */
  readonly maxPerOrigin?: number
  /**
   * For how long a connection is kept without a request; milliseconds, default 4,000. A backend
   * that says `Keep-Alive: timeout=1` can shorten it, and none can make it longer.
   */
  readonly keepAlive?: number
  /**
   * For a backend to begin its answer, waiting for a free connection included; early hints are no
   * answer. Then the request ends with a BackendTimeoutError (ETIMEDOUT). Milliseconds, default
   * 300,000, or `headersTimeout` where that is longer; Infinity for no limit.
   */
  readonly answerTimeLimit?: number
  /**
   * From then on for the body to end, however often a part of it comes. What reads the body then
   * fails, with a BackendTimeoutError as the `cause`. Milliseconds, default 3,600,000, an hour;
   * Infinity for streams that have no end.
   */
  readonly bodyTimeLimit?: number
  /**
   * For a connection to be there, TLS and a proxy's answer to CONNECT included; milliseconds,
   * default 10,000. Then the request ends with a BackendTimeoutError. Example: `{ connectTimeout:
   * 2_000 }`.
   */
  readonly connectTimeout?: number
  /**
   * For the headers of an answer, from when the request has been sent; milliseconds, default none
   * but `answerTimeLimit`. As undici's option of that name. Example: `{ headersTimeout: 5_000 }`.
   */
  readonly headersTimeout?: number
  /**
   * How long a body may be silent; milliseconds, default 300,000, Infinity for no limit. As
   * undici's option of that name. Example: `{ bodyTimeout: 30_000 }`.
   */
  readonly bodyTimeout?: number
  /**
   * Whether HTTP/2 is spoken with backends that offer it over TLS; default `false`. Requests of one
   * identity then share one connection, and those of two never do.
   */
  readonly allowH2?: boolean
  /**
   * Certificate authorities and whatever else TLS to backends needs. A client certificate is shown
   * to origins that get tokens alone.
   */
  readonly tls?: ConnectionOptions
  /**
   * A proxy on the way to the backends. It is answered with its own service principal name when it
   * asks who comes.
   */
  readonly proxy?: ProxyOptions
}

/** Every name in ConnectionsOptions; others are refused. */
const CONNECTIONS_OPTIONS = {
  maxIdentities: 'value',
  maxPerOrigin: 'value',
  keepAlive: 'value',
  answerTimeLimit: 'value',
  bodyTimeLimit: 'value',
  connectTimeout: 'value',
  headersTimeout: 'value',
  bodyTimeout: 'value',
  allowH2: 'flag',
  // Copied: what the caller changes later must not hold for connections that are opened later.
  tls: 'map',
  proxy: PROXY_OPTIONS,
} as const satisfies OptionTableOf<ConnectionsOptions>

/** What is wrong with them must not wait for a request. @throws ConfigurationError */
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
 * The same without a certificate of ours, and without anything else by which a client shows in a
 * TLS handshake who it is: a context or a session may have one in it.
 */
export function withoutCertificate(options: ConnectionsOptions): ConnectionsOptions {
  const certificate = { cert: undefined, key: undefined, pfx: undefined, clientCertEngine: undefined }
  const others = { pskCallback: undefined, secureContext: undefined, session: undefined }
  return closed({ ...options, tls: { ...options.tls, ...certificate, ...others } })
}

function closed(options: ConnectionsOptions): ConnectionsOptions {
  return closeOptions('Connections', options, CONNECTIONS_OPTIONS)
}

/** How long one request may take. */
export function limitsOf({
  answerTimeLimit,
  bodyTimeLimit: body = BODY_TIME_LIMIT,
  headersTimeout = 0,
}: ConnectionsOptions): TimeLimits {
  return { answer: answerTimeLimit ?? Math.max(ANSWER_TIME_LIMIT, headersTimeout), body }
}

/** What undici is told: of no limit by 0. */
export function timesOf({
  keepAlive = KEEP_ALIVE,
  headersTimeout = Infinity,
  bodyTimeout = BODY_TIMEOUT,
}: ConnectionsOptions) {
  return {
    // Backends may ask for longer, and undici would grant ten minutes: then connections outlive the
    // identities that are kept.
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
 * For how long a connection is kept without a request: as undici does, less than the five seconds
 * of Node's server. Milliseconds.
 */
export const KEEP_ALIVE = 4_000

/** For one connection to be there, TLS included; milliseconds. */
export const CONNECT_TIMEOUT = 10_000

/**
 * For an answer to begin: what undici, and so the platform's fetch, gives a server. Milliseconds.
 */
const ANSWER_TIME_LIMIT = 300_000

/**
 * For a body to end: more than a download of a day's data takes, less than for ever. Milliseconds.
 */
const BODY_TIME_LIMIT = 3_600_000

/** For a body to be silent: what undici gives a server. Milliseconds. */
const BODY_TIMEOUT = 300_000

/** More than a timer of Node can wait makes it go off at once. Milliseconds. */
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
 * Node looks at a certificate or a key when a connection is opened: that of the first user. @throws
 * ConfigurationError
 */
function requireTls(tls: ConnectionOptions): void {
  if (typeof tls !== 'object' || tls === null || Array.isArray(tls))
    throw new ConfigurationError(`Connections: tls must be an object, not ${shownInput(tls)}`, {
      hint: "Write what node:tls takes: tls: { ca: readFileSync('ca.pem') }.",
    })
  try {
    createSecureContext(tls)
  } catch (error) {
    // Not the error itself: Node's tells what it was given, which may be a key.
    const code = error instanceof Error && 'code' in error ? ` (${shownInput(error.code)})` : ''
    throw new ConfigurationError(`Connections: TLS cannot be set up with what tls says${code}`, {
      hint: 'ca, cert, key and pfx are the contents of files (PEM or DER), not their paths; is the passphrase right?',
    })
  }
}

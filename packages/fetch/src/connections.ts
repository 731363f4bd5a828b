import { closeOptions, ConfigurationError, type OptionTableOf, type ServiceTicket } from '@s4u/kdc-client'
import type { ConnectionOptions } from 'node:tls'
import { Agent, type Dispatcher } from 'undici'
import { BackendConnector } from './backend-connector.js'
import { hasHeader } from './request-headers.js'
import type { TicketSource } from './options.js'
import { checkedProxy, type Proxy, PROXY_OPTIONS, type ProxyOptions, proxyFor } from './proxy.js'
import type { TimeLimits } from './time-limits.js'

export interface ConnectionsOptions {
  /** Identities whose connections are kept; the one that was idle longest goes first. Default 500. */
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
   * 300,000 (undici's `headersTimeout`); Infinity for no limit.
   */
  readonly answerTimeLimit?: number
  /**
   * From then on for the body to end, however often a part of it comes. What reads the body then
   * fails, with a BackendTimeoutError as the `cause`. Milliseconds, default 3,600,000, an hour;
   * Infinity for streams that have no end. A body that is silent for 300,000 ms ends in any case
   * (undici's `bodyTimeout`).
   */
  readonly bodyTimeLimit?: number
  /** Certificate authorities and whatever else TLS to backends needs. A client certificate is shown to origins that get tokens alone. */
  readonly tls?: ConnectionOptions
  /** A proxy on the way to the backends. It is answered with its own service principal name when it asks who comes. */
  readonly proxy?: ProxyOptions
}

const CONNECTIONS_OPTIONS = {
  maxIdentities: 'value',
  maxPerOrigin: 'value',
  keepAlive: 'value',
  answerTimeLimit: 'value',
  bodyTimeLimit: 'value',
  // Copied: what the caller changes later must not hold for connections that are opened later.
  tls: 'map',
  proxy: PROXY_OPTIONS,
} as const satisfies OptionTableOf<ConnectionsOptions>

function withOptions(options: ConnectionsOptions, more: ConnectionsOptions | undefined): ConnectionsOptions {
  return more ? closeOptions('Connections', { ...options, ...more }, CONNECTIONS_OPTIONS) : options
}

/** The connections that carry one identity's requests, and nobody else's. */
export interface IdentityConnections {
  readonly dispatcher: Dispatcher
  /** How long one request on them may take. */
  readonly limits: TimeLimits
  /** What tokens can be bound to on the way to this URL. */
  bindings(url: URL): Promise<Uint8Array | undefined> | undefined
}

interface Kept extends IdentityConnections {
  readonly agent: Agent
  readonly connector: BackendConnector
}

/**
 * Keeps connections, apart for each service ticket: a server may authenticate a connection instead of each request on it, and a
 * second identity on such a connection would be served as the first. A ticket names one user, and is what the connection was
 * authenticated with, so nothing that an app does can bring two identities together.
 */
export class Connections implements AsyncDisposable {
  readonly #kept = new Map<object, Kept>()
  #latest: Kept | undefined
  #ofNobody: Kept | undefined
  /** The same without a client certificate. */
  #ofStrangers: Kept | undefined
  readonly #options: ConnectionsOptions

  /** @throws ConfigurationError */
  constructor(given?: ConnectionsOptions) {
    const options = closeOptions('Connections', given, CONNECTIONS_OPTIONS)
    const { maxIdentities = 1, maxPerOrigin = 1, keepAlive = 1, answerTimeLimit = 1, bodyTimeLimit = 1 } = options
    if (!isCount(maxIdentities) || !isCount(maxPerOrigin) || maxPerOrigin === Infinity)
      throw new ConfigurationError('connections need room for one at least', {
        hint: 'maxIdentities and maxPerOrigin are whole numbers from 1 on.',
      })
    requireTime('keepAlive', keepAlive, MAX_TIME)
    requireTime('answerTimeLimit', answerTimeLimit, Infinity)
    requireTime('bodyTimeLimit', bodyTimeLimit, Infinity)
    this.#options = withOptions(options, options.proxy && { proxy: checkedProxy(options.proxy) })
  }

  /** How many identities have connections here. */
  get size(): number {
    return this.#kept.size
  }

  /** `ticketFor` supplies the ticket for a proxy, unless the proxy has a source of its own. It is asked for as long as these are kept. */
  of({ ticket }: ServiceTicket, ticketFor: TicketSource): IdentityConnections {
    const found = this.#kept.get(ticket)
    if (found !== undefined) {
      // A Map keeps the order of insertion: the first is the one that was idle longest. One that is last need not be moved there.
      if (found !== this.#latest) {
        this.#kept.delete(ticket)
        this.#kept.set(ticket, found)
        this.#latest = found
      }
      return found
    }
    const { maxIdentities = 500 } = this.#options
    for (const [oldest, { connector, agent }] of this.#kept) {
      if (this.#kept.size < maxIdentities) break
      this.#kept.delete(oldest)
      connector.close()
      // What is idle ends at once, what carries a request when that has ended.
      agent.close(() => {})
    }
    const opened = this.#open(ticketFor)
    this.#kept.set(ticket, opened)
    this.#latest = opened
    return opened
  }

  /**
   * For requests in nobody's name. A proxy is answered only if it has a source of its own. A request that brings its own
   * `Authorization` ends its connection: who knows whether the server binds that to it.
   */
  ofNobody(): IdentityConnections {
    return (this.#ofNobody ??= this.#openForNobody(this.#options))
  }

  /** For requests to whom the app has not named: a client certificate is a credential as well, and is not shown. */
  ofStrangers(): IdentityConnections {
    const { tls = {} } = this.#options
    return (this.#ofStrangers ??= this.#openForNobody(withOptions(this.#options, { tls: withoutCertificate(tls) })))
  }

  /** Requests that are on their way still arrive; there can be no others. */
  async [Symbol.asyncDispose](): Promise<void> {
    const ofNobody = [this.#ofNobody, this.#ofStrangers].filter((kept) => kept !== undefined)
    const kept = [...this.#kept.values(), ...ofNobody]
    this.#kept.clear()
    this.#latest = this.#ofNobody = this.#ofStrangers = undefined
    for (const { connector } of kept) connector.close()
    await Promise.all(kept.map(({ agent }) => agent.close()))
  }

  #openForNobody(options: ConnectionsOptions): Kept {
    const opened = this.#open(undefined, options)
    return { ...opened, dispatcher: withInterceptor(opened.dispatcher, endWithAuthorization) }
  }

  #open(ticketFor: TicketSource | undefined, options: ConnectionsOptions = this.#options): Kept {
    const { maxPerOrigin = 16, keepAlive = KEEP_ALIVE, tls = {}, proxy: proxyOptions } = options
    const proxy: Proxy | undefined = proxyOptions && proxyFor({ ...(ticketFor && { ticketFor }), ...proxyOptions })
    const connector = new BackendConnector(tls, { keepAlive, ...(proxy && { tunnel: proxy.tunnel }) })
    const { connect } = connector
    // Backends may ask for longer, and undici would grant ten minutes: then connections outlive the
    // identities that are kept.
    const times = { keepAliveTimeout: keepAlive, keepAliveMaxTimeout: keepAlive, headersTimeout: 0 }
    const agent = new Agent({ connections: maxPerOrigin, connect, ...times })
    const own = withInterceptor(
      agent,
      sendingLate(agent, () => new Agent({ connect, ...times })),
    )
    const { answerTimeLimit: answer = ANSWER_TIME_LIMIT, bodyTimeLimit: body = BODY_TIME_LIMIT } = options
    return {
      agent,
      connector,
      limits: { answer, body },
      dispatcher: (proxy?.interceptors ?? []).reduce(withInterceptor, own),
      bindings: (url) => (url.protocol === 'https:' ? connector.bindings(url) : undefined),
    }
  }
}

/**
 * For how long a connection is kept without a request: as undici does, less than the five seconds
 * of Node's server. Milliseconds.
 */
const KEEP_ALIVE = 4_000

/**
 * For an answer to begin: what undici, and so the platform's fetch, gives a server. Milliseconds.
 */
const ANSWER_TIME_LIMIT = 300_000

/**
 * For a body to end: more than a download of a day's data takes, less than for ever. Milliseconds.
 */
const BODY_TIME_LIMIT = 3_600_000

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
 * Of connections that have made room: a request may have been about to use them, and so may a
 * further leg. It has one of its own, which ends with it.
 */
function sendingLate(agent: Agent, open: () => Agent): Dispatcher.DispatcherComposeInterceptor {
  let late: Agent | undefined
  return (dispatch) => (options, handler) => {
    if (!agent.closed) return dispatch(options, handler)
    late ??= open()
    return late.dispatch({ ...options, reset: true }, handler)
  }
}

const endWithAuthorization: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(hasHeader(options.headers, 'authorization') ? { ...options, reset: true } : options, handler)

/**
 * `compose` would convert the handlers that the fetch of Node hands down, and that one then reads
 * two values of a header, such as two cookies, as one.
 */
function withInterceptor(dispatcher: Dispatcher, interceptor: Dispatcher.DispatcherComposeInterceptor): Dispatcher {
  const dispatch = interceptor(dispatcher.dispatch.bind(dispatcher))
  return new Proxy(dispatcher, {
    get: (target, key) => (key === 'dispatch' ? dispatch : Reflect.get(target, key)),
  })
}

/** Nothing by which a client shows in a TLS handshake who it is: a context or a session may have a certificate in it. */
function withoutCertificate(tls: ConnectionOptions): ConnectionOptions {
  const certificate = { cert: undefined, key: undefined, pfx: undefined, clientCertEngine: undefined }
  return { ...tls, ...certificate, pskCallback: undefined, secureContext: undefined, session: undefined }
}

let ofThisProcess: Connections | undefined

/** Those of whoever does not bring any. */
export function sharedConnections(): Connections {
  return (ofThisProcess ??= new Connections())
}

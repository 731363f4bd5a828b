import { ConfigurationError, type ServiceTicket, shownInput } from '@s4u/kdc-client'
import { Agent, type Dispatcher } from 'undici'
import { BackendConnector } from './backend-connector.js'
import {
  checkedConnections,
  CONNECT_TIMEOUT,
  type ConnectionsOptions,
  inUndici,
  limitsOf,
  timesOf,
  withoutCertificate,
} from './connections-options.js'
import type { TicketFor } from '../options/token-options.js'
import { type Proxy, proxyFor } from './proxy.js'
import { hasHeader } from '../handlers/request-headers.js'
import type { TimeLimits } from './time-limits.js'

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
  /** Another one, for what must not use these connections. */
  readonly open: () => Agent
  readonly connector: BackendConnector
}

/**
 * Keeps connections, apart for each service ticket: a server may authenticate a connection instead
 * of each request on it, and a second identity on such a connection would be served as the first. A
 * ticket names one user, and is what the connection was authenticated with, so nothing that an app
 * does can bring two identities together.
 */
export class Connections implements AsyncDisposable {
  readonly #kept = new Map<object, Kept>()
  #latest: Kept | undefined
  #withoutIdentity: Kept | undefined
  /** The same without a client certificate. */
  #outsideOrigins: Kept | undefined
  readonly #options: ConnectionsOptions

  /** @throws ConfigurationError */
  constructor(given?: ConnectionsOptions) {
    this.#options = checkedConnections(given)
  }

  /** How many identities have connections here. */
  get size(): number {
    return this.#kept.size
  }

  /**
   * `ticketFor` supplies the ticket for a proxy, unless the proxy has a source of its own. It is
   * asked for as long as these are kept.
   */
  of({ ticket }: ServiceTicket, ticketFor: TicketFor): IdentityConnections {
    const found = this.#kept.get(ticket)
    if (found !== undefined) {
      // A Map keeps the order of insertion: the first is the one that was idle longest. One that is
      // last need not be moved there.
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
   * For requests in nobody's name. A proxy is answered only if it has a source of its own. A
   * request that brings its own `Authorization` ends its connection: who knows whether the server
   * binds that to it.
   */
  withoutIdentity(): IdentityConnections {
    return (this.#withoutIdentity ??= this.#openForNobody(this.#options))
  }

  /**
   * For requests to whom the app has not named: a client certificate is a credential as well, and
   * is not shown.
   */
  outsideOrigins(): IdentityConnections {
    return (this.#outsideOrigins ??= this.#openForNobody(withoutCertificate(this.#options)))
  }

  /** @deprecated Since 0.2: the method is `withoutIdentity`. */
  ofNobody(): IdentityConnections {
    return this.withoutIdentity()
  }

  /** @deprecated Since 0.2: the method is `outsideOrigins`. */
  ofStrangers(): IdentityConnections {
    return this.outsideOrigins()
  }

  /** Requests that are on their way still arrive; there can be no others. */
  async [Symbol.asyncDispose](): Promise<void> {
    const withoutIdentity = [this.#withoutIdentity, this.#outsideOrigins].filter((kept) => kept !== undefined)
    const kept = [...this.#kept.values(), ...withoutIdentity]
    this.#kept.clear()
    this.#latest = this.#withoutIdentity = this.#outsideOrigins = undefined
    for (const { connector } of kept) connector.close()
    await Promise.all(kept.map(({ agent }) => agent.close()))
  }

  #openForNobody(options: ConnectionsOptions): Kept {
    const opened = this.#open(undefined, options)
    const { agent, open } = opened
    return { ...opened, dispatcher: withInterceptor(opened.dispatcher, endingWithAuthorization(agent, open, options)) }
  }

  #open(ticketFor: TicketFor | undefined, options: ConnectionsOptions = this.#options): Kept {
    const {
      maxPerOrigin = 16,
      tls = {},
      proxy: proxyOptions,
      allowH2 = false,
      connectTimeout = CONNECT_TIMEOUT,
    } = options
    const ofUser = ticketFor && { ticketFor }
    const proxy: Proxy | undefined = proxyOptions && proxyFor({ ...ofUser, ...proxyOptions }, connectTimeout)
    const { keepAliveTimeout: keepAlive, ...times } = timesOf(options)
    const socket = { timeout: inUndici(connectTimeout), ...tls, allowH2 }
    const connector = new BackendConnector(socket, { keepAlive, ...(proxy && { tunnel: proxy.tunnel }) })
    const { connect } = connector
    const open = (more?: Agent.Options): Agent =>
      new Agent({ connect, allowH2, keepAliveTimeout: keepAlive, ...times, ...more })
    const agent = open({ connections: maxPerOrigin })
    const own = withInterceptor(agent, sendingLate(agent, open))
    return {
      agent,
      connector,
      open,
      limits: limitsOf(options),
      dispatcher: (proxy?.interceptors ?? []).reduce(withInterceptor, own),
      bindings: (url) => (url.protocol === 'https:' ? connector.bindings(url) : undefined),
    }
  }
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

/**
 * What an app brings itself can bind a connection, and nobody comes after it. One of HTTP/2 cannot
 * be ended with a request that others share it with: such a request has one of its own.
 */
function endingWithAuthorization(
  agent: Agent,
  open: () => Agent,
  { allowH2 = false }: ConnectionsOptions,
): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    if (!hasHeader(options.headers, 'authorization')) return dispatch(options, handler)
    if (!allowH2 || agent.closed || !String(options.origin).startsWith('https:'))
      return dispatch({ ...options, reset: true }, handler)
    const once = open()
    const isSent = once.dispatch({ ...options, reset: true }, handler)
    // When the request has ended.
    once.close(() => {})
    return isSent
  }
}

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

let ofThisProcess: Connections | undefined

/** Those of whoever does not bring any. */
export function sharedConnections(): Connections {
  return (ofThisProcess ??= new Connections())
}

/** Another copy of this package may have made them. @throws ConfigurationError */
export function requireConnections(given: unknown): void {
  if (given === undefined || given === 'shared') return
  const methods = ['of', 'withoutIdentity', 'outsideOrigins']
  if (
    typeof given === 'object' &&
    given !== null &&
    methods.every((name) => typeof Reflect.get(given, name) === 'function')
  )
    return
  throw new ConfigurationError(
    `fetch: connections must be new Connections({ … }) or 'shared', not ${shownInput(given)}`,
    {
      hint: 'Write connections: new Connections({ headersTimeout: 5_000 }), once for all fetches that are to share it.',
    },
  )
}

import { ConfigurationError, type ServiceTicket, shownInput } from '@s4u/kdc-client'
import type { Agent, Dispatcher } from 'undici'
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
import { undici } from './undici.js'

/** The connections of one identity. No other identity uses them. */
export interface IdentityConnections {
  readonly dispatcher: Dispatcher
  /** The time limits of one request on these connections. */
  readonly limits: TimeLimits
  /**
   * Returns the channel bindings (RFC 5929, tls-server-end-point) of the connection to `url`;
   * undefined over plain HTTP.
   */
  bindings(url: URL): Promise<Uint8Array | undefined> | undefined
}

interface Kept extends IdentityConnections {
  readonly agent: Agent
  /**
   * Makes another Agent with the same settings, for a request that must not use these connections.
   */
  readonly open: () => Agent
  readonly connector: BackendConnector
}

/**
 * Keeps connections, and keeps those of each service ticket apart from all others. A server may
 * authenticate a connection instead of each request on it, and would then serve a second identity
 * on the connection as the first. A ticket names one user, and the connection was authenticated
 * with it: whatever an app does, two identities do not meet on a connection.
 *
 * @example
 * ```ts
 * import { Connections, createFetch } from '@s4u/fetch'
 * import { createKdcClient } from '@s4u/kdc-client'
 * import { readFileSync } from 'node:fs'
 *
 * const tls = { ca: readFileSync('ca.pem') }
 * const connections = new Connections({ headersTimeout: 5_000, tls })
 * const credentials = { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }
 * const fetch = createFetch(createKdcClient({ credentials }), { connections })
 * ```
 */
export class Connections implements AsyncDisposable {
  readonly #kept = new Map<object, Kept>()
  #latest: Kept | undefined
  #withoutIdentity: Kept | undefined
  /** As `#withoutIdentity`, and without the client certificate. */
  #outsideOrigins: Kept | undefined
  readonly #options: ConnectionsOptions

  /** @throws ConfigurationError */
  constructor(given?: ConnectionsOptions) {
    this.#options = checkedConnections(given)
  }

  /** The number of tickets that have connections here. */
  get size(): number {
    return this.#kept.size
  }

  /**
   * Returns the connections of one ticket, and opens them at the first call.
   * @param ticketFor supplies the ticket for a proxy, unless the option `proxy` has a `ticketFor`
   * of its own. It is called as long as the connections are kept.
   */
  of({ ticket }: ServiceTicket, ticketFor: TicketFor): IdentityConnections {
    const found = this.#kept.get(ticket)
    if (found !== undefined) {
      // A Map keeps the order of insertion, so its first entry is the one that was unused longest.
      // An entry that is the last one already need not be moved there.
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
      // Idle connections end at once, the others when their request has ended.
      agent.close(() => {})
    }
    const opened = this.#open(ticketFor)
    this.#kept.set(ticket, opened)
    this.#latest = opened
    return opened
  }

  /**
   * Returns the connections of requests without a token. A proxy's 407 is answered on them only if
   * the option `proxy` has a `ticketFor`. A request with an `Authorization` of its own ends its
   * connection, since the server may have bound the connection to that header.
   */
  withoutIdentity(): IdentityConnections {
    return (this.#withoutIdentity ??= this.#openWithoutIdentity(this.#options))
  }

  /**
   * Returns the connections of requests to origins that `origins` does not list. They show no
   * client certificate, because a client certificate is a credential too.
   */
  outsideOrigins(): IdentityConnections {
    return (this.#outsideOrigins ??= this.#openWithoutIdentity(withoutCertificate(this.#options)))
  }

  /** @deprecated Since 0.2: the method is `withoutIdentity`. */
  ofNobody(): IdentityConnections {
    return this.withoutIdentity()
  }

  /** @deprecated Since 0.2: the method is `outsideOrigins`. */
  ofStrangers(): IdentityConnections {
    return this.outsideOrigins()
  }

  /**
   * Closes all connections when the requests on them have ended. No request can be sent any more.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const withoutIdentity = [this.#withoutIdentity, this.#outsideOrigins].filter((kept) => kept !== undefined)
    const kept = [...this.#kept.values(), ...withoutIdentity]
    this.#kept.clear()
    this.#latest = this.#withoutIdentity = this.#outsideOrigins = undefined
    for (const { connector } of kept) connector.close()
    await Promise.all(kept.map(({ agent }) => agent.close()))
  }

  #openWithoutIdentity(options: ConnectionsOptions): Kept {
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
    const { Agent } = undici()
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
 * Sends on a new Agent when the Agent of the identity has been closed to make room for another
 * identity. A request may have been about to use it, and so may a further leg of a negotiation. The
 * connection of the new Agent ends with its request.
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
 * Ends the connection after a request with an `Authorization` of its own: that header may have
 * authenticated the connection. An HTTP/2 connection cannot be ended with one request while others
 * share it, so such a request has an Agent of its own there.
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
    // `close` waits for the request.
    once.close(() => {})
    return isSent
  }
}

/**
 * Puts an interceptor on a dispatcher without `compose`. `compose` would convert the handlers of
 * Node's own fetch, and that fetch would then read two values of a header, such as two cookies, as
 * one.
 */
function withInterceptor(dispatcher: Dispatcher, interceptor: Dispatcher.DispatcherComposeInterceptor): Dispatcher {
  const dispatch = interceptor(dispatcher.dispatch.bind(dispatcher))
  return new Proxy(dispatcher, {
    get: (target, key) => (key === 'dispatch' ? dispatch : Reflect.get(target, key)),
  })
}

let ofThisProcess: Connections | undefined

/** Returns the connections that all fetches without the option `connections` share. */
export function sharedConnections(): Connections {
  return (ofThisProcess ??= new Connections())
}

/**
 * Refuses an option `connections` that is not an object of `Connections`. The object may be of
 * another copy of this package, so its methods count and not its class. @throws ConfigurationError
 */
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

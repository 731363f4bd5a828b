import { closeOptions, ConfigurationError, type OptionTableOf, type ServiceTicket } from '@s4u/kdc-client'
import type { ConnectionOptions } from 'node:tls'
import { Agent, type Dispatcher } from 'undici'
import { BackendConnector } from './backend-connector.js'
import { hasHeader } from './negotiating-handler.js'
import type { TicketSource } from './options.js'
import { type Proxy, PROXY_OPTIONS, type ProxyOptions, proxyFor } from './proxy.js'

export interface ConnectionsOptions {
  /** Identities whose connections are kept; the one that was idle longest goes first. Default 500. */
  readonly maxIdentities?: number
  /** Connections of one identity to one origin; further requests wait. Default 16. */
  readonly maxPerOrigin?: number
  /** For how long a connection is kept without a request; milliseconds, default 4,000. */
  readonly keepAlive?: number
  /** Certificate authorities and whatever else TLS to backends needs. A client certificate is shown to origins that get tokens alone. */
  readonly tls?: ConnectionOptions
  /** A proxy on the way to the backends. It is answered with its own service principal name when it asks who comes. */
  readonly proxy?: ProxyOptions
}

const CONNECTIONS_OPTIONS = {
  maxIdentities: 'value',
  maxPerOrigin: 'value',
  keepAlive: 'value',
  tls: 'value',
  proxy: PROXY_OPTIONS,
} as const satisfies OptionTableOf<ConnectionsOptions>

/** The connections that carry one identity's requests, and nobody else's. */
export interface IdentityConnections {
  readonly dispatcher: Dispatcher
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
    const { maxIdentities = 1, maxPerOrigin = 1 } = options
    if (!(maxIdentities >= 1 && maxPerOrigin >= 1))
      throw new ConfigurationError('connections need room for one at least')
    this.#options = options
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
    for (const [oldest, { connector }] of this.#kept) {
      if (this.#kept.size < maxIdentities) break
      this.#kept.delete(oldest)
      // Not closed: a request may be about to use them. Whatever is idle ends by itself.
      connector.close()
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
    return (this.#ofStrangers ??= this.#openForNobody({ ...this.#options, tls: withoutCertificate(tls) }))
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
    return { ...opened, dispatcher: opened.dispatcher.compose(endWithAuthorization) }
  }

  #open(ticketFor: TicketSource | undefined, options: ConnectionsOptions = this.#options): Kept {
    const { maxPerOrigin = 16, keepAlive = 4_000, tls = {}, proxy: proxyOptions } = options
    const proxy: Proxy | undefined = proxyOptions && proxyFor({ ...(ticketFor && { ticketFor }), ...proxyOptions })
    const connector = new BackendConnector(tls, proxy?.tunnel)
    const agent = new Agent({ connections: maxPerOrigin, keepAliveTimeout: keepAlive, connect: connector.connect })
    return {
      agent,
      connector,
      dispatcher: proxy === undefined ? agent : agent.compose(proxy.interceptors),
      bindings: (url) => (url.protocol === 'https:' ? connector.bindings(url) : undefined),
    }
  }
}

const endWithAuthorization: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
  dispatch(hasHeader(options.headers, 'authorization') ? { ...options, reset: true } : options, handler)

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

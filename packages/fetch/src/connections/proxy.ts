import { ConfigurationError, shownInput } from '@s4u/kdc-client'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { OptionTableOf } from '@s4u/kdc-client'
import type { Dispatcher } from 'undici'
import type { Attempt } from '../negotiation/attempt.js'
import { TokenIssuer, type TokenContext } from '../negotiation/token-issuer.js'
import type { Tunnel } from './backend-connector.js'
import { offersNegotiate } from '../answers/challenge-schemes.js'
import { dispatchNegotiating, PROXY_AUTHENTICATION } from '../handlers/negotiating-handler.js'
import { isReplayableBody } from '../handlers/replayable-body.js'
import { hasHeader, withHeader } from '../handlers/request-headers.js'
import {
  type MutualAuthentication,
  type NegotiationForOptions,
  requireOneOf,
  type TicketFor,
} from '../options/token-options.js'

/** A proxy that asks for Negotiate itself (407), and what to show it. */
export interface ProxyOptions {
  /** The address of the proxy: `http://proxy.ad.test:3128`. */
  readonly url: string | URL
  /** Supplies the tickets for the proxy. Default: the tickets of the user, as for the backends. */
  readonly ticketFor?: TicketFor
  /**
   * The service principal name of the proxy, where it is not `HTTP/` and its host. Default: none.
   * Example: `{ '10.0.0.9': 'HTTP/proxy.ad.test' }`.
   */
  readonly serviceNames?: Readonly<Record<string, string>>
  /**
   * `off` (default): the proxy need not prove itself, and few proxies can. A proof that is sent is
   * checked nevertheless. `require`: each request shows the proxy a ticket, even if the proxy does
   * not ask, and is not sent without one. Requests without an identity then need `ticketFor`.
   */
  readonly mutualAuthentication?: Exclude<MutualAuthentication, 'optional'>
  readonly onEvent?: NegotiationForOptions['onEvent']
  /** Options of TLS to the proxy, as of `node:tls`. Default: those of Node. */
  readonly tls?: ConnectionOptions
  readonly now?: () => number
}

/** Every name in ProxyOptions; others are refused. */
export const PROXY_OPTIONS = {
  url: 'value',
  ticketFor: 'function',
  serviceNames: 'map',
  mutualAuthentication: 'value',
  onEvent: 'function',
  tls: 'map',
  now: 'function',
} as const satisfies OptionTableOf<ProxyOptions>

/** How requests pass one proxy: by a tunnel for https, in absolute form for http. */
export interface Proxy {
  readonly tunnel: Tunnel
  readonly interceptors: Dispatcher.DispatcherComposeInterceptor[]
}

/**
 * Makes the tunnel and the interceptors for a proxy. Without `ticketFor` no name is told to the
 * proxy, even if it asks. @param connectTimeout milliseconds
 */
export function proxyFor(options: ProxyOptions, connectTimeout: number = TUNNEL_TIMEOUT): Proxy {
  const url = urlOf(options.url)
  const { tls = {}, mutualAuthentication = 'off', ticketFor, ...rest } = options
  // `optional` is not offered: a proxy passes on the errors of backends, and cannot prove those.
  requireOneOf('proxy.mutualAuthentication', mutualAuthentication, ['require', 'off'])
  const issuer = new TokenIssuer({ ...rest, mutualAuthentication, channelBinding: 'off' }, 407)
  const route: ProxyRoute = {
    url,
    tls,
    connectTimeout,
    // A proxy that has to prove itself gets a ticket even if it does not ask: an attacker in its
    // place would simply not ask.
    asks: mutualAuthentication === 'require',
    isProofDue: mutualAuthentication === 'require',
    issuer,
    context: ticketFor && { tickets: { ...options, ticketFor } },
  }
  return {
    tunnel: (target) => openTunnel(route, target),
    // The first interceptor is the innermost: it gets what the second one makes.
    interceptors: [negotiateWithProxy(route), toAbsoluteForm(url)],
  }
}

/**
 * Checks the options at once, so that a mistake does not wait for the first request. The URL
 * becomes text, which cannot be changed later. @throws ConfigurationError
 */
export function checkedProxy(options: ProxyOptions): ProxyOptions {
  const checked = { ...options, url: urlOf(options.url).href }
  proxyFor(checked)
  return checked
}

/**
 * The error of Node would show the whole text, with a password that may be in it. @throws
 * ConfigurationError
 */
function urlOf(url: string | URL): URL {
  const parsed = url instanceof URL || URL.canParse(url) ? new URL(url) : undefined
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol)) return parsed
  throw new ConfigurationError(`proxy.url: ${shownInput(url)} is not the URL of a proxy`, {
    hint: "Write 'http://proxy.ad.test:3128'.",
  })
}

/** The cause of `fetch failed` when a proxy refuses a client that it does not know. */
export class ProxyRefusal extends TypeError {}

interface ProxyRoute {
  readonly url: URL
  readonly tls: ConnectionOptions
  /** How long the proxy may take to answer a CONNECT; milliseconds, or Infinity. */
  readonly connectTimeout: number
  readonly issuer: TokenIssuer
  /** Undefined where no name is told to the proxy. */
  readonly context: TokenContext | undefined
  /** Whether the proxy must prove itself: no request is sent to it without a ticket. */
  readonly isProofDue: boolean
  /**
   * Whether the proxy has asked before. Requests without a ticket are then not sent to it, since it
   * would refuse them.
   */
  asks: boolean
}

/** Source: RFC 9112 section 3.2.2. */
function toAbsoluteForm(proxy: URL): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    const { origin } = options
    const target = new URL(String(origin))
    if (target.protocol !== 'http:') return dispatch(options, handler)
    const headers = hasHeader(options.headers, 'host')
      ? options.headers
      : withHeader(options.headers, 'host', target.host)
    return dispatch({ ...options, origin: proxy.origin, path: target.origin + options.path, headers }, handler)
  }
}

function negotiateWithProxy(route: ProxyRoute): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (options, handler) => {
    if (String(options.origin) !== route.url.origin) return dispatch(options, handler)
    return dispatchNegotiating(dispatch, options, handler, PROXY_AUTHENTICATION, {
      // A body that cannot be sent again must not meet a 407, so it goes with a ticket at once. A
      // proxy that never asks may have no service principal name.
      first: () =>
        route.asks ? begin(route) : isReplayableBody(options.body) ? nothing() : begin(route).catch(nothing),
      asked: async (replayable) => {
        if (route.context === undefined) throw refusal(route, 407, `a request to ${new URL(options.path).origin}`)
        route.asks = true
        return replayable ? begin(route) : undefined
      },
      withFreshTicket: (failed) => beginWithFreshTicket(route, failed),
    })
  }
}

/** Source: RFC 9110 section 9.3.6. */
async function openTunnel(route: ProxyRoute, target: string): Promise<Socket> {
  let attempt = route.asks ? await begin(route) : undefined
  let authorization = attempt?.authorization
  for (;;) {
    const { response, socket } = await connectThrough(route, target, authorization)
    const status = response.statusCode ?? 0
    const challenge = response.headers['proxy-authenticate']
    const judgement = attempt?.judge({ status, challenge })
    if (status >= 200 && status < 300) return socket
    socket.destroy()
    if (judgement?.kind === 'again') {
      authorization = judgement.authorization
      continue
    }
    if (attempt === undefined && status === 407 && offersNegotiate(challenge)) {
      route.asks = true
      attempt = await begin(route)
    } else if (attempt !== undefined && judgement?.kind === 'stale') {
      attempt = await beginWithFreshTicket(route, attempt)
    } else attempt = undefined
    if (attempt === undefined) throw refusal(route, status, `CONNECT ${target}`)
    authorization = attempt.authorization
  }
}

function refusal({ url }: ProxyRoute, status: number, request: string): TypeError {
  const message = `the proxy ${url.host} answered ${status} to ${request}`
  return status === 407 ? new ProxyRefusal(message) : new TypeError(message)
}

async function begin({ issuer, context, url, isProofDue }: ProxyRoute): Promise<Attempt | undefined> {
  const spn = await issuer.serviceName(url)
  if (spn !== undefined && context !== undefined) return issuer.begin(url, spn, context)
  if (isProofDue) throw new ProxyRefusal(`the proxy ${url.host} must prove its identity, and there is no ticket for it`)
  return undefined
}

async function beginWithFreshTicket(
  { issuer, context, url }: ProxyRoute,
  failed: Attempt,
): Promise<Attempt | undefined> {
  return context && issuer.beginWithFreshTicket(failed, url, context)
}

function connectThrough(
  { url, tls, connectTimeout }: ProxyRoute,
  target: string,
  authorization: string | undefined,
): Promise<{ response: IncomingMessage; socket: Socket }> {
  const headers = { host: target, ...(authorization !== undefined && { 'proxy-authorization': authorization }) }
  const open = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const { hostname, port } = url
    const host = hostname.replace(/^\[|\]$/g, '')
    const request = open({ ...tls, host, port, method: 'CONNECT', path: target, headers, agent: false })
    // This limit is for the whole answer. A limit on silence would start again with each octet of
    // the headers.
    const tooSlow = (): void => void request.destroy(new TypeError(`the proxy ${url.host} did not answer in time`))
    const timer = connectTimeout === Infinity ? undefined : setTimeout(tooSlow, connectTimeout)
    const answered = (response: IncomingMessage, socket: Socket): void => {
      clearTimeout(timer)
      resolve({ response, socket })
    }
    request
      .once('connect', answered)
      .once('response', (response) => answered(response, response.socket))
      .once('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      .end()
  })
}

/** How long the proxy may take to answer a `CONNECT`; milliseconds. */
const TUNNEL_TIMEOUT = 10_000

const nothing = (): Promise<undefined> => Promise.resolve(undefined)

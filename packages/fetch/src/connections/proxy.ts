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
import { dispatchNegotiating, isReplayableBody, PROXY_AUTHENTICATION } from '../handlers/negotiating-handler.js'
import { hasHeader, withHeader } from '../handlers/request-headers.js'
import {
  type MutualAuthentication,
  type NegotiationForOptions,
  requireOneOf,
  type TicketFor,
} from '../options/token-options.js'

export interface ProxyOptions {
  /** `http://proxy.ad.test:3128` */
  readonly url: string | URL
  /**
   * In whose name the proxy is asked to let requests through. Default: the user's, as for the
   * backends.
   */
  readonly ticketFor?: TicketFor
  /** The proxy's name where it is not the obvious one, as for backends. */
  readonly serviceNames?: Readonly<Record<string, string>>
  /**
   * `off` (default): proxies seldom answer with a token. One that does is checked in any case.
   * `require`: each request shows a ticket, also to a proxy that does not ask, and goes nowhere
   * without (those in nobody's name need `ticketFor`).
   */
  readonly mutualAuthentication?: Exclude<MutualAuthentication, 'optional'>
  readonly onEvent?: NegotiationForOptions['onEvent']
  /** For a proxy behind TLS. */
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

/** The way through one proxy: tunnels for https, requests in absolute form for http. */
export interface Proxy {
  readonly tunnel: Tunnel
  readonly interceptors: Dispatcher.DispatcherComposeInterceptor[]
}

/** Without a source of tickets the proxy is told nobody's name, whatever it asks. */
export function proxyFor(options: ProxyOptions, connectTimeout: number = TUNNEL_TIMEOUT): Proxy {
  const url = urlOf(options.url)
  const { tls = {}, mutualAuthentication = 'off', ticketFor, ...rest } = options
  // A proxy hands on the errors of backends, which are not its own to prove.
  requireOneOf('proxy.mutualAuthentication', mutualAuthentication, ['require', 'off'])
  const issuer = new TokenIssuer({ ...rest, mutualAuthentication, channelBinding: 'off' }, 407)
  const route: ProxyRoute = {
    url,
    tls,
    connectTimeout,
    // One that has to prove itself is shown a ticket whether it asks or not: another in its place
    // need only not ask.
    asks: mutualAuthentication === 'require',
    isProofDue: mutualAuthentication === 'require',
    issuer,
    context: ticketFor && { tickets: { ...options, ticketFor } },
  }
  return {
    tunnel: (target) => openTunnel(route, target),
    // The first is the innermost: it is given what the second makes.
    interceptors: [negotiateWithProxy(route), toAbsoluteForm(url)],
  }
}

/**
 * With a URL that nobody can change any more; what is wrong must not wait for a request. @throws
 * ConfigurationError
 */
export function checkedProxy(options: ProxyOptions): ProxyOptions {
  const checked = { ...options, url: urlOf(options.url).href }
  proxyFor(checked)
  return checked
}

/** Node's error for what is no URL holds all of it, a password too. @throws ConfigurationError */
function urlOf(url: string | URL): URL {
  const parsed = url instanceof URL || URL.canParse(url) ? new URL(url) : undefined
  if (parsed !== undefined && /^https?:$/.test(parsed.protocol)) return parsed
  throw new ConfigurationError(`proxy.url: ${shownInput(url)} is not the URL of a proxy`, {
    hint: "Write 'http://proxy.ad.test:3128'.",
  })
}

/** What `fetch failed` is caused by when a proxy lets nobody through whom it does not know. */
export class ProxyRefusal extends TypeError {}

interface ProxyRoute {
  readonly url: URL
  readonly tls: ConnectionOptions
  /** For the proxy to answer a CONNECT; milliseconds, or Infinity. */
  readonly connectTimeout: number
  readonly issuer: TokenIssuer
  /** Undefined where the proxy is told nobody's name. */
  readonly context: TokenContext | undefined
  /** No request goes to it without a ticket. */
  readonly isProofDue: boolean
  /** The proxy has asked before: requests that it would refuse are not sent to it. */
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
      // A body that cannot be sent again must not meet a question. A proxy that asks none may have
      // no name either.
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
    // For all of the answer: a limit on silence would begin anew with each octet of its headers.
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

/** For the proxy to answer a CONNECT; milliseconds. */
const TUNNEL_TIMEOUT = 10_000

const nothing = (): Promise<undefined> => Promise.resolve(undefined)

import type { Agent, ClientRequest as OutgoingRequest, IncomingMessage } from 'node:http'
import { ProxyServer } from 'httpxy'
import { InnerServerError } from '../requests/inner-server-error.js'
import type { ClientResponse, CallerRequest } from '../requests/steps.js'
import type { InnerHeaders } from './inner-headers.js'
import { InnerRequest } from './inner-request.js'
import { prepareSending } from './sending.js'
import { prepareTunnel, type UpgradeRules, type UpgradingClient } from './tunnel.js'

/** Where one request goes. */
export interface Destination {
  readonly url: URL
  readonly agent: Agent
  readonly headers: InnerHeaders
}

/** Sends requests inside, each with its body as it comes. */
export interface Proxy {
  /**
   * Resolves to the answer of the inner server, when its headers are there. From then on both ends
   * are tied: one that breaks off ends the other.
   * @throws InnerServerError
   */
  send(request: CallerRequest, response: ClientResponse, destination: Destination): Promise<IncomingMessage>
  /** Sends a handshake inside, and carries what follows. */
  upgrade(request: CallerRequest, client: UpgradingClient, destination: Destination, rules: UpgradeRules): void
}

interface Waiting {
  readonly request: CallerRequest
  resolve(answer: IncomingMessage): void
  reject(error: unknown): void
  sending?: OutgoingRequest
}

export function createProxy(): Proxy {
  const server = new ProxyServer<InnerRequest, ClientResponse>()
  const waiting = new WeakMap<object, Waiting>()
  const tunnels = new WeakMap<object, UpgradeRules>()
  server.on('proxyReq', (sending, facade) => {
    const one = waiting.get(facade)
    if (one === undefined) return
    one.sending = sending
    prepareSending(sending, one.request)
  })
  server.on('proxyReqWs', (sending, facade, socket) => {
    const [one, rules] = [waiting.get(facade), tunnels.get(facade)]
    if (one !== undefined && rules !== undefined) prepareTunnel(sending, one.request, socket, rules)
  })
  server.on('proxyRes', (answer, facade) => {
    const one = waiting.get(facade)
    if (one === undefined || isAnswer(answer)) return void one?.resolve(answer)
    answer.destroy()
    one.reject(noAnswer(one))
  })
  server.on('econnreset', (error, facade) => waiting.get(facade)?.reject(error))
  server.on('error', (error, facade) => {
    const one = facade && waiting.get(facade)
    one?.reject(innerFault(error, one))
  })
  return {
    send: (request, response, destination) =>
      new Promise((resolve, reject) => {
        const facade = new InnerRequest(request, destination.headers)
        waiting.set(facade, { request, resolve, reject })
        server.web(facade, response, optionsFor(request, destination)).catch(reject)
      }),
    upgrade(request, { socket, head }, destination, rules) {
      const facade = new InnerRequest(request, destination.headers)
      waiting.set(facade, { request, resolve: () => {}, reject: rules.refuse })
      tunnels.set(facade, rules)
      server.ws(facade, socket, optionsFor(request, destination), head).catch(rules.refuse)
    },
  }
}

function optionsFor(request: CallerRequest, { url, agent }: Destination) {
  const base = url.pathname.replace(/\/$/, '')
  return {
    target: {
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port,
      // With ignorePath, this goes out octet by octet.
      pathname: `${base}${request.path}${request.query}`,
    },
    ignorePath: true,
    agent,
    selfHandleResponse: true,
    buffer: request.request,
  }
}

/** Node writes no other answer: it throws then, where nothing catches it. */
function isAnswer({ statusCode = 0, statusMessage = '' }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode <= 599 && /^[\t\x20-\x7e\x80-\xff]*$/.test(statusMessage)
}

function noAnswer({ request }: Waiting): InnerServerError {
  return new InnerServerError(`the inner server of ${request.site.hosts[0]} answered with a status line that is none`, {
    code: 'S4U_INNER_BROKE_OFF',
    hint: 'Look whether a web server answers at the address under `to`.',
  })
}

function innerFault(error: Error, { request, sending }: Waiting): Error {
  if (error instanceof InnerServerError) return error
  const code = 'code' in error ? String(error.code) : error.name
  const isNew = sending?.reusedSocket !== true
  return new InnerServerError(`the inner server of ${request.site.hosts[0]} broke off: ${code}`, {
    code: 'S4U_INNER_BROKE_OFF',
    cause: error,
    ...(isNew && {
      hint: 'Look whether the server answers at the address under `to`, and whether its certificate is good.',
    }),
  })
}

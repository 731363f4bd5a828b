import type { Agent, IncomingMessage } from 'node:http'
import { ProxyServer } from 'httpxy'
import { InnerServerError } from '../requests/inner-server-error.js'
import type { ClientResponse, CallerRequest } from '../requests/steps.js'
import type { InnerHeaders } from './inner-headers.js'
import { InnerRequest, type Waiting } from './inner-request.js'
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

export function createProxy(): Proxy {
  const server = new ProxyServer<InnerRequest, ClientResponse>()
  server.on('proxyReq', (sending, { waiting }) => {
    waiting.sending = sending
    prepareSending(sending, waiting.request)
  })
  server.on('proxyReqWs', (sending, { waiting: { request, rules } }, socket) => {
    if (rules !== undefined) prepareTunnel(sending, request, socket, rules)
  })
  server.on('proxyRes', (answer, { waiting }) => {
    if (isAnswer(answer)) return waiting.resolve(answer)
    answer.destroy()
    waiting.reject(noAnswer(waiting))
  })
  server.on('econnreset', (error, { waiting }) => waiting.reject(error))
  server.on('error', (error, facade) => facade?.waiting.reject(innerFault(error, facade.waiting)))
  return {
    send: (request, response, destination) =>
      new Promise((resolve, reject) => {
        const facade = new InnerRequest({ request, resolve, reject }, destination.headers)
        server.web(facade, response, optionsFor(request, destination)).catch(reject)
      }),
    upgrade(request, { socket, head }, destination, rules) {
      const waiting = { request, rules, resolve: () => {}, reject: rules.refuse }
      const facade = new InnerRequest(waiting, destination.headers)
      server.ws(facade, socket, optionsFor(request, destination), head).catch(rules.refuse)
    },
  }
}

function optionsFor(request: CallerRequest, { url, agent }: Destination) {
  const { protocol, hostname, port, base } = addressOf(url)
  return {
    // With ignorePath, the path goes out octet by octet.
    target: { protocol, hostname, port, pathname: `${base}${request.path}${request.query}` },
    ignorePath: true,
    agent,
    selfHandleResponse: true,
    buffer: request.request,
  }
}

interface Address {
  readonly protocol: string
  readonly hostname: string
  readonly port: string
  /** What stands before the path of each request. */
  readonly base: string
}

const addresses = new WeakMap<URL, Address>()

/** A URL takes its text apart each time. */
function addressOf(url: URL): Address {
  let address = addresses.get(url)
  if (address === undefined) {
    const { protocol, port } = url
    const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1')
    addresses.set(url, (address = { protocol, hostname, port, base: url.pathname.replace(/\/$/, '') }))
  }
  return address
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
  const isOfKeptConnection = sending?.reusedSocket === true
  return new InnerServerError(`the inner server of ${request.site.hosts[0]} broke off: ${code}`, {
    code: 'S4U_INNER_BROKE_OFF',
    cause: error,
    isOfKeptConnection,
    ...(!isOfKeptConnection && {
      hint: 'Look whether the server answers at the address under `to`, and whether its certificate is good.',
    }),
  })
}

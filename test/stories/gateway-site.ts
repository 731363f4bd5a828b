import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type RequestListener,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createAcceptor } from '@s4u/acceptor'
import { createGateway, type Gateway, type GatewayConfig } from '@s4u/gateway'
import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { Desktop, PASSWORD } from './fixtures/corporation.js'

/** The public name of the site, and its service principal name. */
export const PUBLIC = 'orders.example.com'
const OUTER = `HTTP/${PUBLIC}`
export const INNER = 'HTTP/orders.ad.test'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly trailers: IncomingMessage['trailers']
}

export interface AskOptions {
  readonly host?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Uint8Array
  /** Who asks, with a ticket; undefined: nobody. */
  readonly as?: string | undefined
}

/** A realm, an inner server that wants Kerberos, and a gateway in front of it. */
export interface GatewaySite extends AsyncDisposable {
  readonly realm: TestRealm
  readonly gateway: Gateway
  readonly port: number
  readonly innerPort: number
  /** The requests that the inner server has got. */
  readonly seen: IncomingMessage[]
  ask(path: string, options?: AskOptions): Promise<Answer>
}

export type Site = Extract<GatewayConfig['sites'], readonly unknown[]>[number]

export interface SiteWishes {
  /** What the inner server does, when it knows the user. */
  readonly handle?: RequestListener
  /** What it does with handshakes. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex) => void
  /** Of the one site. */
  readonly site?: Partial<Site>
  /** Other sites before it, of the same inner server. */
  readonly also?: (to: string) => readonly Site[]
  readonly config?: Partial<GatewayConfig>
  /** Whether the inner server asks who comes. Default: yes. */
  readonly innerAuthenticates?: boolean
}

export function gatewayRealm(): Promise<TestRealm> {
  return createTestRealm({
    realm: 'AD.TEST',
    users: {
      alice: { password: PASSWORD, groups: ['Sales'] },
      bob: { password: PASSWORD },
      carol: { password: PASSWORD, sensitive: true },
    },
    services: {
      gateway: { spns: [OUTER], trustedToAuthForDelegation: true, allowedToDelegateTo: [INNER] },
      orders: { spns: [INNER] },
      other: { spns: ['HTTP/other.ad.test'] },
    },
  })
}

export async function gatewaySite({
  handle = sayWho,
  upgrade,
  site,
  also,
  config,
  innerAuthenticates = true,
}: SiteWishes = {}): Promise<GatewaySite> {
  const realm = await gatewayRealm()
  const seen: IncomingMessage[] = []
  const inner = createServer(
    { maxHeaderSize: 98_304 },
    innerAuthenticates ? authenticated(realm, seen, handle) : noting(seen, handle),
  )
  if (upgrade !== undefined) inner.on('upgrade', upgrade)
  const innerPort = await listen(inner)
  const to = `http://127.0.0.1:${innerPort}`
  const gateway = createGateway({
    kerberos: {
      negotiator: { keytab: realm.keytabFor('gateway'), kdc: realm.transport },
      principal: 'gateway',
      protocolTransition: true,
      targets: INNER,
    },
    session: { secure: false },
    listeners: { address: '127.0.0.1:0', plain: true },
    sites: [...(also?.(to) ?? []), { hosts: PUBLIC, to, delegation: { service: INNER }, ...site }],
    operation: { alerts: 'off' },
    ...config,
  })
  await gateway.listen()
  const { port } = gateway.addresses[0]
  return {
    ...{ realm, gateway, port, innerPort, seen },
    async ask(path, options = {}) {
      const authorization =
        options.as === undefined ? undefined : await new Desktop(realm, options.as).authorization(OUTER)
      return ask(port, path, { ...options, headers: { ...(authorization && { authorization }), ...options.headers } })
    },
    async [Symbol.asyncDispose]() {
      await gateway.stop()
      inner.closeAllConnections()
      inner.close()
      await realm[Symbol.asyncDispose]()
    },
  }
}

/** What the inner server answers when a test says nothing. */
const sayWho: RequestListener = (request, response) =>
  void response.end(`${request.headers['x-test-user'] ?? 'nobody'} ${request.url}`)

function noting(seen: IncomingMessage[], handle: RequestListener): RequestListener {
  return (request, response) => {
    seen.push(request)
    handle(request, response)
  }
}

/** The user is in a header that the gateway never sends. */
function authenticated(realm: TestRealm, seen: IncomingMessage[], handle: RequestListener): RequestListener {
  const acceptor = createAcceptor({ keytab: realm.keytabFor('orders') })
  return async (request, response) => {
    seen.push(request)
    const parsed = parseAuthorization(request.headers.authorization)
    if (parsed.status !== 'token') return refuse(request, response)
    const outcome = await acceptor.accept(parsed.token)
    if (outcome.status !== 'accepted') return refuse(request, response)
    request.headers['x-test-user'] = outcome.identity.principal
    response.setHeader('WWW-Authenticate', formatChallenge(outcome.reply))
    handle(request, response)
  }
}

const refuse: RequestListener = (_request, response) => {
  response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end('the inner server knows nobody')
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

export async function ask(
  port: number,
  path: string,
  { host = PUBLIC, method = 'GET', headers = {}, body }: AskOptions,
): Promise<Answer> {
  const request = httpRequest({ host: '127.0.0.1', port, path, method, headers: { host, ...headers }, agent: false })
  request.end(body)
  const [answer]: IncomingMessage[] = await once(request, 'response')
  const { statusCode: status = 0, rawHeaders } = answer
  return { status, headers: answer.headers, rawHeaders, body: await text(answer), trailers: answer.trailers }
}

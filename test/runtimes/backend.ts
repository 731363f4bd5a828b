import { createNegotiator, respond, writeHeaders } from '@s4u/negotiate'
import type { TestRealm } from '@s4u/test-kdc'
import { once } from 'node:events'
import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { TLSSocket } from 'node:tls'
import type { Issued } from '../stories/fixtures/authority.js'

/** What the backend answers: who asked, by which connection, and who was the first one on it. */
export interface BackendAnswer {
  readonly status: number
  readonly principal: string
  readonly firstPrincipal: string
  readonly connection: number
  readonly method: string
  readonly body: string
  readonly length: string | null
  /** The name in the certificate that the client showed. */
  readonly shown: string | null
  readonly version: string
}

export interface Backend {
  readonly url: string
  /** Ends all connections that are open now. */
  closeConnections(): Promise<void>
  close(): void
}

/**
 * Starts a backend over https, HTTP/1.1 and 2, that wants channel bindings, and remembers the first
 * caller of each connection: one that authenticates connections, as IIS can, would serve all others
 * there as that caller.
 */
export async function startBackend(realm: TestRealm, { pem: cert, key }: Issued): Promise<Backend> {
  const keytab = realm.keytabFor('api')
  const now = (): number => realm.now
  const binding = createNegotiator({ keytab, now, channelBinding: 'require' })
  // An interceptor does not see the connection, and binds nothing.
  const unbound = createNegotiator({ keytab, now })
  const firstOn = new WeakMap<object, { readonly connection: number; readonly firstPrincipal: string }>()
  let count = 0
  const settings = { allowHTTP1: true, requestCert: true, rejectUnauthorized: false }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = '/', method = 'GET', headers, httpVersion } = request
    if (url === '/slow') return
    const body = await text(request)
    const outcome = await (url.startsWith('/unbound') ? unbound : binding).authenticate(request)
    if (outcome.status === 'challenge') return respond(response, outcome)
    writeHeaders(response, outcome.headers)
    if (url === '/moved') return void response.writeHead(302, { location: '/orders' }).end()
    const principal = outcome.identity?.principal ?? ''
    const line = connectionOf(request)
    const first = firstOn.get(line) ?? { connection: ++count, firstPrincipal: principal }
    firstOn.set(line, first)
    const seen = { length: headers['content-length'] ?? null, shown: shownBy(request), version: httpVersion }
    response.end(JSON.stringify({ principal, ...first, method, body, ...seen }))
  }
  // The compatible API of HTTP/2 takes what was written for HTTP/1.
  const server = createSecureServer({ cert, key, maxHeaderListPairs: 100, ...settings }, answer as unknown as Listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    async closeConnections() {
      const open = [...sockets].filter((socket) => !socket.destroyed)
      const closed = open.map((socket) => once(socket, 'close'))
      for (const socket of open) socket.destroy()
      await Promise.all(closed)
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      binding[Symbol.dispose]()
      unbound[Symbol.dispose]()
    },
  }
}

type Listener = (request: Http2ServerRequest, response: Http2ServerResponse) => void

/** Each stream of HTTP/2 has a socket object of its own. */
function connectionOf(request: IncomingMessage): object {
  const stream: unknown = 'stream' in request ? request.stream : undefined
  return typeof stream === 'object' && stream !== null && 'session' in stream ? Object(stream.session) : request.socket
}

function shownBy({ socket }: IncomingMessage): string | null {
  return socket instanceof TLSSocket ? (socket.getPeerCertificate().subject?.CN?.toString() ?? null) : null
}

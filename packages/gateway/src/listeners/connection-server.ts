import { createServer as createHttpServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
  type ServerHttp2Session,
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import type { ListenerSettings } from '../configuration/gateway-options.js'
import type { CertificatePair, Certificates } from './certificates.js'
import { limitResets } from './reset-limit.js'

/** What a listener hands its requests to. */
export interface RequestSink {
  request(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
}

/** Serves connections that it is given: HTTP/1.1 and HTTP/2, over TLS or plain. */
export interface ConnectionServer {
  take(socket: Socket): void
  /**
   * Lets the requests of its connections end, begins no new ones, and after that time, in
   * milliseconds, cuts them off. Resolves when no connection is left.
   */
  retire(time: number): Promise<void>
}

export interface ConnectionServerDeps {
  readonly sink: () => RequestSink
  /** Those in force now. */
  readonly certificates: () => Certificates | undefined
  /** Whether clients are asked for a certificate. Who believes it checks it. */
  readonly asksCertificate: boolean
  /** Whether an address is one of a named proxy in front. */
  readonly isProxy: (address: string | undefined) => boolean
}

type AnyServer = Server | Http2SecureServer

export function createConnectionServer(settings: ListenerSettings, deps: ConnectionServerDeps): ConnectionServer {
  const server = serverOf(settings, deps)
  const sockets = new Set<Socket>()
  let emptied = (): void => {}
  const sessions = new Set<Http2Session>()
  const underWay = takeRequests(server, deps.sink)
  const showFirst = firstCertificate(server, deps.certificates)
  server.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    // A proxy resets what any of its clients leaves: to cut it off would end the requests of all.
    if (!deps.isProxy(session.socket.remoteAddress)) limitResets(session)
    // `close` lets its requests end.
    session.setTimeout(settings.limits.keepAlive, () => session.close())
    session.once('close', () => sessions.delete(session))
  })
  // Node begins with it to look for clients that are too slow; this server listens nowhere itself.
  server.emit('listening')
  return {
    take(socket) {
      sockets.add(socket)
      socket.once('close', () => {
        sockets.delete(socket)
        if (sockets.size === 0) emptied()
      })
      // As the servers of Node have it for the sockets that they make.
      socket.allowHalfOpen = settings.tls === undefined
      showFirst()
      server.emit('connection', socket)
    },
    async retire(time) {
      underWay.endConnections()
      for (const session of sessions) session.close()
      const timer = setTimeout(() => sockets.forEach((socket) => socket.destroy()), time)
      if (sockets.size > 0) await new Promise<void>((resolve) => (emptied = resolve))
      clearTimeout(timer)
      // Ends what Node began with `listening`.
      server.close()
    },
  }
}

/** For clients that name no host. Those that name one are asked about with `SNICallback`. */
function firstCertificate(server: AnyServer, certificates: ConnectionServerDeps['certificates']): () => void {
  let shown: CertificatePair | undefined
  return () => {
    const first = certificates()?.first
    if (first === shown || first === undefined || !('setSecureContext' in server)) return
    shown = first
    server.setSecureContext(first)
  }
}

/**
 * The requests of HTTP/1 that are under way: after them no other may begin on their connections.
 */
interface UnderWay {
  endConnections(): void
}

function takeRequests(server: AnyServer, sink: () => RequestSink): UnderWay {
  const responses = new Set<ServerResponse>()
  let ends = false
  const endIdle = (): void => {
    if ('closeIdleConnections' in server) server.closeIdleConnections()
  }
  const note = (response: ServerResponse): void => {
    responses.add(response)
    if (ends) response.shouldKeepAlive = false
    response.once('close', () => {
      responses.delete(response)
      // One whose headers were sent before has promised the client that the connection stays.
      if (ends) setImmediate(endIdle)
    })
  }
  // Node would answer 100 by itself, before anything was decided.
  for (const event of ['request', 'checkContinue'] as const)
    server.on(event, (request: IncomingMessage, response: ServerResponse) => {
      if (response instanceof ServerResponse) note(response)
      sink().request(request, response)
    })
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(417, { connection: 'close' }).end()
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without a listener, a client that goes away would end the process.
    socket.on('error', () => socket.destroy())
    if (socket instanceof Socket) sink().upgrade(request, socket, head)
    else socket.destroy()
  })
  return {
    endConnections() {
      ends = true
      for (const response of responses) response.shouldKeepAlive = false
      endIdle()
    },
  }
}

function serverOf({ tls, http2, limits }: ListenerSettings, { certificates, asksCertificate }: ConnectionServerDeps) {
  const http1 = {
    maxHeaderSize: limits.headers,
    headersTimeout: limits.headersTime,
    // Uploads take the time that they take; what stands still is ended by its idle time.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAlive,
    connectionsCheckingInterval: Math.min(limits.headersTime, CHECKING_INTERVAL),
  }
  if (tls === undefined) return createHttpServer(http1)
  const secure = {
    ...http1,
    minVersion: tls.minVersion,
    ...(asksCertificate && { requestCert: true, rejectUnauthorized: false }),
    handshakeTimeout: limits.headersTime,
    SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) =>
      done(null, certificates()?.contextFor(name)),
  }
  // A server for both versions takes none of these as options.
  return http2
    ? Object.assign(secureHttp2(secure, limits), http1)
    : createHttpsServer({ ...secure, ALPNProtocols: ['http/1.1'] })
}

/** How often Node looks for clients that are too slow. */
const CHECKING_INTERVAL = 5_000

function secureHttp2(secure: object, { headers, streams }: ListenerSettings['limits']): Http2SecureServer {
  return createSecureServer({
    ...secure,
    allowHTTP1: true,
    maxHeaderListPairs: MAX_HEADER_LINES,
    settings: { maxConcurrentStreams: streams, maxHeaderListSize: headers, enablePush: false },
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
  })
}

/** More than any browser sends. */
const MAX_HEADER_LINES = 200

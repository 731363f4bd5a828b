import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { SecureContext } from 'node:tls'
import { ConfigurationError, type S4uError } from '@s4u/krb5'
import type { ListenerSettings } from '../configuration/gateway-options.js'
import { loadCertificates } from './certificates.js'
import { limitConnections, type OpenConnections } from './open-connections.js'

/** What a listener hands its requests to. */
export interface RequestSink {
  request(request: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse): void
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
}

/** One address where the gateway listens. */
export interface Listener {
  /** Resolves to the address, when connections are taken; at once where they are. */
  listen(): Promise<AddressInfo>
  /** Whether it can go on with other settings, as `adopt` says. */
  adopts(settings: ListenerSettings, asksCertificate: boolean): boolean
  /** Goes on with other settings. Its connections stay. */
  adopt(settings: ListenerSettings): void
  /** Reads renewed certificates. */
  reload(): void
  /** Takes no more connections, lets requests end, and after that time cuts them off. */
  stop(time: number): Promise<void>
}

export interface ListenerDeps {
  readonly sink: (settings: ListenerSettings) => RequestSink
  readonly onFault: (error: S4uError) => void
  /** Whether clients are asked for a certificate. Who believes it checks it. */
  readonly asksCertificate: boolean
}

type AnyServer = Server | Http2SecureServer

/** @throws ConfigurationError for certificates that cannot be used */
export function createListener(first: ListenerSettings, { sink, onFault, asksCertificate }: ListenerDeps): Listener {
  let settings = first
  let certificates = first.tls && loadCertificates(first.tls, onFault)
  const server = serverOf(first, (name) => certificates?.contextFor(name), asksCertificate)
  const connections = limitConnections(server, () => settings.limits)
  takeRequests(server, () => sink(settings))
  return {
    listen: () => listen(server, settings),
    adopts: (next, asks) => asks === asksCertificate && fixedPart(next) === fixedPart(settings),
    adopt(next) {
      if (JSON.stringify(next.tls) !== JSON.stringify(settings.tls))
        certificates = next.tls && loadCertificates(next.tls, onFault)
      settings = next
    },
    reload: () => certificates?.reload(),
    stop: (time) => stop(server, connections, time),
  }
}

/** What a server of Node cannot change while it runs. */
function fixedPart({ address, tls, http2, limits }: ListenerSettings): string {
  return JSON.stringify([address, tls?.minVersion, http2, limits])
}

function takeRequests(server: AnyServer, sink: () => RequestSink): void {
  // Node would answer 100 by itself, before anything was decided.
  for (const event of ['request', 'checkContinue'] as const)
    server.on(event, (request: IncomingMessage, response: ServerResponse) => sink().request(request, response))
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(417, { connection: 'close' }).end()
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Without a listener, a client that goes away would end the process.
    socket.on('error', () => socket.destroy())
    if (socket instanceof Socket) sink().upgrade(request, socket, head)
    else socket.destroy()
  })
}

type ContextFor = (name: string | undefined) => SecureContext | undefined

function serverOf(
  { tls, http2, limits }: ListenerSettings,
  contextFor: ContextFor,
  asksCertificate: boolean,
): AnyServer {
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
      done(null, contextFor(name)),
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
    // A client that resets its requests as fast as it sends them (CVE-2023-44487) is shut out.
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
  })
}

/** More than any browser sends. */
const MAX_HEADER_LINES = 200

function listen(server: AnyServer, { address }: ListenerSettings): Promise<AddressInfo> {
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1')
  const port = Number(address.slice(at + 1))
  if (server.listening) return Promise.resolve(addressOf(server))
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(cannotListen(address, cause)))
    server.listen({ port, ...(host !== '' && { host }) }, () => resolve(addressOf(server)))
  })
}

function addressOf(server: AnyServer): AddressInfo {
  const bound = server.address()
  if (bound === null || typeof bound === 'string') throw new TypeError('not listening on a port')
  return bound
}

function cannotListen(address: string, cause: Error): ConfigurationError {
  const code = 'code' in cause ? String(cause.code) : cause.message
  return new ConfigurationError(`cannot listen on ${address}: ${code}`, {
    hint: 'EADDRINUSE: another program listens there. EACCES: ports below 1024 need a capability (CAP_NET_BIND_SERVICE).',
    cause,
  })
}

async function stop(server: AnyServer, connections: OpenConnections, time: number): Promise<void> {
  if (!server.listening) return
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  connections.endIdle()
  const timer = setTimeout(() => connections.destroyAll(), time)
  await closed
  clearTimeout(timer)
  connections.destroyAll()
}

/**
 * Handshakes for WebSockets. `server.on('upgrade')` bypasses every framework and gives out a bare
 * socket.
 */

import { STATUS_CODES } from 'node:http'
import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { type Anonymous, type Authenticated } from './outcome.js'
import type { Challenge, ResponseHeaders } from '../http/response.js'
import { headerOf, type NegotiableRequest } from '../http/request.js'
import { connectionOf } from '../http/proxied.js'

/**
 * The result of a handshake. A challenge has been sent already, and the socket is not yours any
 * more.
 */
export type UpgradeOutcome = Authenticated | Anonymous | Challenge

const headersOf = new WeakMap<NegotiableRequest, readonly string[]>()

/**
 * Returns the header lines for the 101 of an accepted handshake: the proof of the server's
 * identity, and the cookie of a session that begins.
 *
 * ```ts
 * import type { EventEmitter } from 'node:events'
 * import type { IncomingMessage } from 'node:http'
 * import { upgradeHeaders } from '@s4u/negotiate'
 *
 * // sockets: the WebSocketServer of ws
 * export function addHeaders(sockets: EventEmitter): void {
 *   sockets.on('headers', (lines: string[], request: IncomingMessage) => {
 *     lines.push(...upgradeHeaders(request))
 *   })
 * }
 * ```
 */
export function upgradeHeaders(request: NegotiableRequest): readonly string[] {
  return headersOf.get(request) ?? []
}

/**
 * Judges a handshake, and answers it where it is refused.
 * @throws what `authenticate` throws; the socket has been closed with a 500 then
 */
export async function answerUpgrade(
  request: NegotiableRequest,
  authenticate: () => Promise<UpgradeOutcome>,
): Promise<UpgradeOutcome> {
  const socket = request.socket instanceof Duplex ? request.socket : undefined
  // The socket has no other listener yet: without one, a client that goes away would end the
  // process.
  socket?.on('error', ignore)
  try {
    const outcome = await authenticate()
    if (outcome.status === 'challenge') {
      if (socket !== undefined) refuse(request, socket, outcome)
      return outcome
    }
    headersOf.set(request, linesOf(outcome.headers))
    return outcome
  } catch (error) {
    if (socket !== undefined) refuse(request, socket, FAULT)
    throw error
  }
}

const ignore = (): void => {}

type Answer = Pick<Challenge, 'headers' | 'body'> & { readonly statusCode: number }

const FAULT: Answer = { statusCode: 500, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: '' }

/**
 * Writes a refusal to the socket. After a 401 the connection stays open where it can: a negotiation
 * of several legs needs the same one.
 */
function refuse(request: NegotiableRequest, socket: Duplex, { statusCode, headers, body }: Answer): void {
  const again = statusCode === 401 ? serverFor(request, socket) : undefined
  const octets = Buffer.from(body)
  const head = [
    `HTTP/1.1 ${statusCode} ${STATUS_CODES[statusCode]}`,
    ...linesOf({ ...headers, 'Content-Length': String(octets.length), Connection: again ? 'keep-alive' : 'close' }),
  ]
  const answer = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), octets])
  if (again === undefined) {
    socket.end(answer)
    // Frees the socket also where the client does not close its side.
    socket.resume().once('finish', () => socket.destroy())
    return
  }
  socket.off('error', ignore)
  socket.write(answer)
  again.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket)
}

/**
 * Returns the server that reads the next request from this socket; undefined where the next octets
 * may not be a request.
 */
function serverFor(
  request: NegotiableRequest,
  socket: Duplex,
): { emit(event: string, socket: Duplex): boolean } | undefined {
  const { headers, method = 'GET' } = request
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  if (endsWithAnswer(request)) return undefined
  // Node gives out the octets behind the handshake apart. They could be what a proxy takes for the
  // body of this request, and must not be read as another request.
  if (method !== 'GET' || hasBody || connectionOf(request) === undefined || socket.destroyed) return undefined
  const server: unknown = 'server' in socket ? socket.server : undefined
  return isEmitter(server) ? server : undefined
}

/**
 * Whether the client waits for the end of the connection and sends no other request on it. RFC 9112
 * section 9.3.
 */
function endsWithAnswer(request: NegotiableRequest): boolean {
  const said = headerOf(request, 'connection') ?? ''
  const isOld = 'httpVersionMinor' in request && request.httpVersionMinor === 0
  return isOld || said.split(',').some((option) => option.trim().toLowerCase() === 'close')
}

function isEmitter(value: unknown): value is { emit(event: string, socket: Duplex): boolean } {
  return typeof value === 'object' && value !== null && 'emit' in value && typeof value.emit === 'function'
}

/** Formats headers as lines. A line break, in a media type or a realm, must not add a header. */
function linesOf(headers: ResponseHeaders): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one.replace(/[\r\n]+/g, ' ')}`),
  )
}

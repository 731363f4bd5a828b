/**
 * Handshakes for WebSockets: `server.on('upgrade')` goes past every framework, and hands out a bare
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
 * What came of a handshake. A challenge has been sent already: there is nothing left to do with the
 * socket.
 */
export type UpgradeOutcome = Authenticated | Anonymous | Challenge

const headersOf = new WeakMap<NegotiableRequest, readonly string[]>()

/**
 * The header lines that belong to the 101 of a handshake which was let through: the proof of who
 * answers, and a session that begins.
 *
 *     sockets.on('headers', (lines, request) => lines.push(...upgradeHeaders(request)))
 */
export function upgradeHeaders(request: NegotiableRequest): readonly string[] {
  return headersOf.get(request) ?? []
}

/**
 * Judges a handshake, and answers it where it is refused. @throws what `authenticate` throws, when
 * the socket has been closed with a 500
 */
export async function answerUpgrade(
  request: NegotiableRequest,
  authenticate: () => Promise<UpgradeOutcome>,
): Promise<UpgradeOutcome> {
  const socket = request.socket instanceof Duplex ? request.socket : undefined
  // Nobody else listens yet: a client that goes away meanwhile would end the process.
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
 * Browsers and programs make the next handshake on another connection as well; a negotiation of
 * several legs cannot.
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
    // A client that does not close its side keeps no socket of ours.
    socket.resume().once('finish', () => socket.destroy())
    return
  }
  socket.off('error', ignore)
  socket.write(answer)
  again.emit(socket instanceof TLSSocket ? 'secureConnection' : 'connection', socket)
}

/**
 * The server that reads the next request from this socket; undefined where what follows may not be
 * one.
 */
function serverFor(
  request: NegotiableRequest,
  socket: Duplex,
): { emit(event: string, socket: Duplex): boolean } | undefined {
  const { headers, method = 'GET' } = request
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  if (endsWithAnswer(request)) return undefined
  // Octets behind the handshake, which Node has handed out apart, would be taken for a request:
  // what a proxy took for a body, say.
  if (method !== 'GET' || hasBody || connectionOf(request) === undefined || socket.destroyed) return undefined
  const server: unknown = 'server' in socket ? socket.server : undefined
  return isEmitter(server) ? server : undefined
}

/**
 * Whether the client waits for the end of the connection, and sends nothing more on it. RFC 9112
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

/** No line break of a body's media type or of a realm slips a header in. */
function linesOf(headers: ResponseHeaders): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one) => `${name}: ${one.replace(/[\r\n]+/g, ' ')}`),
  )
}

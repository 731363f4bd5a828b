import { maxHeaderSize } from 'node:http'
import type { NegotiableRequest } from './request.js'

/**
 * A Windows ticket has up to 48,000 octets (MaxTokenSize), 64,000 in base64. Node takes 16 KB of
 * headers by default.
 */
const ENOUGH = 65_536

const warned = new WeakSet<object>()

/**
 * Returns how many octets of headers the server of a request takes; undefined where that is not
 * known. HTTP/2 has limits of its own.
 */
export function headerLimitOf(request: NegotiableRequest): number | undefined {
  const server = serverOf(request)
  if (server === undefined) return undefined
  return 'maxHeaderSize' in server && typeof server.maxHeaderSize === 'number' ? server.maxHeaderSize : maxHeaderSize
}

/**
 * Returns how many octets of headers a request has. Node counts only names and values; the octets
 * between them are a reserve.
 */
export function headerLengthOf({ headers }: NegotiableRequest): number {
  let length = 0
  for (const [name, value] of Object.entries(headers)) {
    for (const one of typeof value === 'object' ? value : [value]) length += name.length + (one?.length ?? 0) + 4
  }
  return length
}

/**
 * Warns once for each server that answers users in many groups with 431: no log of the app would
 * show that.
 */
export function warnOfSmallHeaders(request: NegotiableRequest, emit = emitWarning): void {
  const server = serverOf(request)
  if (server === undefined || warned.has(server)) return
  warned.add(server)
  const limit = headerLimitOf(request) ?? ENOUGH
  if (limit < ENOUGH) {
    emit(
      `requests of users in many groups will be answered with 431: the server takes ${limit} octets of headers. ` +
        `Create it with { maxHeaderSize: ${ENOUGH} }, or start Node with --max-http-header-size=${ENOUGH}.`,
    )
  }
}

function serverOf({ socket, httpVersionMajor = 1 }: NegotiableRequest): object | undefined {
  if (httpVersionMajor > 1) return undefined
  const server: unknown = socket && 'server' in socket ? socket.server : undefined
  return typeof server === 'object' && server !== null ? server : undefined
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'S4uWarning', code: 'S4U_SMALL_HEADERS' })
}

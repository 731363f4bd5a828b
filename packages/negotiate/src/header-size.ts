import { maxHeaderSize } from 'node:http'
import type { NegotiableRequest } from './outcome.js'

/** A Windows ticket has up to 48,000 octets (MaxTokenSize), 64,000 in base64. Node takes 16 KB of headers unless told otherwise. */
const ENOUGH = 65_536

const warned = new WeakSet<object>()

/** Warns once for each server that users in many groups will get a 431 of it, which no log of the app would show. */
export function warnOfSmallHeaders({ socket, httpVersionMajor = 1 }: NegotiableRequest, emit = emitWarning): void {
  // HTTP/2 has limits of its own, which are large enough.
  if (httpVersionMajor > 1) return
  const server: unknown = socket && 'server' in socket ? socket.server : undefined
  if (typeof server !== 'object' || server === null || warned.has(server)) return
  warned.add(server)
  const limit =
    'maxHeaderSize' in server && typeof server.maxHeaderSize === 'number' ? server.maxHeaderSize : maxHeaderSize
  if (limit < ENOUGH) {
    emit(
      `requests of users in many groups will be answered with 431: the server takes ${limit} octets of headers. ` +
        `Create it with { maxHeaderSize: ${ENOUGH} }, or start Node with --max-http-header-size=${ENOUGH}.`,
    )
  }
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'S4uWarning', code: 'S4U_SMALL_HEADERS' })
}

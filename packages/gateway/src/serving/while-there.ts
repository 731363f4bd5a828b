import type { Socket } from 'node:net'
import type { ClientRequest, ClientResponse } from '../requests/steps.js'

/**
 * Ends a wait where the client goes away. An answer that has begun needs no signal: to abort one
 * costs more than to make it, and every response is closed once.
 */
export async function whileThere<T>(
  request: ClientRequest,
  response: ClientResponse,
  wait: (gone: AbortSignal) => Promise<T>,
): Promise<T> {
  if (request.httpVersionMajor < 2) return wait(goneFrom(request.socket))
  const gone = new AbortController()
  const abort = (): void => gone.abort()
  response.once('close', abort)
  try {
    return await wait(gone.signal)
  } finally {
    response.off('close', abort)
  }
}

const signals = new WeakMap<Socket, AbortSignal>()

/**
 * In HTTP/1 the client of a request has gone when its connection has: one signal serves them all.
 */
function goneFrom(connection: Socket): AbortSignal {
  const known = signals.get(connection)
  if (known !== undefined) return known
  const gone = new AbortController()
  if (connection.destroyed) gone.abort()
  else connection.once('close', () => gone.abort())
  signals.set(connection, gone.signal)
  return gone.signal
}

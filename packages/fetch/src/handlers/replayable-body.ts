/**
 * Says whether a request can be sent again, with a token or with another one, after the server has
 * read its body. A stream is gone then.
 */

import type { Dispatcher } from 'undici'

/**
 * Returns whether a body of undici can be sent again. The body of a fetch never can: it is a stream
 * here.
 */
export function isReplayableBody(body: Dispatcher.DispatchOptions['body']): boolean {
  return body === undefined || body === null || typeof body === 'string' || body instanceof Uint8Array
}

/**
 * Returns whether a request of fetch can be sent again: there is no body, or the caller still has
 * its source.
 * @param request undefined where there is no body
 */
export function isReplayableRequest(request: Request | undefined, init: RequestInit | undefined): boolean {
  if (request === undefined || request.body === null) return true
  const body = init?.body
  if (body === undefined || body === null) return false
  return !(body instanceof ReadableStream) && !(Symbol.asyncIterator in Object(body))
}

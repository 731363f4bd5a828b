import { EventEmitter } from 'node:events'
import { type Challenge, respond, type ResponseHeaders, writeHeaders } from '@s4u/negotiate'
import type { ParameterizedContext } from 'koa'

/**
 * Sends a challenge as Koa sends answers, so that middleware in front still sees it; or resets an
 * HTTP/2 stream, which Koa must not answer then.
 */
export function respondWith(ctx: ParameterizedContext, challenge: Challenge): void {
  if (challenge.http1Required) {
    ctx.respond = false
    expectReset(ctx.res)
    respond(ctx.res, challenge)
    return
  }
  ctx.status = challenge.statusCode
  ctx.body = challenge.body
  writeHeaders(ctx.res, challenge.headers)
}

/** Marks the error of a stream that ends early as told to the client, or Koa would log it. */
function expectReset(response: object): void {
  const stream: unknown = 'stream' in response ? response.stream : undefined
  if (!(stream instanceof EventEmitter)) return
  stream.prependListener('error', (error: Error) => void Object.assign(error, { expose: true }))
}

/**
 * Keeps headers for the case that a handler throws: Koa then drops all headers but those of the
 * error, and the proof of the server's identity belongs to that answer too. The headers are added
 * to the response and never to the error. Several requests can fail with the same error object (an
 * exchange that they share, a constant), and the error would carry the session of one caller to the
 * others.
 */
export function keepHeadersOnError(ctx: ParameterizedContext, headers: ResponseHeaders): void {
  if (Object.keys(headers).length === 0) return
  const { onerror, res } = ctx
  const onErrorOfThis = (error: Error | null): void => {
    // Koa calls this without an error too, when a response is over.
    if (error && !res.headersSent) beforeHead(res, () => writeHeaders(res, headers))
    Reflect.apply(onerror, ctx, [error])
  }
  Object.assign(ctx, { onerror: onErrorOfThis })
}

/**
 * Calls `act` just before the headers are sent: at that time Koa, or the app's own `onerror`, has
 * removed and set what it wants.
 */
function beforeHead(response: ParameterizedContext['res'], act: () => void): void {
  const { writeHead } = response
  Object.assign(response, {
    writeHead(...head: unknown[]): unknown {
      Object.assign(response, { writeHead })
      act()
      return Reflect.apply(writeHead, response, head)
    },
  })
}

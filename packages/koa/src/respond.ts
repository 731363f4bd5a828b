import { EventEmitter } from 'node:events'
import { type Challenge, respond, type ResponseHeaders, writeHeaders } from '@s4u/negotiate'
import type { ParameterizedContext } from 'koa'

/**
 * Sends a challenge the way Koa does, so that middleware in front still sees it; or resets an
 * HTTP/2 stream, about which Koa must not know.
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

/** Koa logs what ends a stream early, unless it is marked as told to the client. */
function expectReset(response: object): void {
  const stream: unknown = 'stream' in response ? response.stream : undefined
  if (!(stream instanceof EventEmitter)) return
  stream.prependListener('error', (error: Error) => void Object.assign(error, { expose: true }))
}

/**
 * Koa drops all headers when a handler throws, but those of the error; the proof of who answers
 * belongs to that answer too. It is added to the response and never to the error: several requests
 * can fail with one and the same (an exchange that they share, a constant), and then the session of
 * one caller would go out to the others.
 */
export function keepHeadersOnError(ctx: ParameterizedContext, headers: ResponseHeaders): void {
  if (Object.keys(headers).length === 0) return
  const { onerror, res } = ctx
  const onErrorOfThis = (error: Error | null): void => {
    // Koa comes by without an error too, when a response is over.
    if (error && !res.headersSent) beforeHead(res, () => writeHeaders(res, headers))
    Reflect.apply(onerror, ctx, [error])
  }
  Object.assign(ctx, { onerror: onErrorOfThis })
}

/**
 * The last moment: Koa, or whatever an app has put in place of its `onerror`, has taken away and
 * set what it wants by then.
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

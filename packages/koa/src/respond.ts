import { EventEmitter } from 'node:events'
import { type Challenge, respond, type ResponseHeaders, writeHeaders } from '@s4u/negotiate'
import type { ParameterizedContext } from 'koa'

/** Sends a challenge the way Koa does, so that middleware in front still sees it; or resets an HTTP/2 stream, about which Koa must not know. */
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

/** Koa drops all headers when a handler throws, but those of the error; the proof of who answers belongs to that answer too. */
export async function keepHeaders(headers: ResponseHeaders, run: () => Promise<unknown>): Promise<void> {
  try {
    await run()
  } catch (error) {
    if (error instanceof Error && Object.isExtensible(error)) {
      const own = 'headers' in error && typeof error.headers === 'object' ? error.headers : {}
      Object.assign(error, { headers: { ...headers, ...own } })
    }
    throw error
  }
}

import { type Challenge, type ResponseHeaders, withHeaders } from '@s4u/negotiate'
import type { Context } from 'hono'

/** Returns the answer of a gate. */
export function responseOf({ statusCode, headers, body }: Challenge): Response {
  return withHeaders(new Response(body, { status: statusCode }), headers)
}

/**
 * Adds the headers of an outcome to the answer of the app, which may be that of an error: the proof
 * of the server's identity and the session belong to it whatever its status is.
 */
export function addHeaders(c: Context, headers: ResponseHeaders): void {
  const answer = withHeaders(c.res, headers)
  if (answer === c.res) return
  // Hono would write the cookies of the response before over those of the new one.
  c.res = undefined
  c.res = answer
}

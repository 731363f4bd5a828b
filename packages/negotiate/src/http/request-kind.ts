/**
 * Tells requests of `node:http` and web-standard requests apart. Each has `headers`, but those of
 * one kind read as empty in the other way: a caller would be asked for a token for ever.
 */

import { ConfigurationError, shownInput } from '@s4u/kdc-client'

/** @throws ConfigurationError for a web-standard Request, and for its headers in an object */
export function requireNodeRequest(method: string, request: unknown, instead: string): void {
  if (!hasWebHeaders(request)) return
  throw new ConfigurationError(`${method} was given a web-standard Request, and takes requests of node:http`, {
    hint: `Write ${instead}.`,
  })
}

/** @throws ConfigurationError for what is no web-standard Request */
export function requireWebRequest(method: string, request: unknown): asserts request is Request {
  if (isWebRequest(request)) return
  const isNode = typeof request === 'object' && request !== null && 'headers' in request
  const found = isNode ? 'a request of node:http' : shownInput(request)
  throw new ConfigurationError(`${method}: the request must be a web-standard Request, and not ${found}`, {
    hint: isNode
      ? 'Write negotiator.authenticate(request) for requests of node:http, Express or Koa (ctx.req).'
      : 'Give the Request that Bun.serve, Deno.serve, Hono (c.req.raw) or a route handler of Next.js has.',
  })
}

/** The Request may be of another library or JavaScript realm: its members count, not its class. */
export function isWebRequest(request: unknown): request is Request {
  return (
    hasWebHeaders(request) &&
    typeof Reflect.get(request, 'method') === 'string' &&
    typeof Reflect.get(request, 'url') === 'string'
  )
}

function hasWebHeaders(request: unknown): request is { readonly headers: Headers } {
  if (typeof request !== 'object' || request === null || !('headers' in request)) return false
  const { headers } = request
  // The headers of node:http are texts by name, so that `get` would be a text.
  return typeof headers === 'object' && headers !== null && 'get' in headers && typeof headers.get === 'function'
}

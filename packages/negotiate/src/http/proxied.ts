import type { NegotiableRequest } from './request.js'

/**
 * Whether a proxy says that it passed the request on. The connection of a proxy may carry many
 * users, so nothing may be remembered about it. A proxy may also say nothing; therefore everything
 * that is bound to connections is opt-in. Source: RFC 7239, RFC 9110 section 7.6.3.
 *
 * @example
 * ```ts
 * import { isProxied } from '@s4u/negotiate'
 *
 * console.log(isProxied({ headers: { 'x-forwarded-for': '10.0.0.7' } })) // true
 * console.log(isProxied({ headers: {} })) // false
 * ```
 */
export function isProxied({ headers }: NegotiableRequest): boolean {
  if (headers['via'] !== undefined || headers['forwarded'] !== undefined || headers['x-real-ip'] !== undefined)
    return true
  return Object.keys(headers).some((name) => name.startsWith('x-forwarded-'))
}

/**
 * Returns the connection where it belongs to one caller: HTTP/1 without a proxy. Requests over
 * HTTP/2 have no order, so that no leg can follow another.
 *
 * @example
 * ```ts
 * import type { IncomingMessage } from 'node:http'
 * import { connectionOf } from '@s4u/negotiate'
 *
 * // Whether something may be remembered about the connection of a request.
 * export const isOfOne = (request: IncomingMessage) => connectionOf(request) !== undefined
 * ```
 */
export function connectionOf(request: NegotiableRequest): object | undefined {
  const { socket, httpVersionMajor = 1, isSocketKnown = true } = request
  return !isSocketKnown || httpVersionMajor > 1 || isProxied(request) ? undefined : socket
}

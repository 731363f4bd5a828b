import type { NegotiableRequest } from './request.js'

/**
 * Whether a proxy says that it passed the request on. Its connection may carry many users, so
 * nothing may be remembered about it. That no proxy says so proves nothing: what is bound to
 * connections is opt-in for that reason. Source: RFC 7239, RFC 9110 section 7.6.3.
 */
export function isProxied({ headers }: NegotiableRequest): boolean {
  if (headers['via'] !== undefined || headers['forwarded'] !== undefined || headers['x-real-ip'] !== undefined)
    return true
  return Object.keys(headers).some((name) => name.startsWith('x-forwarded-'))
}

/**
 * The connection, where it can be taken for one caller: HTTP/1 and no proxy. HTTP/2 has no order
 * among its requests, so no leg follows another on it.
 */
export function connectionOf(request: NegotiableRequest): object | undefined {
  const { socket, httpVersionMajor = 1 } = request
  return socket === undefined || httpVersionMajor > 1 || isProxied(request) ? undefined : socket
}

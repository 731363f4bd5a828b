import type { Dispatcher } from 'undici'
import { withHeader } from '../handlers/request-headers.js'
import type { IdentityConnections } from '../connections/connections.js'
import { limited } from '../connections/time-limits.js'

/** What carries one request. */
export type RequestDispatcher = Pick<Dispatcher, 'dispatch'>

/** On which connections a request goes. */
export type RequestRoute = Pick<IdentityConnections, 'dispatcher' | 'limits'>

/**
 * Carries one request, and adds its credentials only here, below the fetch: what does not come by
 * these connections, which are one identity's own, has none. (The platform's fetch would also read
 * through the header character by character, more than once.)
 */
export class TokenDispatcher implements RequestDispatcher {
  readonly #route: RequestRoute
  #authorization: string | undefined
  /** Whether the request came by. */
  isUsed = false

  constructor(route: RequestRoute, authorization: string | undefined) {
    this.#route = route
    this.#authorization = authorization
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { dispatcher, limits } = this.#route
    const authorization = this.#authorization
    // One that is sent twice is a replay. The platform holds on to its requests, and need not hold
    // on to their tokens.
    if (this.isUsed && authorization !== undefined)
      throw new TypeError('a token is good for one request, and this one was sent before')
    this.isUsed = true
    const inTime = limited(handler, limits, String(options.origin))
    if (authorization === undefined) return dispatcher.dispatch(options, inTime)
    this.#authorization = ''
    const headers = withHeader(options.headers, 'authorization', authorization)
    return dispatcher.dispatch({ ...options, headers }, inTime)
  }
}

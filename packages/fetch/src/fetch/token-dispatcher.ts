import type { Dispatcher } from 'undici'
import { withHeader } from '../handlers/request-headers.js'
import type { IdentityConnections } from '../connections/connections.js'
import { limited } from '../connections/time-limits.js'

/** What carries one request. */
export type RequestDispatcher = Pick<Dispatcher, 'dispatch'>

/** The connections that a request uses, and its time limits. */
export type RequestRoute = Pick<IdentityConnections, 'dispatcher' | 'limits'>

/**
 * Carries one request, and adds its token only here, below the fetch. A request that does not come
 * by these connections, which belong to one identity, has no token. (Node's fetch would also read
 * through the header character by character, more than once.)
 */
export class TokenDispatcher implements RequestDispatcher {
  readonly #route: RequestRoute
  #authorization: string | undefined
  /** Whether the request came by this dispatcher. */
  isUsed = false

  constructor(route: RequestRoute, authorization: string | undefined) {
    this.#route = route
    this.#authorization = authorization
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    const { dispatcher, limits } = this.#route
    const authorization = this.#authorization
    // A token that is sent twice is a replay. The token is dropped after its use, since Node keeps
    // requests in memory for longer.
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

import type { Dispatcher } from 'undici'
import { withHeader } from './negotiating-handler.js'
import type { Fetch } from './options.js'

/** What carries one request. */
export type RequestDispatcher = Pick<Dispatcher, 'dispatch'>

/** What the fetch below is called with, beside what the request says of itself. */
export interface Carried {
  readonly headers: Headers | undefined
  readonly dispatcher: RequestDispatcher | undefined
}

/**
 * Fetches that have been seen to send by the dispatcher that they were given. What has replaced the platform's fetch may not: one that
 * makes another request of each loses the dispatcher, and its requests would arrive without their tokens.
 */
const carriers = new WeakSet<Fetch>()

/**
 * Puts a token into a request: beside its other headers, where any fetch finds it; or below a fetch that is known to send by the
 * dispatcher, because the platform's reads through every header character by character and more than once.
 */
export function carry(
  authorization: string,
  headers: Headers | undefined,
  dispatcher: RequestDispatcher | undefined,
  below: Fetch,
): Carried {
  if (dispatcher !== undefined && carriers.has(below)) return { headers, dispatcher: adding(authorization, dispatcher) }
  const all = new Headers(headers)
  all.set('authorization', authorization)
  return { headers: all, dispatcher: dispatcher && noticing(dispatcher, below) }
}

function adding(authorization: string, dispatcher: RequestDispatcher): RequestDispatcher {
  let unused: string | undefined = authorization
  return {
    dispatch(options, handler) {
      // One that is sent twice is a replay. The platform holds on to its requests, and need not hold on to their tokens.
      if (unused === undefined) throw new TypeError('a token is good for one request, and this one was sent before')
      const headers = withHeader(options.headers, 'authorization', unused)
      unused = undefined
      return dispatcher.dispatch({ ...options, headers }, handler)
    },
  }
}

function noticing(dispatcher: RequestDispatcher, below: Fetch): RequestDispatcher {
  return {
    dispatch(options, handler) {
      carriers.add(below)
      return dispatcher.dispatch(options, handler)
    },
  }
}

import { ConfigurationError } from '@s4u/kdc-client'
import { abandon } from '../answers/discard.js'
import type { Fetch } from '../options/token-options.js'

/**
 * Whether a fetch sends by the dispatcher that it is given. One that does not (that of Bun and of
 * Deno, and whatever has replaced the platform's and makes another request of each) sends by
 * connections that all share: a backend that authenticates connections would serve the next request
 * on one as whoever came before. Such a fetch is found out before it is given a token or a body.
 */

/** What is known of each: that it does, or the answer that is on its way, or that it does not. */
const known = new WeakMap<Fetch, boolean | Promise<boolean>>()

/** What came of trying those out that do not: an error of their own says more than we can. */
const whyNot = new WeakMap<Fetch, unknown>()

/**
 * No connection can be opened to it (RFC 919 section 7), and no name is looked up: a fetch that
 * does send sends nothing.
 */
const NOWHERE = 'http://255.255.255.255/'

/**
 * For a fetch to reach for its dispatcher. What it does before that is its own work, and no
 * network's; milliseconds.
 */
const MAX_REACH = 5_000

/** True at once for one that was seen to; there is nothing to wait for then. */
export function usesDispatcher(underlying: Fetch): boolean | Promise<boolean> {
  const found = known.get(underlying)
  if (found !== undefined) return found
  const answer = tryOut(underlying)
  known.set(underlying, answer)
  return answer
}

async function tryOut(underlying: Fetch): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), MAX_REACH)
  })
  const answer = await Promise.race([isReachedFor(underlying), late])
  clearTimeout(timer)
  // One that was merely late may be asked again.
  if (answer === undefined) {
    known.delete(underlying)
    whyNot.set(underlying, new Error(`it did not send within ${MAX_REACH} ms`))
  } else known.set(underlying, answer)
  return answer ?? false
}

function isReachedFor(underlying: Fetch): Promise<boolean> {
  return new Promise((resolve) => {
    const dispatch = (): never => {
      resolve(true)
      throw new TypeError('this request is not sent: it shows whether a fetch uses its dispatcher')
    }
    const init: object = { redirect: 'manual', dispatcher: { dispatch } }
    Promise.resolve()
      .then(() => underlying(NOWHERE, init))
      .then(
        (response) => {
          resolve(false)
          abandon(response)
        },
        (error: unknown) => {
          whyNot.set(underlying, error)
          resolve(false)
        },
      )
  })
}

/** What is said where connections cannot be kept apart, and nobody said that they may be shared. */
export function sharedConnectionsError(underlying: Fetch): ConfigurationError {
  const which = underlying === globalThis.fetch ? 'the global fetch' : 'the underlying fetch'
  return new ConfigurationError(
    `${which} does not send by the dispatcher that it is given: identities would share its connections`,
    {
      code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      cause: whyNot.get(underlying),
      hint: "Give one that does as the option fetch: that of undici (on Node and Deno), or a wrapper that passes its second argument on, also for http://255.255.255.255/, with which it is tried out and which is not sent. If every backend authenticates each request by itself, and never a connection, say connections: 'shared'.",
    },
  )
}

import { ConfigurationError, type Runtime, thisRuntime, unavailableOn } from '@s4u/kdc-client'
import { abandon } from '../answers/discard.js'
import type { Fetch } from '../options/token-options.js'
import type { FetchOptions } from './fetch-options.js'
import { globalFetchShares } from './undici-fetch.js'

/**
 * Finds out whether a fetch sends by the dispatcher that it is given. The fetch of Bun and of Deno
 * does not, and neither does a replacement that makes another request of each. They send by
 * connections that all identities share: a backend that authenticates connections would serve the
 * next request on one as the identity before. Such a fetch is found before it gets a token or a
 * body.
 */

/**
 * Refuses the global fetch of Bun and of Deno as the option `fetch`. Other functions are tried out
 * by the first request. @throws ConfigurationError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM
 */
export function checkUnderlyingFetch(options: FetchOptions, runtime: Runtime | undefined = thisRuntime): void {
  if (runtime === undefined || !globalFetchShares(runtime)) return
  if (options.connections === 'shared' || options.fetch !== globalThis.fetch) return
  throw unavailableOn(
    runtime,
    'fetch: globalThis.fetch',
    'it does not send by the dispatcher that it is given, and identities would share its connections',
    "Leave the option out: s4u then sends by undici. If every backend authenticates each request by itself, and never a connection, say connections: 'shared'.",
  )
}

/** What is known of each fetch: true, false, or the answer to come. */
const known = new WeakMap<Fetch, boolean | Promise<boolean>>()

/** Why a fetch does not send by its dispatcher: its own error says more than ours can. */
const whyNot = new WeakMap<Fetch, unknown>()

/**
 * No connection can be opened to this address (RFC 919 section 7), and no name is looked up: a
 * fetch that tries sends nothing.
 */
const NOWHERE = 'http://255.255.255.255/'

/**
 * How long a fetch may take to call its dispatcher. The work before that is its own, and not the
 * network's; milliseconds.
 */
const MAX_REACH = 5_000

/**
 * Returns true at once for a fetch that is known to use its dispatcher: then there is nothing to
 * wait for.
 */
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
  // A fetch that was only late may be tried again.
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

/**
 * Makes the error for a fetch that cannot keep connections apart, where the app did not permit
 * that.
 */
export function sharedConnectionsError(underlying: Fetch): ConfigurationError {
  const which = underlying === globalThis.fetch ? 'the global fetch' : 'the underlying fetch'
  return new ConfigurationError(
    `${which} does not send by the dispatcher that it is given: identities would share its connections`,
    {
      code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      cause: whyNot.get(underlying),
      hint: "Give one that does as the option fetch: that of undici (import it from 'undici/index.js' on Bun), or a wrapper that passes its second argument on, also for http://255.255.255.255/, with which it is tried out and which is not sent. If every backend authenticates each request by itself, and never a connection, say connections: 'shared'.",
    },
  )
}

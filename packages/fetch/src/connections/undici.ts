/**
 * Loads undici when it is first needed. It is a third of what an app with `@s4u/express` would load
 * at its start, and an app that only signs people in sends no request.
 */

import { ConfigurationError } from '@s4u/kdc-client'
import type * as Undici from 'undici'

let loaded: typeof Undici | undefined
let loading: Promise<true> | undefined

/**
 * Loads undici before a request needs it. Otherwise the first request does, which takes 50 to 100
 * milliseconds longer. Returns true at once if undici is loaded.
 *
 * @example
 * ```ts
 * import { loadUndici } from '@s4u/fetch'
 *
 * await loadUndici()
 * ```
 */
export function loadUndici(): true | Promise<true> {
  if (loaded !== undefined) return true
  return (loading ??= importUndici().then((module) => {
    loaded = module
    return true
  }))
}

/**
 * Imports the undici that is installed. Bun answers the name with a stand-in of its own, whose
 * Agents share their connections; the file is the real one there too.
 */
async function importUndici(): Promise<typeof Undici> {
  // `import` and not `require`: programs that bundle an app follow it.
  const named = await import('undici')
  if (isWhole(named)) return named
  const installed = await import('undici/index.js')
  if (isWhole(installed)) return installed
  throw new ConfigurationError('this runtime puts something else in the place of undici', {
    code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    hint: 'Is undici installed? Without it the connections of two users cannot be kept apart.',
  })
}

/** The stand-in has an Agent that sends nothing. */
function isWhole({ Agent, buildConnector }: Partial<typeof Undici>): boolean {
  return typeof Agent?.prototype?.compose === 'function' && typeof buildConnector === 'function'
}

/**
 * Returns undici. It is not loaded here: only `import()` loads it in each environment (Jest, which
 * translates modules to CommonJS, has no `import.meta` from which another could be found).
 * @throws ConfigurationError S4U_NOT_LOADED before `loadUndici` has ended
 */
export function undici(): typeof Undici {
  if (loaded !== undefined) return loaded
  throw new ConfigurationError('undici is not loaded yet', {
    code: 'S4U_NOT_LOADED',
    hint: 'Write `await loadUndici()` before connections are opened by hand; the fetch of createFetch does so by itself.',
  })
}

/**
 * Loads undici when it is first needed. It is a third of what an app with `@s4u/express` would load
 * at its start, and an app that only signs people in sends no request.
 */

import { createRequire } from 'node:module'
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
  // `import` and not `require`: programs that bundle an app follow it.
  return (loading ??= import('undici').then((module) => {
    loaded = module
    return true
  }))
}

/** Returns undici. Loads it, if `loadUndici` was not called before. */
export function undici(): typeof Undici {
  return (loaded ??= createRequire(import.meta.url)('undici') as typeof Undici)
}

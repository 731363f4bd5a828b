import { platform } from '#platform'
import { ConfigurationError } from '../errors/errors.js'
import type { Runtime } from '../platform/runtime.js'

/** The runtime of this process; undefined on a platform that is none of them. */
export const thisRuntime: Runtime | undefined = platform.runtime

/**
 * Returns the error for an option that this runtime cannot do. It is thrown when options are
 * checked, and never for the request of a user.
 *
 * @param option the option with its value: `channelBinding: 'require'`
 * @param reason what the runtime lacks
 *
 * @example
 * ```ts
 * import { unavailableOn } from '@s4u/krb5'
 *
 * const error = unavailableOn('Bun', 'session: connection', 'it has no sockets', 'Take Node.')
 * console.log(error.message) // session: connection is not possible on Bun: it has no sockets
 * ```
 */
export function unavailableOn(runtime: Runtime, option: string, reason: string, hint: string): ConfigurationError {
  return new ConfigurationError(`${option} is not possible on ${runtime}: ${reason}`, {
    code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
    hint,
  })
}

import { UsageError } from '../usage-error.js'
import { flagsOf, longFlag } from './command.js'
import type { Options } from './options.js'

/**
 * Refuses an option that would have no effect, since none of those that it goes with was given.
 * @param given the names of the options that were given
 * @throws UsageError
 */
export function requireCompanions(options: Options, given: ReadonlySet<string>): void {
  for (const [name, { goesWith = [] }] of Object.entries(options)) {
    const [first] = goesWith
    if (first === undefined || !given.has(name) || goesWith.some((one) => given.has(one))) continue
    const flag = flagsOf(first, { ...options[first], short: undefined }).replace(/[<>]/g, '')
    throw new UsageError(
      `${longFlag(name)} goes with ${goesWith.map(longFlag).join(' or ')}`,
      `Add ${flag}: ${options[first].about}.`,
    )
  }
}

import { ConfigurationError } from '../errors/errors.js'
import { shownInput } from '../errors/shown-input.js'

/**
 * Returns the value of an option that must be one of a few words; undefined if it is undefined. A
 * default in place of a wrong word would usually be the less strict one.
 *
 * @param name the option, for the error
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { requireOneOf } from '@s4u/krb5'
 *
 * const given: string | undefined = process.env['CHANNEL_BINDING']
 * const binding = requireOneOf('CHANNEL_BINDING', given, ['off', 'allow', 'require']) ?? 'off'
 * console.log(binding)
 * ```
 */
export function requireOneOf<const T extends string>(
  name: string,
  value: unknown,
  choices: readonly T[],
): T | undefined {
  if (value === undefined) return undefined
  const choice = choices.find((one) => one === value)
  if (choice !== undefined) return choice
  throw new ConfigurationError(`${name} must be one of ${choices.join(', ')}, not ${shownInput(value)}`)
}

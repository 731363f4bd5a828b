/**
 * Checks the arguments of a call from code without types: the error names the wrong argument,
 * instead of a TypeError deep inside.
 */

import { ConfigurationError } from '../errors/errors.js'
import { shownInput } from '../errors/shown-input.js'

/**
 * What an argument must be. A list of names means an object with these members, of whatever type.
 */
export type GivenKind = 'text' | 'octets' | 'function' | 'list of texts' | readonly string[]

/**
 * Throws if an argument is of another kind.
 *
 * @param what what the message calls the argument: `a principal`
 * @param hint what to write instead
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { requireGiven } from '@s4u/krb5'
 *
 * export function greet(name: string): string {
 *   requireGiven('greet: the name', name, 'text', "Write 'alice@AD.TEST'.")
 *   return `Hello ${name}`
 * }
 * ```
 */
export function requireGiven(what: string, value: unknown, kind: GivenKind, hint: string): void {
  if (isOne(value, kind)) return
  const wanted =
    typeof kind === 'string' ? NAMES[kind] : kind.length === 0 ? 'an object' : `an object with ${kind.join(', ')}`
  throw new ConfigurationError(`${what} must be ${wanted}, and not ${shownInput(value)}`, { hint })
}

const NAMES = { text: 'a text', octets: 'octets', function: 'a function', 'list of texts': 'a list of texts' } as const

function isOne(value: unknown, kind: GivenKind): boolean {
  switch (kind) {
    case 'text':
      return typeof value === 'string'
    case 'octets':
      // `instanceof` would refuse arrays of another JavaScript realm: Jest and vm contexts have one
      // of their own.
      return Object.prototype.toString.call(value) === '[object Uint8Array]'
    case 'function':
      return typeof value === 'function'
    case 'list of texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string')
    default:
      return typeof value === 'object' && value !== null && kind.every((member) => member in value)
  }
}

/** What a call was given, where nothing has checked its types: a mistake is told by name, and not by where it first hurts. */

import { ConfigurationError } from '../errors/errors.js'
import { shownInput } from '../errors/shown-input.js'

/** An object with these members, whatever is in them. */
export type GivenKind = 'text' | 'octets' | 'function' | 'list of texts' | readonly string[]

/**
 * @param what for the message: `ticketFor: the service`
 * @param hint what to write
 * @throws ConfigurationError
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
      // Also those of another realm of JavaScript: Jest and vm contexts have one of their own.
      return Object.prototype.toString.call(value) === '[object Uint8Array]'
    case 'function':
      return typeof value === 'function'
    case 'list of texts':
      return Array.isArray(value) && value.every((one) => typeof one === 'string')
    default:
      return typeof value === 'object' && value !== null && kind.every((member) => member in value)
  }
}

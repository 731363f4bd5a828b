import { shownInput } from '@s4u/krb5'

/**
 * Writes a filter in which values are only values, whatever characters or octets are in them.
 *
 * @example
 * ```ts
 * import { filter } from '@s4u/directory'
 *
 * const name = 'alice)(objectClass=*'
 * console.log(filter`(&(objectClass=user)(sAMAccountName=${name}))`)
 * // (&(objectClass=user)(sAMAccountName=alice\29\28objectClass=\2a))
 * ```
 *
 * Source: RFC 4515 section 3.
 * @throws TypeError for a value that is neither a text, a number nor octets
 */
export function filter(parts: TemplateStringsArray, ...values: readonly (string | number | Uint8Array)[]): string {
  return String.raw({ raw: parts }, ...values.map(escaped))
}

function escaped(value: unknown): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return value.replace(SPECIAL, (one) => escapedOctets(encoder.encode(one)))
  if (value instanceof Uint8Array) return escapedOctets(value)
  throw new TypeError(`filter: a value must be a text, a number or octets, and not ${shownInput(value)}`)
}

/** What RFC 4515 wants escaped, and control characters, which are in no name on purpose. */
// oxlint-disable-next-line no-control-regex
const SPECIAL = /[\0-\x1f*()\\\x7f]/g

function escapedOctets(octets: Uint8Array): string {
  return Array.from(octets, (octet) => `\\${octet.toString(16).padStart(2, '0')}`).join('')
}

const encoder = new TextEncoder()

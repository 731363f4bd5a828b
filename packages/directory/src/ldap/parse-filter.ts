/**
 * Reads filters that are written as text. The parser of ldapts is not used: it writes each octet
 * from 0x80 on, such as `\\fe`, as two octets, so a search for a binary value silently finds
 * nothing. It also knows neither attribute options nor `(&)`. Source: RFC 4515, RFC 4526.
 */

import { ConfigurationError, shownInput } from '@s4u/krb5'
import { AndFilter, type Filter, NotFilter, OrFilter, PresenceFilter } from 'ldapts'
import { comparison, extensible, type OctetComparison, substrings } from './octet-filters.js'

/** How deep filters may be nested. A deeper filter could overflow the stack of a server. */
const MAX_DEPTH = 50

/** @throws ConfigurationError `filterError` */
export function parseFilter(text: string): Filter {
  if (typeof text !== 'string') throw wrong('a text', shownInput(text))
  const cursor = { text: text.trim(), at: 0 }
  // People often leave the outer brackets away.
  if (!cursor.text.startsWith('(')) return item(cursor.text)
  const parsed = parenthesized(cursor, 0)
  if (cursor.at !== cursor.text.length) throw wrong('the end', `more, at character ${cursor.at + 1}`)
  return parsed
}

interface Cursor {
  readonly text: string
  at: number
}

function parenthesized(cursor: Cursor, depth: number): Filter {
  if (depth > MAX_DEPTH) throw wrong(`at most ${MAX_DEPTH} filters within each other`, 'more')
  expectCharacter(cursor, '(')
  const parsed = inner(cursor, depth)
  expectCharacter(cursor, ')')
  return parsed
}

function inner(cursor: Cursor, depth: number): Filter {
  const kind = cursor.text[cursor.at]
  if (kind === '&' || kind === '|') {
    cursor.at++
    const filters = list(cursor, depth)
    return kind === '&' ? new AndFilter({ filters }) : new OrFilter({ filters })
  }
  if (kind === '!') {
    cursor.at++
    return new NotFilter({ filter: parenthesized(cursor, depth + 1) })
  }
  const end = cursor.text.indexOf(')', cursor.at)
  if (end < 0) throw wrong(')', 'the end')
  const text = cursor.text.slice(cursor.at, end)
  cursor.at = end
  return item(text)
}

function list(cursor: Cursor, depth: number): Filter[] {
  const filters: Filter[] = []
  while (cursor.text[cursor.at] === '(') filters.push(parenthesized(cursor, depth + 1))
  return filters
}

function expectCharacter(cursor: Cursor, character: string): void {
  const found = cursor.text[cursor.at]
  if (found !== character) throw wrong(character, found === undefined ? 'the end' : `another at ${cursor.at + 1}`)
  cursor.at++
}

const ATTRIBUTE = '(?:[A-Za-z][A-Za-z\\d-]*|\\d+(?:\\.\\d+)+)(?:;[A-Za-z\\d=-]+)*'
const EXTENSIBLE = new RegExp(`^(${ATTRIBUTE})?(:dn)?(?::([A-Za-z][A-Za-z\\d-]*|\\d+(?:\\.\\d+)+))?:=(.*)$`, 's')
const SIMPLE = new RegExp(`^(${ATTRIBUTE})(=|~=|>=|<=)(.*)$`, 's')

const COMPARISONS: Readonly<Record<string, OctetComparison>> = {
  '=': 'equal',
  '~=': 'approximate',
  '>=': 'atLeast',
  '<=': 'atMost',
}

function item(text: string): Filter {
  const rule = EXTENSIBLE.exec(text)
  if (rule !== null && (rule[1] !== undefined || rule[3] !== undefined)) {
    return extensible({ attribute: rule[1], dn: rule[2] !== undefined, rule: rule[3], value: octetsOf(rule[4]) })
  }
  const simple = SIMPLE.exec(text)
  if (simple === null) throw wrong('attribute=value', `${text.length} characters that are not`)
  const [, attribute, operator, value] = simple
  if (operator === '=' && value === '*') return new PresenceFilter({ attribute })
  if (operator === '=' && value.includes('*')) return substrings(attribute, value.split('*').map(octetsOf))
  return comparison(COMPARISONS[operator], attribute, octetsOf(value))
}

/** The octets of a value: `\\2a` is one, other characters are UTF-8. */
function octetsOf(value: string): Uint8Array {
  if (/[(*]/.test(value)) throw wrong('a value with \\2a for * and \\28 for (', 'one without')
  if (/\\(?![\da-fA-F]{2})/.test(value)) throw wrong('two hexadecimal digits after each \\', 'other characters')
  const parts = value.split(/\\([\da-fA-F]{2})/)
  const octets = parts.flatMap((part, index) => (index % 2 === 1 ? [parseInt(part, 16)] : [...encoder.encode(part)]))
  return Uint8Array.from(octets)
}

/** Values are not shown: somebody may search for a secret. */
function wrong(expected: string, found: string): ConfigurationError {
  return new ConfigurationError(`not a filter: expected ${expected}, found ${found}`, {
    code: 'filterError',
    hint: 'Write it as RFC 4515 says: (&(objectClass=user)(sAMAccountName=alice)). Values go through the template filter.',
  })
}

const encoder = new TextEncoder()

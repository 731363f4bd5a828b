/**
 * Reads and writes the HTTP headers of the Negotiate scheme. Source: RFC 4559 section 4, RFC 9110
 * section 11.
 */

import { decodeBase64, encodeBase64 } from '#base64'
import { MalformedTokenError, type S4uErrorCode } from '@s4u/krb5'

/**
 * The longest token in octets. A Kerberos ticket of Windows has at most 65,535 (MaxTokenSize), and
 * 48,000 by default; the authenticator can have as much again of a forwarded ticket.
 */
export const MAX_TOKEN_OCTETS = 128 * 1024

/** What an `Authorization` header contains. */
export type ParsedAuthorization =
  /** There is no header, or an empty one. */
  | { readonly status: 'none' }
  /** Another scheme, such as `Basic` or `Bearer`, which this package does not read. */
  | { readonly status: 'other-scheme'; readonly scheme: string }
  | { readonly status: 'malformed'; readonly error: MalformedTokenError }
  | { readonly status: 'token'; readonly token: Uint8Array }

/**
 * Reads the value of an `Authorization` header. It never throws.
 *
 * @example
 * ```ts
 * import { parseAuthorization } from '@s4u/gssapi'
 *
 * const parsed = parseAuthorization('Negotiate YIIGhgYGKwYBBQUC')
 * if (parsed.status === 'token') console.log(parsed.token.length)
 * ```
 */
export function parseAuthorization(header: string | undefined): ParsedAuthorization {
  const value = trim(header ?? '')
  if (value === '') return { status: 'none' }
  const [, scheme, parameters] = SCHEME.exec(value) ?? []
  if (scheme === undefined)
    return { status: 'malformed', error: malformed('Authorization', 'a scheme', 'another character') }
  if (scheme.toLowerCase() !== NEGOTIATE) return { status: 'other-scheme', scheme }
  try {
    return { status: 'token', token: readToken('Authorization', parameters) }
  } catch (error) {
    if (error instanceof MalformedTokenError) return { status: 'malformed', error }
    throw error
  }
}

/**
 * Returns the value of a `WWW-Authenticate` header: `Negotiate`, or `Negotiate YII…` with a token.
 *
 * @example
 * ```ts
 * import { formatChallenge } from '@s4u/gssapi'
 *
 * console.log(formatChallenge()) // Negotiate
 * ```
 */
export function formatChallenge(token?: Uint8Array): string {
  return token === undefined ? 'Negotiate' : `Negotiate ${encodeBase64(token)}`
}

/**
 * Returns the value of an `Authorization` header.
 *
 * @example
 * ```ts
 * import { formatAuthorization } from '@s4u/gssapi'
 *
 * console.log(formatAuthorization(Uint8Array.of(0x60, 0x00))) // Negotiate YAA=
 * ```
 */
export function formatAuthorization(token: Uint8Array): string {
  return `Negotiate ${encodeBase64(token)}`
}

/** The challenge, or the answer, of a server. */
export interface NegotiateChallenge {
  readonly token?: Uint8Array
}

/**
 * Returns Negotiate among the challenges of a server: several in one `WWW-Authenticate` value, or
 * several values.
 *
 * @throws MalformedTokenError if its token is not base64
 *
 * @example
 * ```ts
 * import { findNegotiateChallenge } from '@s4u/gssapi'
 *
 * console.log(findNegotiateChallenge('Basic realm="x", Negotiate') !== undefined) // true
 * console.log(findNegotiateChallenge('Bearer')) // undefined
 * ```
 */
export function findNegotiateChallenge(
  header: string | readonly string[] | null | undefined,
): NegotiateChallenge | undefined {
  // Matches the header of a server that answers a token. No list of challenges has only these
  // characters.
  const [, answer] = typeof header === 'string' ? (ANSWER.exec(header) ?? []) : []
  if (answer !== undefined) return { token: readToken('WWW-Authenticate', answer) }
  const values = typeof header === 'string' ? [header] : (header ?? [])
  let found: NegotiateChallenge | undefined
  for (const item of values.flatMap(splitList)) {
    const [, scheme, parameters] = SCHEME.exec(item) ?? []
    if (AUTH_PARAM.test(item) || scheme?.toLowerCase() !== NEGOTIATE) continue
    if (parameters !== undefined) return { token: readToken('WWW-Authenticate', parameters) }
    found = {}
  }
  return found
}

const NEGOTIATE = 'negotiate'
const ANSWER = /^Negotiate ([A-Za-z0-9+/]+=*)$/
const TOKEN_CHARACTERS = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const SCHEME = new RegExp(`^(${TOKEN_CHARACTERS})(?: +([^]*))?$`)
/** Matches `realm="x"` of the challenge before. A comma separates it as it separates challenges. */
const AUTH_PARAM = new RegExp(`^${TOKEN_CHARACTERS}[ \\t]*=[ \\t]*(?:"|[^=\\s])`)

/**
 * Returns the elements of a comma-separated list, with empty ones; quoted strings are left whole.
 * Source: RFC 9110 section 5.6.1.
 */
function splitList(value: string): string[] {
  // A server that answers a token sends one challenge, and the token may be long.
  if (!value.includes(',')) return [trim(value)]
  const items: string[] = []
  let start = 0
  let quoted = false
  for (let index = 0; index < value.length; index++) {
    const character = value[index]
    if (character === '"') quoted = !quoted
    else if (character === '\\' && quoted) index++
    else if (character === ',' && !quoted) {
      items.push(trim(value.slice(start, index)))
      start = index + 1
    }
  }
  return [...items, trim(value.slice(start))]
}

function readToken(path: string, text: string | undefined): Uint8Array {
  if (text === undefined) throw malformed(path, 'a token after Negotiate', 'nothing')
  if (text.length > (MAX_TOKEN_OCTETS / 3) * 4) {
    throw malformed(
      path,
      `at most ${MAX_TOKEN_OCTETS} octets`,
      `${text.length} characters of base64`,
      'KRB_ERR_FIELD_TOOLONG',
    )
  }
  const token = decodeBase64(text)
  if (token === undefined) throw malformed(path, 'base64', 'something else')
  return token
}

/** Removes optional white space: space and tab. `String.trim` would remove many more. */
function trim(value: string): string {
  let start = 0
  let end = value.length
  // Outside of the text the code is NaN, which is not a blank.
  while (isBlank(value.charCodeAt(start))) start++
  while (isBlank(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}

function malformed(path: string, expected: string, found: string, code?: S4uErrorCode): MalformedTokenError {
  return new MalformedTokenError({ path, expected, found, ...(code !== undefined && { code }) })
}

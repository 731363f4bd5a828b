import { MalformedTokenError } from '@s4u/krb5'
import { Mechanism } from '../framing/oids.js'
import { framed, isFramed, type TokenWriter, unframe, written } from '../framing/token-framing.js'

/** TOK_ID of the tokens that establish a context. Source: RFC 4121 section 4.1. */
export const Krb5TokenId = { AP_REQ: 0x0100, AP_REP: 0x0200, KRB_ERROR: 0x0300 } as const

/** The message in a context token of the Kerberos mechanism. Source: RFC 4121 section 4.1. */
export type Krb5MessageKind = 'ap-req' | 'ap-rep' | 'krb-error'

/** A context token of the Kerberos mechanism: the kind of its message, and the message. */
export interface Krb5Token {
  readonly kind: Krb5MessageKind
  readonly message: Uint8Array
}

/**
 * Returns a message in the framing of the Kerberos mechanism. The framing always names `KRB5`, even
 * if SPNEGO chose `MS_KRB5`.
 *
 * @example
 * ```ts
 * import { frameKrb5Token, readKrb5Token } from '@s4u/gssapi'
 *
 * const token = frameKrb5Token('ap-req', Uint8Array.of(0x6e, 0))
 * console.log(readKrb5Token(token, 'ap-req').message.length) // 2
 * ```
 */
export function frameKrb5Token(kind: Krb5MessageKind, message: Uint8Array): Uint8Array {
  return written(krb5Token(kind, (writer) => writer.octets(message)))
}

/** Returns a writer for a framed message. */
export function krb5Token(kind: Krb5MessageKind, message: TokenWriter): TokenWriter {
  return framed(Mechanism.KRB5, (writer) => {
    message(writer)
    writer.octet(TOKEN_IDS[kind] & 0xff)
    writer.octet(TOKEN_IDS[kind] >> 8)
  })
}

/**
 * Returns what a framed token has.
 * @param expected the kinds that may come
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { readKrb5Token } from '@s4u/gssapi'
 *
 * // What a service has answered: its proof, or an error.
 * export function answerIn(token: Uint8Array): string {
 *   const { kind, message } = readKrb5Token(token, 'ap-rep', 'krb-error')
 *   return `${kind} of ${message.length} octets`
 * }
 * ```
 */
export function readKrb5Token(token: Uint8Array, ...expected: readonly Krb5MessageKind[]): Krb5Token {
  // Some acceptors send a refusal without framing. It begins with APPLICATION 30, as no other token
  // does.
  if (token[0] === KRB_ERROR_TAG && expected.includes('krb-error')) return { kind: 'krb-error', message: token }
  if (!isFramed(token)) throw unexpected('a token framed as in RFC 2743 section 3.1', describeStart(token))
  const { mechanism, innerToken } = unframe(token)
  if (mechanism !== Mechanism.KRB5) throw unexpected(`mechanism ${Mechanism.KRB5}`, mechanism)
  return readInnerKrb5Token(innerToken, ...expected)
}

/** Reads a token without its framing. @throws MalformedTokenError */
export function readInnerKrb5Token(inner: Uint8Array, ...expected: readonly Krb5MessageKind[]): Krb5Token {
  const id = inner.length < 2 ? undefined : (inner[0] << 8) | inner[1]
  const kind = expected.find((candidate) => TOKEN_IDS[candidate] === id)
  if (kind === undefined) {
    const found = id === undefined ? `${inner.length} octets` : `TOK_ID ${id.toString(16).padStart(4, '0')}`
    throw unexpected(
      expected.map((candidate) => `TOK_ID 0${TOKEN_IDS[candidate].toString(16)} (${candidate})`).join(' or '),
      found,
    )
  }
  return { kind, message: inner.subarray(2) }
}

const KRB_ERROR_TAG = 0x7e

const TOKEN_IDS: Readonly<Record<Krb5MessageKind, number>> = {
  'ap-req': Krb5TokenId.AP_REQ,
  'ap-rep': Krb5TokenId.AP_REP,
  'krb-error': Krb5TokenId.KRB_ERROR,
}

/** Returns what a token without framing looks like, for the log. */
export function describeStart(token: Uint8Array): string {
  if (token.length === 0) return 'nothing'
  return UNFRAMED[token[0]] ?? `a token that begins with octet 0x${token[0].toString(16).padStart(2, '0')}`
}

const UNFRAMED: Readonly<Record<number, string>> = {
  0x6e: 'a bare AP-REQ',
  0x6f: 'a bare AP-REP',
  0x7e: 'a bare KRB-ERROR',
  0xa0: 'a bare NegTokenInit',
  0xa1: 'a bare NegTokenResp',
}

function unexpected(expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'krb5 context token', expected, found })
}

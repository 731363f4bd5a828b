import { MalformedTokenError, shownInput } from '@s4u/krb5'
import { DIGEST_ALGORITHMS, type DigestAlgorithm, hexLength } from './digest-arithmetic.js'

/** What a client sends in `Authorization: Digest …`, each value as it enters the computation. */
export interface DigestCredentials {
  /** With `isHashed` what the client sent in its place. */
  readonly username: string
  /** The name is H(user:realm), in hexadecimal digits. RFC 7616 section 3.4.4. */
  readonly isHashed: boolean
  readonly realm: string
  readonly nonce: string
  readonly uri: string
  readonly algorithm: DigestAlgorithm
  readonly response: string
  readonly cnonce: string
  /** Eight hexadecimal digits, as they were sent. */
  readonly nc: string
}

/** The scheme begins the header, whatever follows. */
export function isDigest(authorization: string | undefined): authorization is string {
  return authorization !== undefined && /^digest(?:[ \t]|$)/i.test(authorization)
}

/**
 * Reads the header. RFC 7616 section 3.4. Each parameter comes once; texts are in quotes, as that
 * section wants. Words (`qop`, `algorithm`, `nc`) may be in quotes too, since some clients do that.
 *
 * @throws MalformedTokenError
 */
export function readDigestCredentials(authorization: string): DigestCredentials {
  const parameters = readParameters(authorization)
  requireAuth(word(parameters, 'qop'))
  const algorithm = readAlgorithm(word(parameters, 'algorithm'))
  const isHashed = readUserHash(word(parameters, 'userhash'))
  const response = text(parameters, 'response')
  if (response.length !== hexLength(algorithm) || !/^[\da-f]+$/.test(response))
    throw malformed('response', `${hexLength(algorithm)} hexadecimal digits`, `${response.length} characters`)
  const nc = word(parameters, 'nc') ?? ''
  if (!/^[\da-f]{8}$/i.test(nc) || /^0+$/.test(nc)) throw malformed('nc', 'eight hexadecimal digits, from 1', 'others')
  const [realm, nonce, uri, cnonce] = ['realm', 'nonce', 'uri', 'cnonce'].map((name) => text(parameters, name))
  // It goes back to the client in a header of ours (RFC 7616 section 3.4: ASCII only).
  if (!/^[\x20-\x7e]+$/.test(cnonce)) throw malformed('cnonce', 'a text of ASCII', 'another')
  const username = isHashed ? readHashedName(parameters, algorithm) : readUsername(parameters)
  return { username, isHashed, realm, nonce, uri, algorithm, response, cnonce, nc }
}

interface Parameter {
  readonly value: string
  readonly isQuoted: boolean
}
type Parameters = ReadonlyMap<string, Parameter>

/** A header of Node has an octet in each character: with this expression it is read in one pass. */
const PARAMETER =
  /[ \t]*([!#$%&'*+.^_`|~\dA-Za-z-]+)(?:=([!#$%&'*+.^_`|~\dA-Za-z-]+)|="((?:[^"\\]|\\[^])*)")[ \t]*(,|$)/y

/** A client sends ten at most. */
const MAX_PARAMETERS = 20

function readParameters(authorization: string): Parameters {
  const found = new Map<string, Parameter>()
  const expression = new RegExp(PARAMETER)
  expression.lastIndex = 'digest '.length
  for (let isLast = false; !isLast;) {
    const match = expression.exec(authorization)
    if (match === null || found.size >= MAX_PARAMETERS)
      throw malformed('parameters', 'name=value or name="value", separated by commas', 'something else')
    const [, name, token, quoted, separator] = match
    const key = name.toLowerCase()
    if (found.has(key)) throw malformed(NAMES.has(key) ? key : 'parameters', 'each parameter once', 'one twice')
    found.set(key, { value: token ?? quoted.replace(/\\([^])/g, '$1'), isQuoted: token === undefined })
    isLast = separator === ''
  }
  return found
}

const NAMES = new Set('username username* realm nonce uri algorithm response cnonce nc qop userhash opaque'.split(' '))

function word(parameters: Parameters, name: string): string | undefined {
  return parameters.get(name)?.value
}

/** A text of the client, in quotes, as UTF-8. */
function text(parameters: Parameters, name: string): string {
  const parameter = parameters.get(name)
  if (parameter === undefined) throw malformed(name, 'a text in quotes', 'nothing')
  if (!parameter.isQuoted) throw malformed(name, 'a text in quotes', 'one without quotes')
  return decodedUtf8(name, Buffer.from(parameter.value, 'latin1'))
}

/** Letters beyond ASCII come as they are, or as RFC 8187 writes them. RFC 7616 sections 3.4, 4. */
function readUsername(parameters: Parameters): string {
  const extended = parameters.get('username*')
  if (extended === undefined) return withoutControls(text(parameters, 'username'))
  if (parameters.has('username')) throw malformed('username', 'username or username*', 'both')
  const [charset, , encoded, ...more] = extended.value.split("'")
  const isRight = !extended.isQuoted && more.length === 0 && /^utf-8$/i.test(charset)
  if (!isRight || encoded === undefined || !/^(?:[^%]|%[\da-f]{2})*$/i.test(encoded))
    throw malformed('username*', "UTF-8'' and percent-encoded octets", 'something else')
  const octets = encoded.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return withoutControls(decodedUtf8('username*', Buffer.from(octets, 'latin1')))
}

function withoutControls(username: string): string {
  // A colon would end the name in what is hashed: `alice:corp` is no user (RFC 7616 section 3.4.4).
  if (username !== '' && !/[\p{C}:]/u.test(username)) return username
  throw malformed('username', 'a name without controls and colons', 'another')
}

function decodedUtf8(name: string, octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    throw malformed(name, 'UTF-8', 'other octets')
  }
}

function readUserHash(given: string = 'false'): boolean {
  const value = given.toLowerCase()
  if (value !== 'true' && value !== 'false') throw malformed('userhash', 'true or false', 'another value')
  return value === 'true'
}

/** Digits alone, so that a name that is no hash never counts as one. RFC 7616 section 3.4.4. */
function readHashedName(parameters: Parameters, algorithm: DigestAlgorithm): string {
  if (parameters.has('username*')) throw malformed('username*', 'username, with userhash', 'username*')
  const name = text(parameters, 'username')
  if (/^[\da-f]+$/.test(name) && name.length === hexLength(algorithm)) return name
  throw malformed('username', `${hexLength(algorithm)} hexadecimal digits, with userhash`, 'another')
}

/** @throws MalformedTokenError that says why, for programs that know older ways */
function requireAuth(qop: string | undefined): void {
  if (qop?.toLowerCase() === 'auth') return
  if (qop === undefined) throw malformed('qop', 'auth', 'nothing: without it (RFC 2069) a request can be replayed')
  const isInt = qop.toLowerCase() === 'auth-int'
  throw malformed('qop', 'auth', isInt ? 'auth-int: the whole body would have to be read first' : 'another')
}

/** RFC 7616 section 3.4: the algorithm is MD5 if none is named. */
function readAlgorithm(named: string = 'MD5'): DigestAlgorithm {
  const algorithm = DIGEST_ALGORITHMS.find((one) => one.toLowerCase() === named.toLowerCase())
  if (algorithm === undefined) throw malformed('algorithm', DIGEST_ALGORITHMS.join(' or '), shownInput(named))
  return algorithm
}

export function malformed(parameter: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: `Digest.${parameter}`, expected, found })
}

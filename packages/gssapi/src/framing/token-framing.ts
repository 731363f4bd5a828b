import { type Codec, decode, DerFault, DerWriter, encode } from '@s4u/krb5'
import { ObjectIdentifier } from './oids.js'

/**
 * The first token of a mechanism. Source: RFC 2743 section 3.1.
 *
 *     InitialContextToken ::= [APPLICATION 0] IMPLICIT SEQUENCE {
 *         thisMech           MechType,
 *         innerContextToken  ANY DEFINED BY thisMech -- not necessarily ASN.1
 *     }
 */
export interface InitialContextToken {
  readonly mechanism: string
  readonly innerToken: Uint8Array
}

/** [APPLICATION 0] */
const FRAME_TAG = 0x60

const InitialContextToken: Codec<InitialContextToken> = {
  name: 'InitialContextToken',
  tag: FRAME_TAG,
  read(reader) {
    const enclosing = reader.enter(FRAME_TAG)
    const mechanism = readMechanism(reader)
    const innerToken = reader.bytes.subarray(reader.position, reader.end)
    reader.position = reader.end
    reader.leave(enclosing)
    return { mechanism, innerToken }
  },
  write: (writer, { mechanism, innerToken }) => framed(mechanism, (inner) => inner.octets(innerToken))(writer),
}

/**
 * Returns whether a token begins as RFC 2743 framing does.
 *
 * @example
 * ```ts
 * import { frame, isFramed, Mechanism } from '@s4u/gssapi'
 *
 * console.log(isFramed(frame(Mechanism.SPNEGO, Uint8Array.of(0)))) // true
 * console.log(isFramed(new TextEncoder().encode('NTLMSSP'))) // false
 * ```
 */
export function isFramed(token: Uint8Array): boolean {
  return token[0] === FRAME_TAG
}

/**
 * Returns whether a token begins as one of this mechanism, even if its length is wrong or octets
 * follow.
 */
export function isFramedAs(mechanism: string, token: Uint8Array): boolean {
  if (!isFramed(token) || token.length < 2) return false
  const first = token[1]
  const start = first < 0x80 ? 2 : 2 + (first & 0x7f)
  const wanted = encode(ObjectIdentifier, mechanism)
  return wanted.every((octet, index) => octet === token[start + index])
}

/**
 * Removes the framing. Lengths must have their shortest form and end with the token.
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { Mechanism, unframe } from '@s4u/gssapi'
 *
 * // Whether a token is one of SPNEGO.
 * export function isSpnego(token: Uint8Array): boolean {
 *   return unframe(token).mechanism === Mechanism.SPNEGO
 * }
 * ```
 */
export function unframe(token: Uint8Array): InitialContextToken {
  return decode(InitialContextToken, token)
}

/**
 * Returns a token in the framing of a mechanism, whose object identifier is `mechanism`. Source:
 * RFC 2743 section 3.1.
 *
 * @example
 * ```ts
 * import { frame, Mechanism, unframe } from '@s4u/gssapi'
 *
 * const token = frame(Mechanism.KRB5, Uint8Array.of(1, 0))
 * console.log(unframe(token).mechanism === Mechanism.KRB5) // true
 * ```
 */
export function frame(mechanism: string, innerToken: Uint8Array): Uint8Array {
  return encode(InitialContextToken, { mechanism, innerToken })
}

/**
 * Writes a token into the frame around it, so that a ticket is copied once, and not for each frame.
 */
export type TokenWriter = (writer: DerWriter) => void

export function framed(mechanism: string, inner: TokenWriter): TokenWriter {
  return (writer) => {
    const mark = writer.written
    inner(writer)
    ObjectIdentifier.write(writer, mechanism)
    writer.header(FRAME_TAG, mark)
  }
}

export function written(token: TokenWriter): Uint8Array {
  return withToken(token, (octets) => octets.slice())
}

/**
 * Lends the token to `use`, and wipes it afterwards: a token that is sent as text needs no memory
 * of its own.
 */
export function withToken<T>(token: TokenWriter, use: (octets: Uint8Array) => T): T {
  const writer = new DerWriter()
  token(writer)
  return writer.lend(use)
}

const readMechanism: Codec<string>['read'] = (reader) => {
  try {
    return ObjectIdentifier.read(reader)
  } catch (fault) {
    if (fault instanceof DerFault) fault.path.unshift('this-mech')
    throw fault
  }
}

/**
 * Codecs of messages. A codec is a table made from the functions of this folder (`sequence`,
 * `field`, `optional` …) and typed over the interface that it reads and writes: a missing, extra or
 * wrongly optional field does not compile.
 */

import { MalformedTokenError } from '../errors/errors.js'
import { DerFault, DerReader, DerWriter } from './der.js'
import { MAX_MESSAGE_OCTETS } from './limits.js'

/** Reads and writes one ASN.1 type. */
export interface Codec<T> {
  /** The name used in errors: `AP-REQ`, `Int32`. */
  readonly name: string
  /** The identifier octet with which every encoding begins. */
  readonly tag: number
  /** @throws DerFault, which `decode` turns into an error with the path of the field */
  read(reader: DerReader): T
  write(writer: DerWriter, value: T): void
}

/**
 * Decodes one value, which must fill `bytes` exactly. Octet strings in the result are views on
 * `bytes`, not copies.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { ApReq, decode } from '@s4u/krb5'
 *
 * export const serviceOf = (bytes: Uint8Array) => decode(ApReq, bytes).ticket.sname.nameString
 * ```
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  try {
    if (bytes.length > MAX_MESSAGE_OCTETS) {
      throw new DerFault(`at most ${MAX_MESSAGE_OCTETS} octets`, `${bytes.length}`, 'KRB_ERR_FIELD_TOOLONG')
    }
    const reader = new DerReader(bytes)
    const value = codec.read(reader)
    if (reader.position !== bytes.length) {
      throw new DerFault('the end', `${bytes.length - reader.position} trailing octets`)
    }
    return value
  } catch (fault) {
    throw fault instanceof DerFault ? malformed(codec.name, fault) : fault
  }
}

/**
 * Returns the DER encoding of a value. There is exactly one for each value.
 *
 * @throws ConfigurationError ASN1_BAD_FORMAT if the value does not fit the type
 *
 * @example
 * ```ts
 * import { encode, NameType, PrincipalName } from '@s4u/krb5'
 *
 * encode(PrincipalName, { nameType: NameType.PRINCIPAL, nameString: ['alice'] })
 * ```
 */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new DerWriter()
  codec.write(writer, value)
  return writer.finish()
}

/**
 * Encodes a value, lends the octets to `use`, and wipes them when `use` returns. Returns what `use`
 * returns. Do not keep the octets. An encoding that is only encrypted or hashed needs no memory of
 * its own, and leaves no key behind.
 *
 * @example
 * ```ts
 * import { digest, KdcReqBody, withEncoding } from '@s4u/krb5'
 *
 * export function hashOf(body: KdcReqBody): Uint8Array {
 *   return withEncoding(KdcReqBody, body, (octets) => digest('sha256', octets))
 * }
 * ```
 */
export function withEncoding<T, R>(codec: Codec<T>, value: T, use: (octets: Uint8Array) => R): R {
  const writer = new DerWriter()
  codec.write(writer, value)
  return writer.lend(use)
}

function malformed(name: string, fault: DerFault): MalformedTokenError {
  const path = fault.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  const { expected, found } = fault
  return new MalformedTokenError({ path: name + path, expected, found, ...(fault.code && { code: fault.code }) })
}

/**
 * Adds a step to the path of a fault (the name of a field, or the index of an element) and returns
 * the fault.
 */
export function within(fault: unknown, step: string | number): unknown {
  if (fault instanceof DerFault) fault.path.unshift(step)
  return fault
}

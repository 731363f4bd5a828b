/**
 * Messages as tables: each codec is a value built from the combinators below, typed over the
 * interface that it reads and writes, so that a missing, extra or wrongly optional field does not
 * compile.
 */

import { MalformedTokenError } from '../errors/errors.js'
import { DerFault, DerReader, DerWriter } from './der.js'
import { MAX_MESSAGE_OCTETS } from './limits.js'

/** How one ASN.1 type is read and written. */
export interface Codec<T> {
  /** The name used in errors: `AP-REQ`, `Int32`. */
  readonly name: string
  /** The identifier octet that every encoding begins with. */
  readonly tag: number
  /** @throws DerFault */
  read(reader: DerReader): T
  write(writer: DerWriter, value: T): void
}

/**
 * Decodes exactly one value that fills `bytes`. Octet strings in the result are views on `bytes`.
 * @throws MalformedTokenError
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
 * The one DER encoding of a value. @throws ConfigurationError when the value does not fit the type
 */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new DerWriter()
  codec.write(writer, value)
  return writer.finish()
}

/**
 * The same for as long as `use` runs, and wiped then: what is sealed or summed up next needs no
 * memory of its own.
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

/** Adds a step to the path of a fault: the name of a field, or the index of an element. */
export function within(fault: unknown, step: string | number): unknown {
  if (fault instanceof DerFault) fault.path.unshift(step)
  return fault
}

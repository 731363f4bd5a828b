/**
 * Messages as tables: each codec is a value built from the combinators below, typed over the interface that it reads and writes,
 * so that a missing, extra or wrongly optional field does not compile.
 */

import type { S4uErrorCode } from '../errors/error-codes.js'
import { MalformedTokenError } from '../errors/errors.js'
import { cannotEncode, DerFault, DerReader, DerWriter } from './der.js'
import { MAX_MESSAGE_OCTETS, MAX_SEQUENCE_OF_ELEMENTS } from './limits.js'

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

/** Decodes exactly one value that fills `bytes`. Octet strings in the result are views on `bytes`. @throws MalformedTokenError */
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

/** The one DER encoding of a value. @throws ConfigurationError when the value does not fit the type */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new DerWriter()
  codec.write(writer, value)
  return writer.finish()
}

/** The same for as long as `use` runs, and wiped then: what is sealed or summed up next needs no memory of its own. */
export function withEncoding<T, R>(codec: Codec<T>, value: T, use: (octets: Uint8Array) => R): R {
  const writer = new DerWriter()
  codec.write(writer, value)
  return writer.lend(use)
}

interface Field<T, Optional extends boolean> {
  readonly tag: number
  readonly codec: Codec<T>
  readonly optional: Optional
}

/** One field for each property of T, in the order of the ASN.1 definition; optional exactly where the property is. */
export type FieldsOf<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Field<Exclude<T[K], undefined>, true> : Field<T[K], false>
}

export function field<T>(number: number, codec: Codec<T>): Field<T, false> {
  return { tag: contextTag(number), codec, optional: false }
}

export function optional<T>(number: number, codec: Codec<T>): Field<T, true> {
  return { tag: contextTag(number), codec, optional: true }
}

/** A field with one permitted value, such as `pvno [0] INTEGER (5)`. Not part of the decoded value. */
export interface FixedField {
  readonly tag: number
  readonly name: string
  readonly value: number
  /** The protocol's name for the refusal. */
  readonly code: S4uErrorCode
}

export interface SequenceOptions {
  /** Fixed fields, which in Kerberos always come first. */
  readonly fixed?: readonly FixedField[]
  /** The definition ends in `...`: fields of a later version are read past. */
  readonly extensible?: boolean
}

/** SEQUENCE with explicitly tagged fields. */
export function sequence<T extends object>(name: string, fields: FieldsOf<T>, options: SequenceOptions = {}): Codec<T> {
  const entries = entriesOf<T>(fields)
  const fixed = options.fixed ?? []
  return {
    name,
    tag: 0x30,
    read(reader) {
      const enclosing = reader.enter(0x30)
      for (const constant of fixed) readFixed(reader, constant)
      const value: Record<string, unknown> = {}
      let index = 0
      try {
        for (; index < entries.length; index++) {
          const entry = entries[index]
          if (entry.optional && reader.peek() !== entry.tag) {
            value[entry.property] = undefined
            continue
          }
          const outer = reader.enter(entry.tag)
          value[entry.property] = entry.codec.read(reader)
          reader.leave(outer)
        }
      } catch (fault) {
        throw within(fault, wireName(entries[index].property))
      }
      if (options.extensible) while (reader.position < reader.end) reader.skip()
      reader.leave(enclosing)
      return value as T
    },
    write(writer, value) {
      const mark = writer.written
      for (let index = entries.length - 1; index >= 0; index--) {
        const { property, tag, codec, optional } = entries[index]
        const item: unknown = value[property]
        if (item === undefined && optional) continue
        if (item === undefined) cannotEncode(`${name}.${wireName(property)}`, 'nothing')
        const inner = writer.written
        codec.write(writer, item)
        writer.header(tag, inner)
      }
      for (let index = fixed.length - 1; index >= 0; index--) writeFixed(writer, fixed[index])
      writer.header(0x30, mark)
    },
  }
}

interface Entry<T> extends Field<unknown, boolean> {
  readonly property: keyof T & string
}

function entriesOf<T>(fields: FieldsOf<T>): readonly Entry<T>[] {
  const entries = Object.entries(fields) as [keyof T & string, Field<unknown, boolean>][]
  // One shape for all, with its properties at hand: this is where decoding spends its time.
  return entries.map(([property, { tag, codec, optional }]) => ({ property, tag, codec, optional }))
}

/** SEQUENCE OF, bounded in number; `minimum` is 1 where the definition says SIZE (1..MAX). */
export function sequenceOf<T>(element: Codec<T>, minimum = 0): Codec<readonly T[]> {
  return {
    name: `SEQUENCE OF ${element.name}`,
    tag: 0x30,
    read(reader) {
      const enclosing = reader.enter(0x30)
      const values: T[] = []
      try {
        while (reader.position < reader.end) {
          if (values.length === MAX_SEQUENCE_OF_ELEMENTS) {
            throw new DerFault(`at most ${MAX_SEQUENCE_OF_ELEMENTS} elements`, 'more')
          }
          values.push(element.read(reader))
        }
      } catch (fault) {
        throw within(fault, values.length)
      }
      if (values.length < minimum) throw new DerFault(`at least ${minimum} element`, 'none')
      reader.leave(enclosing)
      return values
    },
    write(writer, values) {
      if (values.length < minimum) cannotEncode(`at least ${minimum} element`, 'none')
      const mark = writer.written
      for (let index = values.length - 1; index >= 0; index--) element.write(writer, values[index])
      writer.header(0x30, mark)
    },
  }
}

/**
 * The elements of a SEQUENCE OF, each for itself: one that cannot be read is left out. For lists in which somebody offers things and one
 * is chosen, such as the encryption types of a KDC. @throws MalformedTokenError for what is no list at all
 */
export function decodeReadable<T>(element: Codec<T>, bytes: Uint8Array): readonly T[] {
  return decode(sequenceOf(anyElement), bytes).flatMap((octets) => {
    try {
      return [decode(element, octets)]
    } catch (error) {
      if (error instanceof MalformedTokenError) return []
      throw error
    }
  })
}

/** The octets of one element, whatever it is. */
const anyElement: Codec<Uint8Array> = {
  name: 'element',
  tag: 0x30,
  read(reader) {
    const start = reader.position
    reader.skip()
    return reader.bytes.subarray(start, reader.position)
  },
  write: () => cannotEncode('an element of a known type', 'octets'),
}

/** [APPLICATION n] around a type; `name` replaces the inner name. */
export function application<T>(number: number, name: string, inner: Codec<T>): Codec<T> {
  return tagged(0x60 | lowTag(number), name, inner)
}

/**
 * An explicit context tag `[n]` around a type, where the type is not a field of a sequence.
 *
 * @param number 0 to 30
 * @param name used in errors in place of the name of `inner`
 */
export function explicit<T>(number: number, name: string, inner: Codec<T>): Codec<T> {
  return tagged(contextTag(number), name, inner)
}

/** @deprecated Since 0.2: use `explicit`, which does the same. */
export const context = explicit

/**
 * A codec that writes as `written` does, and also reads what the others do. Some KDCs send
 * EncTGSRepPart where EncASRepPart belongs: the same value under another tag.
 */
export function alsoReading<T>(written: Codec<T>, ...others: readonly Codec<T>[]): Codec<T> {
  const all = [written, ...others]
  return {
    ...written,
    read(reader) {
      const tag = reader.peek()
      return (all.find((codec) => codec.tag === tag) ?? written).read(reader)
    },
  }
}

function contextTag(number: number): number {
  return 0xa0 | lowTag(number)
}

/** Larger numbers have a longer form (X.690 section 8.1.2.4), which nothing in Kerberos needs. */
const MAX_LOW_TAG = 30

function lowTag(number: number): number {
  if (Number.isInteger(number) && number >= 0 && number <= MAX_LOW_TAG) return number
  return cannotEncode(`a tag number of 0 to ${MAX_LOW_TAG}`, number)
}

function tagged<T>(tag: number, name: string, inner: Codec<T>): Codec<T> {
  return {
    name,
    tag,
    read(reader) {
      const enclosing = reader.enter(tag)
      const value = inner.read(reader)
      reader.leave(enclosing)
      return value
    },
    write(writer, value) {
      const mark = writer.written
      inner.write(writer, value)
      writer.header(tag, mark)
    },
  }
}

function readFixed(reader: DerReader, { tag, name, value, code }: FixedField): void {
  try {
    const enclosing = reader.enter(tag)
    const length = reader.header(0x02)
    const found = (reader.bytes[reader.position] << 24) >> 24
    reader.position += length
    if (length !== 1 || found !== value) {
      throw new DerFault(String(value), length === 1 ? String(found) : 'another number', code)
    }
    reader.leave(enclosing)
  } catch (fault) {
    throw within(fault, name)
  }
}

function writeFixed(writer: DerWriter, { tag, value }: FixedField): void {
  const mark = writer.written
  writer.octet(value)
  writer.header(0x02, mark)
  writer.header(tag, mark)
}

function within(fault: unknown, step: string | number): unknown {
  if (fault instanceof DerFault) fault.path.unshift(step)
  return fault
}

/** `encPart` in TypeScript is `enc-part` in the RFC. */
function wireName(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function malformed(name: string, fault: DerFault): MalformedTokenError {
  const path = fault.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('')
  const { expected, found } = fault
  return new MalformedTokenError({ path: name + path, expected, found, ...(fault.code && { code: fault.code }) })
}

import type { S4uErrorCode } from '../errors/error-codes.js'
import { type Codec, within } from './codec.js'
import { cannotEncode, DerFault, type DerReader, type DerWriter } from './der.js'
import { contextTag } from './tagged.js'

interface Field<T, Optional extends boolean> {
  readonly tag: number
  readonly codec: Codec<T>
  readonly optional: Optional
}

/**
 * One field for each property of T, in the order of the ASN.1 definition; a field is optional
 * exactly where the property is.
 */
export type FieldsOf<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Field<Exclude<T[K], undefined>, true> : Field<T[K], false>
}

/**
 * Makes the required field `[number]` of a sequence.
 *
 * @param number 0 to 30
 *
 * @example
 * ```ts
 * import { field, Int32 } from '@s4u/krb5'
 *
 * field(0, Int32)
 * ```
 */
export function field<T>(number: number, codec: Codec<T>): Field<T, false> {
  return { tag: contextTag(number), codec, optional: false }
}

/**
 * Makes the optional field `[number]` of a sequence.
 *
 * @param number 0 to 30
 *
 * @example
 * ```ts
 * import { Int32, optional } from '@s4u/krb5'
 *
 * optional(1, Int32)
 * ```
 */
export function optional<T>(number: number, codec: Codec<T>): Field<T, true> {
  return { tag: contextTag(number), codec, optional: true }
}

/**
 * A field with only one permitted value, such as `pvno [0] INTEGER (5)`. It is not part of the
 * decoded value.
 */
export interface FixedField {
  readonly tag: number
  readonly name: string
  readonly value: number
  /** The code of the error for another value. */
  readonly code: S4uErrorCode
}

export interface SequenceOptions {
  /** The fixed fields, which in Kerberos always come first. */
  readonly fixed?: readonly FixedField[]
  /** True if the definition ends in `...`: fields of a later version are skipped. */
  readonly extensible?: boolean
}

/**
 * Makes the codec of a SEQUENCE with explicitly tagged fields.
 *
 * @example
 * ```ts
 * import { type Codec, field, Int32, KerberosString, optional, sequence } from '@s4u/krb5'
 *
 * interface Greeting {
 *   readonly number: number
 *   readonly text?: string
 * }
 * export const Greeting: Codec<Greeting> = sequence<Greeting>('Greeting', {
 *   number: field(0, Int32),
 *   text: optional(1, KerberosString),
 * })
 * ```
 */
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
  // All entries have the same shape, with their properties directly in them: decoding spends its
  // time here.
  return entries.map(([property, { tag, codec, optional }]) => ({ property, tag, codec, optional }))
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

/** Returns the name of a field as the RFC writes it: `enc-part` for `encPart`. */
function wireName(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

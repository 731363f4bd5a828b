/**
 * Sequences of modules with IMPLICIT TAGS, where the tag of a field replaces the tag of its type.
 * Source: X.690 section 8.14.
 */

import type { Codec } from './codec.js'
import { encode } from './codec.js'
import { cannotEncode, DerFault, DerReader } from './der.js'

interface ImplicitField<T, Optional extends boolean> {
  readonly tag: number
  readonly codec: Codec<T>
  readonly optional: Optional
}

/**
 * One field for each property of T, in the order of the ASN.1 definition; a field is optional
 * exactly where the property is.
 */
export type ImplicitFieldsOf<T> = {
  readonly [K in keyof T]-?: undefined extends T[K]
    ? ImplicitField<Exclude<T[K], undefined>, true>
    : ImplicitField<T[K], false>
}

export function implicitField<T>(number: number, codec: Codec<T>): ImplicitField<T, false> {
  return { tag: tagOf(number, codec), codec, optional: false }
}

export function implicitOptional<T>(number: number, codec: Codec<T>): ImplicitField<T, true> {
  return { tag: tagOf(number, codec), codec, optional: true }
}

const CONSTRUCTED = 0x20

function tagOf(number: number, { tag }: Codec<unknown>): number {
  return 0x80 | (tag & CONSTRUCTED) | number
}

/**
 * Makes the codec of a SEQUENCE with implicitly tagged fields. Its definition ends in `...`: fields
 * of a later version are skipped.
 */
export function implicitSequence<T extends object>(name: string, fields: ImplicitFieldsOf<T>): Codec<T> {
  const entries = Object.entries(fields) as [keyof T & string, ImplicitField<unknown, boolean>][]
  return {
    name,
    tag: 0x30,
    read(reader) {
      const enclosing = reader.enter(0x30)
      const value: Record<string, unknown> = {}
      for (const [property, { tag, codec, optional }] of entries) {
        const isThere = reader.position < reader.end && reader.peek() === tag
        if (!isThere && !optional) throw new DerFault(`${name}.${property}`, 'nothing')
        value[property] = isThere ? readAs(reader, codec) : undefined
      }
      while (reader.position < reader.end) reader.skip()
      reader.leave(enclosing)
      return value as T
    },
    write(writer, value) {
      const mark = writer.written
      for (const [property, { tag, codec, optional }] of entries.toReversed()) {
        const item: unknown = value[property]
        if (item === undefined && optional) continue
        if (item === undefined) cannotEncode(`${name}.${property}`, 'nothing')
        const octets = encode(codec, item)
        octets[0] = tag
        writer.octets(octets)
      }
      writer.header(0x30, mark)
    },
  }
}

/**
 * Reads a value that stands under the tag of its field, as if it stood under the tag of its type.
 */
function readAs(reader: DerReader, codec: Codec<unknown>): unknown {
  const start = reader.position
  reader.skip()
  const octets = reader.bytes.slice(start, reader.position)
  octets[0] = codec.tag
  const inner = new DerReader(octets)
  const value = codec.read(inner)
  if (inner.position !== octets.length) throw new DerFault('the end of the field', 'more octets')
  return value
}

import type { Codec } from './codec.js'
import { cannotEncode } from './der.js'

/**
 * Makes the codec of a type inside of an [APPLICATION n] tag.
 *
 * @param number 0 to 30
 * @param name used in errors in place of the name of `inner`
 *
 * @example
 * ```ts
 * import { application, Int32 } from '@s4u/krb5'
 *
 * application(3, 'Answer', Int32)
 * ```
 */
export function application<T>(number: number, name: string, inner: Codec<T>): Codec<T> {
  return tagged(0x60 | lowTag(number), name, inner)
}

/**
 * Makes the codec of a type inside of an explicit context tag `[n]`, where the type is not a field
 * of a sequence.
 *
 * @param number 0 to 30
 * @param name used in errors in place of the name of `inner`
 *
 * @example
 * ```ts
 * import { explicit, Int32 } from '@s4u/krb5'
 *
 * explicit(0, 'Choice', Int32)
 * ```
 */
export function explicit<T>(number: number, name: string, inner: Codec<T>): Codec<T> {
  return tagged(contextTag(number), name, inner)
}

/** @deprecated Since 0.2: use `explicit`, which does the same. */
export const context = explicit

/**
 * Makes a codec that writes as `written` does, and also reads what the others read. Some KDCs send
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

/** Returns the identifier octet of `[n]` around a value. */
export function contextTag(number: number): number {
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

import { MalformedTokenError } from '../errors/errors.js'
import { type Codec, decode, within } from './codec.js'
import { cannotEncode, DerFault } from './der.js'
import { MAX_SEQUENCE_OF_ELEMENTS } from './limits.js'

/**
 * Makes the codec of a SEQUENCE OF, with a limit on the number of elements.
 *
 * @param minimum 1 where the definition says SIZE (1..MAX)
 *
 * @example
 * ```ts
 * import { Int32, sequenceOf } from '@s4u/krb5'
 *
 * sequenceOf(Int32, 1)
 * ```
 */
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
 * Decodes the elements of a SEQUENCE OF one by one, and leaves out those that cannot be read. For
 * lists in which a peer offers several things and one is chosen, such as the encryption types of a
 * KDC.
 *
 * @throws MalformedTokenError if the octets are not a list at all
 *
 * @example
 * ```ts
 * import { decodeReadable, EtypeInfo2Entry } from '@s4u/krb5'
 *
 * export const offersIn = (octets: Uint8Array) => decodeReadable(EtypeInfo2Entry, octets)
 * ```
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

/** Reads the octets of one element of any kind. */
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

import { MalformedTokenError } from '../errors/errors.js'
import { type Codec, decode, within } from './codec.js'
import { cannotEncode, DerFault } from './der.js'
import { MAX_SEQUENCE_OF_ELEMENTS } from './limits.js'

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
 * The elements of a SEQUENCE OF, each for itself: one that cannot be read is left out. For lists in
 * which somebody offers things and one is chosen, such as the encryption types of a KDC. @throws
 * MalformedTokenError for what is no list at all
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

/**
 * Distinguished Encoding Rules (DER), read strictly: definite lengths in their shortest form, low
 * tag numbers, nothing after the end. A lenient reader lets two byte strings mean the same message,
 * which breaks every checksum and replay check above it.
 *
 * Source: ITU-T X.690 sections 8 and 10.
 */

import type { S4uErrorCode } from '../errors/error-codes.js'
import { ConfigurationError } from '../errors/errors.js'
import { shownInput } from '../errors/shown-input.js'

/**
 * What a reader found wrong, with the path of field names, which grows while the fault travels
 * outwards. It is not an `Error`: `decode` turns it into a `MalformedTokenError`, and damaged input
 * must not cost one stack trace for each layer.
 *
 * @example
 * ```ts
 * import { type Codec, DerFault } from '@s4u/krb5'
 *
 * // An octet that must be one of two.
 * export const Choice: Codec<number> = {
 *   name: 'Choice',
 *   tag: 0x04,
 *   read(reader) {
 *     const [value, ...others] = reader.contents(0x04)
 *     const isOne = others.length === 0 && (value === 1 || value === 2)
 *     if (!isOne) throw new DerFault('1 or 2', String(value))
 *     return value
 *   },
 *   write(writer, value) {
 *     const mark = writer.written
 *     writer.octet(value)
 *     writer.header(0x04, mark)
 *   },
 * }
 * ```
 */
export class DerFault {
  readonly path: (string | number)[] = []
  readonly expected: string
  readonly found: string
  readonly code: S4uErrorCode | undefined

  constructor(expected: string, found: string, code?: S4uErrorCode) {
    this.expected = expected
    this.found = found
    this.code = code
  }
}

/**
 * Reads one message from front to back. `end` is the end of the element that is being read, and
 * never lies beyond the end of the bytes.
 *
 * @example
 * ```ts
 * import { DerReader } from '@s4u/krb5'
 *
 * const reader = new DerReader(Uint8Array.of(0x30, 3, 0x02, 1, 7))
 * const enclosing = reader.enter(0x30)
 * console.log(reader.contents(0x02)[0]) // 7
 * reader.leave(enclosing)
 * ```
 */
export class DerReader {
  readonly bytes: Uint8Array
  position: number
  end: number

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.position = 0
    this.end = bytes.length
  }

  /** Returns the next identifier octet, or -1 at the end of the enclosing element. */
  peek(): number {
    return this.position < this.end ? this.bytes[this.position] : -1
  }

  /**
   * Enters an element, and sets `end` to its end. Returns the end of the enclosing element, which
   * `leave` needs.
   */
  enter(tag: number): number {
    const enclosing = this.end
    const length = this.header(tag)
    this.end = this.position + length
    return enclosing
  }

  /** Leaves an element. Throws if anything in it was not read. */
  leave(enclosing: number): void {
    if (this.position !== this.end) {
      throw new DerFault('the end of the element', `${this.end - this.position} more octets`)
    }
    this.end = enclosing
  }

  /**
   * Reads identifier and length, and returns the length. The contents begin at `position` and fit
   * into the enclosing element.
   */
  header(tag: number): number {
    const { bytes, position, end } = this
    // Nearly every element is shorter than 128 octets. For these, each octet is looked at once and
    // nothing is written twice.
    if (position + 1 < end && bytes[position] === tag) {
      const length = bytes[position + 1]
      if (length < 0x80 && length <= end - position - 2) {
        this.position = position + 2
        return length
      }
    }
    return this.#longHeader(tag)
  }

  /** Returns the contents of a primitive element, as a view on the message. */
  contents(tag: number): Uint8Array {
    const length = this.header(tag)
    const start = this.position
    this.position += length
    return this.bytes.subarray(start, this.position)
  }

  /** Reads past one element of any kind. */
  skip(): void {
    const tag = this.peek()
    if (tag < 0) throw new DerFault('an element', 'the end')
    if ((tag & 0x1f) === 0x1f) throw new DerFault('a tag number below 31', 'a high tag number')
    const length = this.header(tag)
    this.position += length
  }

  #longHeader(tag: number): number {
    if (this.peek() !== tag) throw new DerFault(nameOfTag(tag), nameOfTag(this.peek()))
    this.position++
    const length = this.#length()
    if (length > this.end - this.position) {
      throw new DerFault(`a length of at most ${this.end - this.position}`, String(length))
    }
    return length
  }

  #length(): number {
    if (this.position >= this.end) throw new DerFault('a length', 'the end')
    const first = this.bytes[this.position++]
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0) throw new DerFault('a definite length', 'the indefinite form')
    if (count > 4) throw new DerFault('a length of at most four octets', `${count} octets`)
    if (count > this.end - this.position) throw new DerFault('a length', 'the end')
    const leading = this.bytes[this.position]
    let length = 0
    for (let left = count; left > 0; left--) length = (length << 8) | this.bytes[this.position++]
    length >>>= 0
    if (leading === 0 || length < 0x80) {
      throw new DerFault('the shortest form of the length', `${length} in ${count} octets`)
    }
    return length
  }
}

/** Enough for a message with a ticket whose PAC is not large. */
const SPARE_SIZE = 4096

/**
 * One buffer serves the writers one after the other: allocating a new one is much of the cost of a
 * small message.
 */
let spare: Uint8Array | undefined

/**
 * Writes a message from its end to its beginning, so that each length is known when it is written
 * and nothing is measured twice. A writer is good for one message.
 *
 * @example
 * ```ts
 * import { DerWriter } from '@s4u/krb5'
 *
 * // SEQUENCE { INTEGER 7 }: what comes last is written first.
 * const writer = new DerWriter()
 * writer.octet(7)
 * writer.header(0x02, 0)
 * writer.header(0x30, 0)
 * console.log(writer.finish().join(' ')) // 48 3 2 1 7
 * ```
 */
export class DerWriter {
  #buffer = takeSpare()
  #start = this.#buffer.length

  /** The number of octets written so far; `header` measures an element from it. */
  get written(): number {
    return this.#buffer.length - this.#start
  }

  octet(value: number): void {
    if (this.#start === 0) this.#grow(1)
    this.#buffer[--this.#start] = value
  }

  octets(values: Uint8Array): void {
    if (this.#start < values.length) this.#grow(values.length)
    this.#start -= values.length
    this.#buffer.set(values, this.#start)
  }

  /**
   * Writes identifier and length of the element whose contents were written since `mark`, an
   * earlier value of `written`.
   */
  header(tag: number, mark: number): void {
    let length = this.written - mark
    if (length < 0x80) {
      this.octet(length)
    } else {
      let count = 0
      for (; length > 0; length = Math.floor(length / 256), count++) this.octet(length & 0xff)
      this.octet(0x80 | count)
    }
    this.octet(tag)
  }

  finish(): Uint8Array {
    return this.lend((octets) => octets.slice())
  }

  /** Lends what was written to `use`, and wipes it when `use` returns. */
  lend<T>(use: (octets: Uint8Array) => T): T {
    const [buffer, start] = [this.#buffer, this.#start]
    this.#buffer = NOTHING
    this.#start = 0
    try {
      return use(buffer.subarray(start))
    } finally {
      // The buffer may have contained session keys.
      buffer.fill(0, start)
      if (buffer.length === SPARE_SIZE) spare = buffer
    }
  }

  #grow(need: number): void {
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.written + need))
    const start = larger.length - this.written
    larger.set(this.#buffer.subarray(this.#start), start)
    this.#buffer = larger
    this.#start = start
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

/**
 * Takes the shared buffer. A message that is written while another one is, or after one that
 * failed, gets a buffer of its own.
 */
function takeSpare(): Uint8Array {
  const taken = spare ?? new Uint8Array(SPARE_SIZE)
  spare = undefined
  return taken
}

/**
 * Throws the error for a value that cannot be encoded. The caller made the mistake, not the peer.
 */
export function cannotEncode(expected: string, found: unknown): never {
  throw new ConfigurationError(`cannot encode: expected ${expected}, found ${shownInput(found)}`, {
    code: 'ASN1_BAD_FORMAT',
  })
}

const UNIVERSAL: Readonly<Record<number, string>> = {
  0x01: 'BOOLEAN',
  0x02: 'INTEGER',
  0x03: 'BIT STRING',
  0x04: 'OCTET STRING',
  0x06: 'OBJECT IDENTIFIER',
  0x0a: 'ENUMERATED',
  0x18: 'GeneralizedTime',
  0x1b: 'GeneralString',
  0x30: 'SEQUENCE',
}

function nameOfTag(tag: number): string {
  if (tag < 0) return 'the end'
  if (UNIVERSAL[tag] !== undefined) return UNIVERSAL[tag]
  const number = tag & 0x1f
  if (tag >> 5 === 0b011) return `[APPLICATION ${number}]`
  if (tag >> 5 === 0b101) return `[${number}]`
  return `tag 0x${tag.toString(16).padStart(2, '0')}`
}

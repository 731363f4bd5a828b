import { ByteReader } from '../../bytes/byte-reader.js'
import { readUtf16 } from '../../bytes/utf16.js'
import { readSid } from './sid.js'

/** The fixed part of an RPC_UNICODE_STRING; its characters are deferred. MS-DTYP section 2.3.10. */
export interface UnicodeStringHeader {
  readonly present: boolean
  /** The number of octets. */
  readonly length: number
  readonly maximumLength: number
}

/** A count, and whether an array of so many elements follows later. */
export interface CountedPointer {
  readonly count: number
  readonly present: boolean
}

/**
 * Reads NDR (C706 chapter 14) with type serialization version 1 (MS-RPCE section 2.2.6), as far as
 * PACs use it: little-endian, with unique pointers. What a pointer points to is deferred: it stands
 * behind the structure that contains the pointer, in the order of the pointers.
 *
 * No method calls itself, so hostile bytes cannot cause a deep recursion.
 *
 * @example
 * ```ts
 * import { NdrReader, NdrWriter } from '@s4u/krb5'
 *
 * const octets = NdrWriter.encode((ndr) => ndr.u32(1000).u32(513))
 * const read = NdrReader.decode(octets, 'IDS', (ndr) => [ndr.u32('user'), ndr.u32('group')])
 * console.log(read.join(' ')) // 1000 513
 * ```
 */
export class NdrReader {
  readonly #reader: ByteReader

  private constructor(reader: ByteReader) {
    this.#reader = reader
  }

  /** Reads one serialized structure, whose top-level pointer must not be null. */
  static decode<T>(bytes: Uint8Array, path: string, read: (ndr: NdrReader) => T): T {
    const reader = new ByteReader(bytes, path)
    const ndr = new NdrReader(readHeaders(reader))
    if (!ndr.pointer('pointer')) ndr.fail('pointer', 'a structure', 'a null pointer')
    const value = read(ndr)
    ndr.#expectPaddingOnly()
    return value
  }

  /**
   * Reads the arguments of a call as they stand in an RPC request or reply: without headers, and
   * with nothing behind them. C706 section 14.
   *
   * @throws MalformedTokenError
   */
  static stub<T>(bytes: Uint8Array, path: string, read: (ndr: NdrReader) => T): T {
    const reader = new ByteReader(bytes, path)
    const value = read(new NdrReader(reader))
    reader.expectEnd()
    return value
  }

  u8(field: string): number {
    return this.#reader.u8(field)
  }

  u16(field: string): number {
    this.#reader.align(2, field)
    return this.#reader.u16le(field)
  }

  u32(field: string): number {
    this.#reader.align(4, field)
    return this.#reader.u32le(field)
  }

  /**
   * Reads a FILETIME, which is a structure of two 32-bit halves and so is aligned to 4. MS-DTYP
   * section 2.3.3.
   */
  filetime(field: string): bigint {
    this.#reader.align(4, field)
    return this.#reader.u64le(field)
  }

  i64(field: string): bigint {
    this.#reader.align(8, field)
    return this.#reader.i64le(field)
  }

  u64(field: string): bigint {
    this.#reader.align(8, field)
    return this.#reader.u64le(field)
  }

  bytes(length: number, field: string): Uint8Array {
    return this.#reader.bytes(length, field)
  }

  /**
   * Reads the referent identifier of a unique pointer, and tells whether something deferred belongs
   * to it. The value of the identifier has no meaning.
   */
  pointer(field: string): boolean {
    return this.u32(field) !== 0
  }

  /**
   * Reads a count and a pointer to so many elements. The pointer must not be null unless the count
   * is 0.
   */
  countedPointer(field: string): CountedPointer {
    const count = this.u32(field)
    const present = this.pointer(field)
    if (count > 0 && !present) this.fail(field, `${count} elements`, 'a null pointer')
    return { count, present }
  }

  /**
   * Reads the maximum count of a conformant array. It must be equal to the count beside the array's
   * pointer, and so many elements of at least `size` octets must be there.
   */
  conformance(count: number, size: number, field: string): void {
    const maximum = this.u32(field)
    if (maximum !== count) this.fail(field, `${count} elements`, String(maximum))
    this.expectElements(count, size, field)
  }

  /** Throws if a list does not fit into what is left. */
  expectElements(count: number, size: number, field: string): void {
    this.#reader.expectElements(count, size, field)
  }

  unicodeStringHeader(field: string): UnicodeStringHeader {
    const length = this.u16(field)
    const maximumLength = this.u16(field)
    const present = this.pointer(field)
    if (length % 2 !== 0 || length > maximumLength || (!present && length !== 0)) {
      this.fail(field, 'an even length within the maximum', `${length} of ${maximumLength} octets`)
    }
    return { present, length, maximumLength }
  }

  /**
   * Reads the deferred characters of an RPC_UNICODE_STRING: a conformant and varying array without
   * terminator.
   */
  unicodeString(header: UnicodeStringHeader, field: string): string {
    if (!header.present) return ''
    const actual = this.#varying(field)
    if (actual * 2 !== header.length) this.fail(field, `${header.length} octets`, `${actual} characters`)
    return readUtf16(this.#reader, header.length, field)
  }

  /**
   * Reads a deferred `[string] wchar_t *`, which ends with a zero character. C706 section 14.3.4.
   */
  terminatedString(field: string): string {
    const actual = this.#varying(field)
    const text = readUtf16(this.#reader, actual * 2, field)
    if (actual === 0 || text.indexOf('\0') !== actual - 1)
      this.fail(field, 'one zero character, at the end', 'something else')
    return text.slice(0, -1)
  }

  /** Reads a deferred RPC_SID. MS-DTYP section 2.4.2.3. */
  sid(field: string): string {
    const maximum = this.u32(field)
    const before = this.#reader.offset
    const sid = readSid(this.#reader, field)
    const count = (this.#reader.offset - before - SID_HEAD_LENGTH) / 4
    if (count !== maximum) this.fail(field, `${maximum} sub-authorities`, String(count))
    return sid
  }

  fail(field: string, expected: string, found: string): never {
    return this.#reader.fail(field, expected, found)
  }

  #varying(field: string): number {
    const maximum = this.u32(field)
    const offset = this.u32(field)
    const actual = this.u32(field)
    if (offset !== 0) this.fail(field, 'a string from its first character', `offset ${offset}`)
    if (actual > maximum) this.fail(field, `at most ${maximum} characters`, String(actual))
    return actual
  }

  #expectPaddingOnly(): void {
    const { remaining } = this.#reader
    if (remaining >= PADDING) this.fail('', 'nothing but padding after the structure', `${remaining} octets`)
  }
}

/** Reads the common and the private header. MS-RPCE sections 2.2.6.1 and 2.2.6.2. */
function readHeaders(reader: ByteReader): ByteReader {
  const version = reader.u8('header')
  const endianness = reader.u8('header')
  const headerLength = reader.u16le('header')
  if (version !== 1 || endianness !== LITTLE_ENDIAN || headerLength !== 8) {
    reader.fail('header', 'version 1, little-endian, 8 octets', `${version}, ${endianness}, ${headerLength}`)
  }
  reader.skip(4, 'header')
  const objectLength = reader.u32le('header')
  reader.skip(4, 'header')
  const object = new ByteReader(reader.bytes(objectLength, 'header.ObjectBufferLength'), reader.path)
  if (reader.remaining >= PADDING) {
    reader.fail('header.ObjectBufferLength', 'the length of the buffer', `${reader.remaining} octets less`)
  }
  return object
}

const LITTLE_ENDIAN = 0x10
const SID_HEAD_LENGTH = 8

/** Structures and buffers are padded to multiples of 8 octets. */
const PADDING = 8

import { ByteWriter } from '../../bytes/byte-writer.js'
import { encodeUtf16 } from '../../bytes/utf16.js'
import { ConfigurationError } from '../../errors/errors.js'
import { encodeSid } from './sid.js'

/**
 * Writes NDR with type serialization version 1, as `NdrReader` reads it. Code that writes a pointer
 * must write what it points to after the structure that contains the pointer, in the order of the
 * pointers.
 *
 * @example
 * ```ts
 * import { NdrWriter } from '@s4u/krb5'
 *
 * // The arguments of a call: a number, and a pointer to nothing.
 * const stub = NdrWriter.stub((ndr) => ndr.u32(7).pointer(false))
 * console.log(stub.join(' ')) // 7 0 0 0 0 0 0 0
 * ```
 */
export class NdrWriter {
  readonly #writer = new ByteWriter(512)
  #nextReferent = FIRST_REFERENT

  /** Returns the octets of one structure behind a top-level pointer, with both headers. */
  static encode(write: (ndr: NdrWriter) => void): Uint8Array {
    const ndr = new NdrWriter()
    ndr.pointer(true)
    write(ndr)
    ndr.#writer.align(8)
    const object = ndr.#writer.toBytes()
    return new ByteWriter(16 + object.length).bytes(COMMON_HEADER).u32le(object.length).u32le(0).bytes(object).toBytes()
  }

  /**
   * Returns the arguments of an RPC call: no headers, and no pointer around them. C706 section 14.
   */
  static stub(write: (ndr: NdrWriter) => void): Uint8Array {
    const ndr = new NdrWriter()
    write(ndr)
    return ndr.#writer.toBytes()
  }

  /** Aligns as a structure needs it whose first member is narrower than its widest. */
  align(size: 2 | 4 | 8): this {
    this.#writer.align(size)
    return this
  }

  u8(value: number): this {
    this.#writer.u8(value)
    return this
  }

  u16(value: number): this {
    this.#writer.align(2).u16le(value)
    return this
  }

  u32(value: number): this {
    this.#writer.align(4).u32le(value)
    return this
  }

  filetime(value: bigint): this {
    this.#writer.align(4).u64le(value)
    return this
  }

  u64(value: bigint): this {
    this.#writer.align(8).u64le(value)
    return this
  }

  bytes(value: Uint8Array): this {
    this.#writer.bytes(value)
    return this
  }

  pointer(present: boolean): this {
    if (!present) return this.u32(0)
    this.u32(this.#nextReferent)
    this.#nextReferent += 4
    return this
  }

  /** Writes a count and a pointer to so many elements; the pointer is null if there are none. */
  countedPointer(elements: readonly unknown[]): this {
    return this.u32(elements.length).pointer(elements.length > 0)
  }

  /**
   * Writes the fixed part of an RPC_UNICODE_STRING.
   *
   * @param spare octets of the maximum length for a terminator that is not sent
   * @throws ConfigurationError for more than 32,767 characters, terminator included
   */
  unicodeStringHeader(text: string, spare = 0): this {
    const length = text.length * 2
    this.#writer
      .align(2)
      .length16le(length, 'a string')
      .length16le(length + spare, 'a string')
    return this.pointer(true)
  }

  unicodeString(text: string, spare = 0): this {
    return this.#varying(text.length + spare / 2, text)
  }

  /**
   * Writes a text with a zero character behind it.
   *
   * @throws ConfigurationError for a text that contains a zero character, which would end it
   */
  terminatedString(text: string): this {
    if (text.includes('\0')) {
      throw new ConfigurationError('cannot encode: expected text without zero characters, found one', {
        code: 'KRB_ERR_GENERIC',
      })
    }
    return this.#varying(text.length + 1, `${text}\0`)
  }

  sid(sid: string): this {
    const bytes = encodeSid(sid)
    return this.u32((bytes.length - 8) / 4).bytes(bytes)
  }

  #varying(maximum: number, text: string): this {
    return this.u32(maximum).u32(0).u32(text.length).bytes(encodeUtf16(text))
  }
}

const COMMON_HEADER = Uint8Array.of(1, 0x10, 8, 0, 0xcc, 0xcc, 0xcc, 0xcc)

/** The number with which Windows begins to count; every other number but zero would do. */
const FIRST_REFERENT = 0x0002_0000

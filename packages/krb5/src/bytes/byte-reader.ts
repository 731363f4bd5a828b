import { MalformedTokenError } from '../errors/errors.js'

/**
 * Reads fixed formats (PAC, keytab, credential cache) from front to back, and never beyond its
 * bounds.
 *
 * Every method is told the name of the field that it reads; a read past the end throws
 * {@link MalformedTokenError} with the path of that field. Nothing is allocated before the octets
 * are known to be there. `bytes()` returns views, not copies.
 *
 * @example
 * ```ts
 * import { ByteReader } from '@s4u/krb5'
 *
 * const reader = new ByteReader(Uint8Array.of(5, 2), 'keytab')
 * console.log(reader.u16be('version')) // 1282
 * ```
 */
export class ByteReader {
  /**
   * The path of what is being read, with which the path in every error begins: `PAC.LOGON_INFO`.
   */
  readonly path: string
  readonly #bytes: Uint8Array
  #offset = 0
  #view: DataView | undefined

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes
    this.path = path
  }

  /** The number of octets read so far. */
  get offset(): number {
    return this.#offset
  }

  /** The number of all octets, read or not. */
  get length(): number {
    return this.#bytes.length
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  u8(field: string): number {
    return this.#bytes[this.#take(1, field)]
  }

  u16le(field: string): number {
    const at = this.#take(2, field)
    return this.#bytes[at] | (this.#bytes[at + 1] << 8)
  }

  u16be(field: string): number {
    const at = this.#take(2, field)
    return (this.#bytes[at] << 8) | this.#bytes[at + 1]
  }

  u32le(field: string): number {
    return this.i32le(field) >>> 0
  }

  u32be(field: string): number {
    return this.i32be(field) >>> 0
  }

  i32le(field: string): number {
    const at = this.#take(4, field)
    const b = this.#bytes
    return b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)
  }

  i32be(field: string): number {
    const at = this.#take(4, field)
    const b = this.#bytes
    return (b[at] << 24) | (b[at + 1] << 16) | (b[at + 2] << 8) | b[at + 3]
  }

  u64le(field: string): bigint {
    return this.#dataView().getBigUint64(this.#take(8, field), true)
  }

  i64le(field: string): bigint {
    return this.#dataView().getBigInt64(this.#take(8, field), true)
  }

  u64be(field: string): bigint {
    return this.#dataView().getBigUint64(this.#take(8, field), false)
  }

  /** Reads the next `length` octets, as a view. */
  bytes(length: number, field: string): Uint8Array {
    const at = this.#take(length, field)
    return this.#bytes.subarray(at, at + length)
  }

  /** Reads everything that is left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining, 'rest')
  }

  /** Returns a new reader over the next `length` octets. This reader goes on behind them. */
  sub(length: number, field: string): ByteReader {
    return new ByteReader(this.bytes(length, field), this.pathOf(field))
  }

  skip(length: number, field: string): void {
    this.#take(length, field)
  }

  /** Goes to an absolute offset, forwards or backwards. */
  seek(offset: number, field: string): void {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > this.#bytes.length) {
      this.fail(field, `an offset of at most ${this.#bytes.length}`, String(offset))
    }
    this.#offset = offset
  }

  /** Skips to a multiple of `size` octets, counted from the first octet of the reader. */
  align(size: number, field: string): void {
    const over = this.#offset % size
    if (over !== 0) this.#take(size - over, field)
  }

  /** Throws if a list does not fit into what is left, before anything is allocated for it. */
  expectElements(count: number, size: number, field: string): void {
    if (count * size > this.remaining) {
      const missing = Math.floor(this.remaining / size)
      this.fail(`${field}[${missing}]`, `${count} elements of at least ${size} octets`, `${this.remaining} octets`)
    }
  }

  /** Throws if there are octets after the last field. */
  expectEnd(): void {
    if (this.remaining !== 0) this.fail('', 'no octets after the last field', `${this.remaining} octets`)
  }

  /** Returns the full path of a field: `PAC.LOGON_INFO.GroupIds[3]`. */
  pathOf(field: string): string {
    return field === '' ? this.path : `${this.path}.${field}`
  }

  /** Throws the error for a field. Never pass a secret as `found`. */
  fail(field: string, expected: string, found: string): never {
    throw new MalformedTokenError({ path: this.pathOf(field), expected, found })
  }

  #take(length: number, field: string): number {
    const at = this.#offset
    if (!(length >= 0 && length <= this.#bytes.length - at)) {
      this.fail(field, `${length} octets`, `${this.#bytes.length - at} octets`)
    }
    this.#offset = at + length
    return at
  }

  #dataView(): DataView {
    return (this.#view ??= new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength))
  }
}

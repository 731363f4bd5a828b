import { ConfigurationError } from '../errors/errors.js'

/**
 * Writes fixed formats (PAC, keytab, credential cache) into a buffer that grows. Numbers are taken
 * modulo their width.
 *
 * @example
 * ```ts
 * import { ByteWriter } from '@s4u/krb5'
 *
 * new ByteWriter().u16be(0x0502).toBytes() // Uint8Array [5, 2]
 * ```
 */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** The number of octets written so far. */
  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
    return this
  }

  u16le(value: number): this {
    const at = this.#grow(2)
    this.#view.setUint16(at, value, true)
    return this
  }

  /**
   * Writes a length or an offset in two octets, the lower one first. One that wraps around would
   * change the meaning of everything that was written.
   *
   * @throws ConfigurationError KRB_ERR_FIELD_TOOLONG
   */
  length16le(value: number, field: string): this {
    requireLength16(value, field)
    return this.u16le(value)
  }

  /**
   * Writes a length or an offset in two octets, the higher one first.
   *
   * @throws ConfigurationError KRB_ERR_FIELD_TOOLONG
   */
  length16be(value: number, field: string): this {
    requireLength16(value, field)
    return this.u16be(value)
  }

  u16be(value: number): this {
    const at = this.#grow(2)
    this.#view.setUint16(at, value, false)
    return this
  }

  u32le(value: number): this {
    const at = this.#grow(4)
    this.#view.setUint32(at, value, true)
    return this
  }

  u32be(value: number): this {
    const at = this.#grow(4)
    this.#view.setUint32(at, value, false)
    return this
  }

  u64le(value: bigint): this {
    const at = this.#grow(8)
    this.#view.setBigUint64(at, value, true)
    return this
  }

  u64be(value: bigint): this {
    const at = this.#grow(8)
    this.#view.setBigUint64(at, value, false)
    return this
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length)
    this.#bytes.set(value, at)
    return this
  }

  zeros(length: number): this {
    this.#grow(length)
    return this
  }

  /** Writes zeros up to a multiple of `size` octets. */
  align(size: number): this {
    return this.zeros((size - (this.#length % size)) % size)
  }

  /** Returns a copy of what was written. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  /**
   * Makes room for so many octets and returns their offset. It may replace the buffer, so it must
   * be called before the buffer is used.
   */
  #grow(length: number): number {
    const at = this.#length
    this.#length += length
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2))
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return at
  }
}

function requireLength16(value: number, field: string): void {
  if (value <= 0xffff) return
  const expected = `at most ${0xffff} octets fit into ${field}`
  throw new ConfigurationError(`cannot encode: ${expected}, found ${value}`, { code: 'KRB_ERR_FIELD_TOOLONG' })
}

/** Writes fixed formats (PAC, keytab, credential cache) into a buffer that grows. Numbers are taken modulo their width. */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Octets written so far. */
  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    this.#view.setUint8(this.#grow(1), value)
    return this
  }

  u16le(value: number): this {
    this.#view.setUint16(this.#grow(2), value, true)
    return this
  }

  u16be(value: number): this {
    this.#view.setUint16(this.#grow(2), value, false)
    return this
  }

  u32le(value: number): this {
    this.#view.setUint32(this.#grow(4), value, true)
    return this
  }

  u32be(value: number): this {
    this.#view.setUint32(this.#grow(4), value, false)
    return this
  }

  u64le(value: bigint): this {
    this.#view.setBigUint64(this.#grow(8), value, true)
    return this
  }

  u64be(value: bigint): this {
    this.#view.setBigUint64(this.#grow(8), value, false)
    return this
  }

  bytes(value: Uint8Array): this {
    this.#bytes.set(value, this.#grow(value.length))
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

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

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

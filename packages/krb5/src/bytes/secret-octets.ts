/** The same octets, which hold a key somewhere: printed, and in JSON, they are their number only. */
export function secretOctets(octets: Uint8Array): Uint8Array {
  return new SecretOctets(octets.buffer, octets.byteOffset, octets.length)
}

class SecretOctets extends Uint8Array<ArrayBufferLike> {
  /** Parts of it are plain arrays: the caller has chosen them. */
  static get [Symbol.species](): Uint8ArrayConstructor {
    return Uint8Array
  }

  override toString(): string {
    return `<${this.length} secret octets>`
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }
}

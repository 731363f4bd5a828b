/** The same octets, which hold a key somewhere: printed, and in JSON, they are their number only. */
export function secretOctets(octets: Uint8Array): Uint8Array {
  return new SecretOctets(octets.buffer, octets.byteOffset, octets.length)
}

// No `Symbol.species` here: V8 then takes the slow way to every part of every typed array in the process.
class SecretOctets extends Uint8Array<ArrayBufferLike> {
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

/**
 * Returns the same octets, which contain a key somewhere, in a form that does not print them:
 * `console.log` and JSON show only their number.
 */
export function secretOctets(octets: Uint8Array): Uint8Array {
  return new SecretOctets(octets.buffer, octets.byteOffset, octets.length)
}

// `Symbol.species` is not used here: with it, V8 takes the slow way to every part of every typed
// array in the process.
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

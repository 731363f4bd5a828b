import { malformedAnswer } from '../errors.js'

/**
 * Reads little-endian values of a server's octets, each within the bounds. Offsets count from the
 * start of the octets that it was made with.
 */
export class OctetReader {
  readonly octets: Uint8Array
  readonly path: string
  readonly #view: DataView

  /** @param path what is read, for errors: `CREATE response` */
  constructor(octets: Uint8Array, path: string) {
    this.octets = octets
    this.path = path
    this.#view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  }

  u8(at: number): number {
    return this.#view.getUint8(this.#within(at, 1))
  }

  u16(at: number): number {
    return this.#view.getUint16(this.#within(at, 2), true)
  }

  u32(at: number): number {
    return this.#view.getUint32(this.#within(at, 4), true)
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(this.#within(at, 8), true)
  }

  /** A size or an offset of a file, which JavaScript can count. */
  size(at: number, field: string): number {
    const value = this.u64(at)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(field, 'less than 2^53', 'more')
    return Number(value)
  }

  /** A view of octets. @throws MalformedTokenError where they are not all there */
  slice(at: number, length: number, field: string): Uint8Array {
    if (at + length > this.octets.length) {
      this.fail(field, `${length} octets at ${at}, within ${this.octets.length}`, 'less')
    }
    return this.octets.subarray(at, at + length)
  }

  /** Text in UTF-16LE. Half a surrogate pair is kept as it is, since names may have one. */
  text(at: number, length: number, field: string): string {
    if (length % 2 !== 0) this.fail(field, 'an even number of octets', `${length}`)
    return utf16Of(this.slice(at, length, field))
  }

  /** Checks the constant with which each body begins. MS-SMB2 section 2.2. */
  requireStructureSize(at: number, size: number): void {
    const found = this.u16(at)
    if (found !== size) this.fail('StructureSize', `${size}`, `${found}`)
  }

  fail(field: string, expected: string, found: string): never {
    throw malformedAnswer(`${this.path}.${field}`, expected, found)
  }

  #within(at: number, length: number): number {
    if (at + length > this.octets.length) {
      this.fail(`octet ${at}`, `${length} octets`, `the end at ${this.octets.length}`)
    }
    return at
  }
}

/** Octets that are filled at named places. */
export class OctetWriter {
  readonly octets: Uint8Array
  readonly #view: DataView

  constructor(length: number) {
    this.octets = new Uint8Array(length)
    this.#view = new DataView(this.octets.buffer)
  }

  u8(at: number, value: number): this {
    this.#view.setUint8(at, value)
    return this
  }

  u16(at: number, value: number): this {
    this.#view.setUint16(at, value, true)
    return this
  }

  u32(at: number, value: number): this {
    this.#view.setUint32(at, value, true)
    return this
  }

  u64(at: number, value: bigint | number): this {
    this.#view.setBigUint64(at, BigInt(value), true)
    return this
  }

  set(at: number, octets: Uint8Array): this {
    this.octets.set(octets, at)
    return this
  }
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** The next multiple of eight. */
export const aligned8 = (length: number): number => (length + 7) & ~7

/** Text as UTF-16LE, each code unit as it is. */
export function utf16(text: string): Uint8Array {
  const octets = new Uint8Array(text.length * 2)
  const view = new DataView(octets.buffer)
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), true)
  return octets
}

const UNITS_AT_ONCE = 8_192

function utf16Of(octets: Uint8Array): string {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  let text = ''
  for (let from = 0; from < octets.length; from += UNITS_AT_ONCE * 2) {
    const until = Math.min(octets.length, from + UNITS_AT_ONCE * 2)
    const units: number[] = []
    for (let at = from; at < until; at += 2) units.push(view.getUint16(at, true))
    text += String.fromCharCode(...units)
  }
  return text
}

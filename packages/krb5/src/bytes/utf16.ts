import type { ByteReader } from './byte-reader.js'

/**
 * Decodes UTF-16LE unit by unit, so that half characters (lone surrogates) stay as they are. A
 * decoder that replaces them would turn two different account names into the same string.
 */
export function decodeUtf16(bytes: Uint8Array): string {
  let text = ''
  for (let start = 0; start + 1 < bytes.length; start += 2 * UNITS_AT_ONCE) {
    const units: number[] = []
    const end = Math.min(bytes.length - 1, start + 2 * UNITS_AT_ONCE)
    for (let at = start; at < end; at += 2) units.push(bytes[at] | (bytes[at + 1] << 8))
    text += String.fromCharCode(...units)
  }
  return text
}

export function encodeUtf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    bytes[2 * i] = unit
    bytes[2 * i + 1] = unit >> 8
  }
  return bytes
}

/** Reads `length` octets of UTF-16LE. An odd length is refused. */
export function readUtf16(reader: ByteReader, length: number, field: string): string {
  if (length % 2 !== 0) reader.fail(field, 'an even number of octets', String(length))
  return decodeUtf16(reader.bytes(length, field))
}

/** The arguments of one call lie on the stack, which a hostile length must not exhaust. */
const UNITS_AT_ONCE = 4096

/**
 * The same as `portable.ts` by what Node has. The only file of this package that imports anything
 * of Node.
 */

import { Buffer } from 'node:buffer'

/** The octets, or undefined when the text is not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text === '') return undefined
  // Node skips what it does not know, and takes several spellings: only the one that it would write
  // itself is base64.
  const octets = Buffer.from(text, 'base64')
  if (octets.toString('base64') !== text) return undefined
  return new Uint8Array(octets.buffer, octets.byteOffset, octets.length)
}

export function encodeBase64({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('base64')
}

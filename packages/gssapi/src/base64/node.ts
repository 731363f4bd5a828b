/**
 * Does what `portable.ts` does, with Node's Buffer. This is the only file of this package that uses
 * Node.
 */

import { Buffer } from 'node:buffer'

/** Returns the octets; undefined if the text is not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text === '') return undefined
  // Node skips unknown characters and accepts several spellings. Only the spelling that Node itself
  // writes is base64.
  const octets = Buffer.from(text, 'base64')
  if (octets.toString('base64') !== text) return undefined
  return new Uint8Array(octets.buffer, octets.byteOffset, octets.length)
}

/** Returns the text of octets. */
export function encodeBase64({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('base64')
}

import { MalformedTokenError } from '@s4u/krb5'

/**
 * Decodes a name in UTF-16. A zero character is refused: programs behind would read the name only
 * up to it, and so another name.
 *
 * @throws MalformedTokenError
 */
export function decodeText(octets: Uint8Array, path: string): string {
  if (octets.length % 2 !== 0)
    throw new MalformedTokenError({ path, expected: 'an even number of octets', found: String(octets.length) })
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  let text = ''
  for (let at = 0; at < octets.length; at += 2) text += String.fromCharCode(view.getUint16(at, true))
  if (text.includes('\0')) throw new MalformedTokenError({ path, expected: 'no zero character', found: 'one' })
  return text
}

export function encodeText(text: string): Uint8Array {
  const octets = new Uint8Array(text.length * 2)
  const view = new DataView(octets.buffer)
  for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at), true)
  return octets
}

import { MalformedTokenError } from '@s4u/krb5'

/**
 * The most octets of a token or message, decoded. A ticket with the groups of a large directory has
 * 64 KiB; the rest is for wrapped data.
 */
export const MAX_OCTETS = 16 << 20

/**
 * Returns the octets of a base64 text that a peer sent. No error shows any of the text.
 *
 * @param name the parameter, for the error
 * @throws MalformedTokenError
 */
export function octetsOfToken(name: string, text: string): Uint8Array {
  const octets = octetsOfText(name, text)
  if (text.replace(/=+$/, '').length % 4 === 1) throw notBase64(name, 'a last character that completes no octet')
  return octets
}

/**
 * Returns the octets of a base64 text of the program itself. A last character that completes no
 * octet is passed over, as npm `kerberos` does.
 *
 * @throws MalformedTokenError
 */
export function octetsOfText(name: string, text: string): Uint8Array {
  if (text.length > (MAX_OCTETS / 3) * 4)
    throw notBase64(name, `${text.length} characters`, `at most ${MAX_OCTETS} octets`)
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw notBase64(name, 'other characters')
  return new Uint8Array(Buffer.from(text, 'base64'))
}

export function base64Of(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('base64')
}

function notBase64(name: string, found: string, expected = 'base64'): MalformedTokenError {
  return new MalformedTokenError({ path: name, expected, found })
}

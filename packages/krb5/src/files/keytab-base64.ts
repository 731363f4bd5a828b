/**
 * Returns the octets of a keytab that secret stores and environment variables hold in base64;
 * undefined for every other text. Both alphabets of base64 are read (RFC 4648 section 4 and section
 * 5), with line breaks or without, with `=` at the end or without.
 */
export function keytabOfBase64(text: string): Uint8Array | undefined {
  if (!BEGIN.test(text)) return undefined
  const characters = text.replace(/\s+/g, '').replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/')
  if (!/^[A-Za-z\d+/]*$/.test(characters) || characters.length % 4 === 1) return undefined
  return Uint8Array.from(atob(characters), (character) => character.charCodeAt(0))
}

/** Does the same for the octets of a file that contains such a text. */
export function keytabOfBase64Octets(octets: Uint8Array): Uint8Array | undefined {
  // Nearly all files are real keytabs, and a file that does not begin like base64 need not be read
  // to its end.
  if (!BEGIN.test(new TextDecoder().decode(octets.subarray(0, 64)))) return undefined
  return keytabOfBase64(new TextDecoder().decode(octets))
}

/**
 * Tells whether a text is a keytab in base64, encoded a second time. That happens when a person
 * encodes a secret by hand and the secret store encodes it once more.
 */
export function isEncodedTwice(text: string): boolean {
  return /^\s*QlF[FJ][A-Za-z\d+/_=\s-]{40,}$/.test(text)
}

/** Does the same for the octets of a file that contains such a text. */
export function isEncodedTwiceOctets(octets: Uint8Array): boolean {
  return octets.length < MAX_TEXT && isEncodedTwice(new TextDecoder().decode(octets))
}

/** No keytab is longer, and no other file should be read to its end. */
const MAX_TEXT = 1 << 20

/** The base64 of `05 01` and `05 02`, whatever the next octet is. */
const BEGIN = /^\s*BQ[EI]/

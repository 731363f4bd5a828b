/**
 * The octets of a keytab in base64, as secret stores and environment variables hold it; undefined for every other text. Line breaks do
 * not matter, nor which of the two alphabets it is (RFC 4648 section 4 and section 5), nor whether `=` fills it up.
 */
export function keytabOfBase64(text: string): Uint8Array | undefined {
  if (!BEGIN.test(text)) return undefined
  const characters = text.replace(/\s+/g, '').replace(/=+$/, '').replaceAll('-', '+').replaceAll('_', '/')
  if (!/^[A-Za-z\d+/]*$/.test(characters) || characters.length % 4 === 1) return undefined
  return Uint8Array.from(atob(characters), (character) => character.charCodeAt(0))
}

/** The same for a file that holds such a text. */
export function keytabOfBase64Octets(octets: Uint8Array): Uint8Array | undefined {
  // Nearly all are keytabs, and those that are not need not be read to their end.
  if (!BEGIN.test(new TextDecoder().decode(octets.subarray(0, 64)))) return undefined
  return keytabOfBase64(new TextDecoder().decode(octets))
}

/**
 * Whether a text is such a text in base64 once more, as a secret becomes that is encoded by hand and then again by the store that it is
 * put into.
 */
export function isEncodedTwice(text: string): boolean {
  return /^\s*QlF[FJ][A-Za-z\d+/_=\s-]{40,}$/.test(text)
}

/** The same for a file that holds such a text. */
export function isEncodedTwiceOctets(octets: Uint8Array): boolean {
  return octets.length < MAX_TEXT && isEncodedTwice(new TextDecoder().decode(octets))
}

/** No keytab is as long; nothing else is to be read to its end. */
const MAX_TEXT = 1 << 20

/** `05 01` and `05 02`, whatever the next octet is. */
const BEGIN = /^\s*BQ[EI]/

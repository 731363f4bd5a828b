/**
 * Reads and writes base64 strictly, as in RFC 4648 section 4: with padding, without white space,
 * unused bits zero. So a token has one spelling.
 */

/** Returns the octets; undefined if the text is not base64. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const { length } = text
  if (length === 0 || length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  const octets = new Uint8Array((length / 4) * 3 - padding)
  const whole = padding === 0 ? length : length - 4
  let at = 0
  let faults = 0
  for (let index = 0; index < whole; index += 4) {
    const group = groupAt(text, index)
    faults |= group
    octets[at++] = group >> 16
    octets[at++] = group >> 8
    octets[at++] = group
  }
  faults |= readLast(text.slice(whole, length - padding), octets, at)
  return faults < 0 ? undefined : octets
}

export function encodeBase64(octets: Uint8Array): string {
  let text = ''
  for (let start = 0; start < octets.length; start += OCTETS_AT_ONCE) {
    text += String.fromCharCode(...codesOf(octets, start, Math.min(octets.length, start + OCTETS_AT_ONCE)))
  }
  return text
}

/**
 * The number of octets that are written at once: arguments of one call are on the stack. A multiple
 * of three, so that only the last part has padding.
 */
const OCTETS_AT_ONCE = 3_072

/**
 * Returns the codes of the characters. A text that grows by single characters is a chain in memory,
 * which would have to be read again.
 */
function codesOf(octets: Uint8Array, start: number, end: number): number[] {
  const codes = new Array<number>(Math.ceil((end - start) / 3) * 4)
  let at = 0
  for (let index = start; index < end; index += 3) {
    const group = (octets[index] << 16) | (octets[index + 1] << 8) | octets[index + 2]
    codes[at++] = CODES[group >> 18]
    codes[at++] = CODES[(group >> 12) & 63]
    codes[at++] = CODES[(group >> 6) & 63]
    codes[at++] = CODES[group & 63]
  }
  const missing = (3 - ((end - start) % 3)) % 3
  return codes.fill(PADDING, at - missing)
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const CODES = Uint8Array.from(ALPHABET, (character) => character.charCodeAt(0))
const PADDING = 0x3d

/**
 * The value of each character. -1 is for a character outside of the alphabet; it stays negative
 * when it is shifted.
 */
const VALUES = new Int8Array(128).fill(-1)
for (const [value, code] of CODES.entries()) VALUES[code] = value

function valueAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 128 ? VALUES[code] : -1
}

/** Returns 24 bits; a negative number for a wrong character. */
function groupAt(text: string, index: number): number {
  return (
    (valueAt(text, index) << 18) |
    (valueAt(text, index + 1) << 12) |
    (valueAt(text, index + 2) << 6) |
    valueAt(text, index + 3)
  )
}

/**
 * Reads the last group: none, two or three characters for none, one or two octets. Returns a
 * negative number if they are wrong, or have more bits than the octets.
 */
function readLast(characters: string, octets: Uint8Array, at: number): number {
  const bits = characters.length === 2 ? 4 : 2
  let group = 0
  for (let index = 0; index < characters.length; index++) group = (group << 6) | valueAt(characters, index)
  if (group < 0 || (group & ((1 << bits) - 1)) !== 0) return -1
  for (let index = octets.length - 1, rest = group >> bits; index >= at; index--, rest >>= 8) octets[index] = rest
  return 0
}

/**
 * Base64 as RFC 4648 section 4 has it, strictly: padding present, no whitespace, unused bits zero.
 * One token, one spelling.
 */

/** The octets, or undefined when the text is not base64. */
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
 * Arguments of one call live on the stack. A multiple of three, so that only the last part is
 * padded.
 */
const OCTETS_AT_ONCE = 3_072

/**
 * The characters by their codes: a text that grows one by one is a chain, which has to be gone
 * through again.
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
 * -1 stands for every character that is not in the alphabet; it stays negative through all the
 * shifting.
 */
const VALUES = new Int8Array(128).fill(-1)
for (const [value, code] of CODES.entries()) VALUES[code] = value

function valueAt(text: string, index: number): number {
  const code = text.charCodeAt(index)
  return code < 128 ? VALUES[code] : -1
}

/** 24 bits, or a negative number. */
function groupAt(text: string, index: number): number {
  return (
    (valueAt(text, index) << 18) |
    (valueAt(text, index + 1) << 12) |
    (valueAt(text, index + 2) << 6) |
    valueAt(text, index + 3)
  )
}

/**
 * None, one or two octets from none, two or three characters; negative when they are wrong or carry
 * more bits than the octets do.
 */
function readLast(characters: string, octets: Uint8Array, at: number): number {
  const bits = characters.length === 2 ? 4 : 2
  let group = 0
  for (let index = 0; index < characters.length; index++) group = (group << 6) | valueAt(characters, index)
  if (group < 0 || (group & ((1 << bits) - 1)) !== 0) return -1
  for (let index = octets.length - 1, rest = group >> bits; index >= at; index--, rest >>= 8) octets[index] = rest
  return 0
}

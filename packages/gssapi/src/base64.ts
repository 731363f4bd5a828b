/** Base64 as RFC 4648 section 4 has it, strictly: padding present, no whitespace, unused bits zero. One token, one spelling. */

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
  if (padding > 0) faults |= readLast(text.slice(whole, length - padding), octets, at)
  return faults < 0 ? undefined : octets
}

export function encodeBase64(octets: Uint8Array): string {
  let text = ''
  let index = 0
  for (; index + 2 < octets.length; index += 3) {
    const group = (octets[index] << 16) | (octets[index + 1] << 8) | octets[index + 2]
    text += ALPHABET[group >> 18] + ALPHABET[(group >> 12) & 63] + ALPHABET[(group >> 6) & 63] + ALPHABET[group & 63]
  }
  const rest = octets.length - index
  if (rest === 1) text += `${ALPHABET[octets[index] >> 2]}${ALPHABET[(octets[index] & 3) << 4]}==`
  if (rest === 2) {
    const group = (octets[index] << 8) | octets[index + 1]
    text += `${ALPHABET[group >> 10]}${ALPHABET[(group >> 4) & 63]}${ALPHABET[(group & 15) << 2]}=`
  }
  return text
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** -1 stands for every character that is not in the alphabet; it stays negative through all the shifting. */
const VALUES = new Int8Array(128).fill(-1)
for (let value = 0; value < 64; value++) VALUES[ALPHABET.charCodeAt(value)] = value

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

/** One or two octets from two or three characters; negative when they are wrong or carry more bits than the octets do. */
function readLast(characters: string, octets: Uint8Array, at: number): number {
  const bits = characters.length === 2 ? 4 : 2
  let group = 0
  for (let index = 0; index < characters.length; index++) group = (group << 6) | valueAt(characters, index)
  if (group < 0 || (group & ((1 << bits) - 1)) !== 0) return -1
  for (let index = octets.length - 1, rest = group >> bits; index >= at; index--, rest >>= 8) octets[index] = rest
  return 0
}

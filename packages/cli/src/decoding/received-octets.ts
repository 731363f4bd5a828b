/**
 * Octets that somebody has copied from somewhere: as a text in base64 or hexadecimal, or as they
 * are.
 */

/** What an input turned out to be, and its octets. */
export interface ReceivedOctets {
  readonly octets: Uint8Array
  /** How they were written. */
  readonly writtenAs: 'binary' | 'base64' | 'hexadecimal'
  /** The header before them: `Negotiate`, `Kerberos`. */
  readonly scheme?: string
}

/**
 * The readings of an input, the likeliest first: digits may be hexadecimal, or base64 that has no
 * other letters by chance. Empty for a text that is neither hexadecimal nor base64.
 */
export function readingsOf(input: Uint8Array): readonly ReceivedOctets[] {
  const text = asText(input)
  if (text === undefined) return [{ octets: input, writtenAs: 'binary' }]
  const { scheme, value } = withoutHeader(text)
  const named = scheme === undefined ? {} : { scheme }
  const compact = value.replace(/\s+/g, '')
  const readings: ReceivedOctets[] = []
  const digits = compact.replace(/^0x/i, '').replaceAll(':', '')
  if (digits.length % 2 === 0 && /^[\da-f]+$/i.test(digits))
    readings.push({ octets: new Uint8Array(Buffer.from(digits, 'hex')), writtenAs: 'hexadecimal', ...named })
  if (compact.length >= SHORTEST_BASE64 && /^[\w+/-]+={0,2}$/.test(compact))
    readings.push({ octets: new Uint8Array(Buffer.from(compact, 'base64')), writtenAs: 'base64', ...named })
  return readings
}

/** A word is no message: the shortest token in base64 is longer. */
const SHORTEST_BASE64 = 8

/** Undefined for octets that no text has: every Kerberos structure has some. */
function asText(input: Uint8Array): string | undefined {
  const isText = input.every((octet) => (octet >= 0x20 && octet <= 0x7e) || octet === 9 || octet === 10 || octet === 13)
  return isText ? Buffer.from(input).toString('latin1') : undefined
}

/** `Authorization: Negotiate …` as in a log, or its value only; base64 in PEM lines too. */
function withoutHeader(text: string): { readonly scheme?: string; readonly value: string } {
  const pem = /-----BEGIN [^-]*-----([^-]*)-----END/.exec(text)
  if (pem?.[1] !== undefined) return { value: pem[1] }
  const value = text.trim().replace(/^(?:proxy-|www-)?auth[\w-]+:\s*/i, '')
  const [, scheme, rest] = /^(negotiate|kerberos|ntlm)\s+(\S[\s\S]*)$/i.exec(value) ?? []
  return scheme === undefined || rest === undefined ? { value } : { scheme, value: rest }
}

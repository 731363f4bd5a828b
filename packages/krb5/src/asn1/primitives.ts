/** The primitive types of Kerberos. Source: RFC 4120 section 5.2. */

import type { Codec } from './codec.js'
import { cannotEncode, DerFault, type DerReader, type DerWriter } from './der.js'

export { KerberosTime } from './kerberos-time.js'

/** Int32 (-2147483648..2147483647). */
export const Int32: Codec<number> = integer('Int32', -(2 ** 31), 2 ** 31 - 1)

/**
 * UInt32 (0..4294967295). A negative number is read as the number that a signed writer meant: old
 * MIT releases encode sequence numbers as Int32, and other programs nonces.
 */
export const UInt32: Codec<number> = {
  ...integer('UInt32', 0, 2 ** 32 - 1),
  read: (reader) => readInteger(reader, -(2 ** 31), 2 ** 32 - 1) >>> 0,
}

/**
 * A key version number: UInt32, but old peers write it as Int32. The number is kept as it was sent;
 * `sameKvno` compares two of them.
 */
export const Kvno: Codec<number> = integer('UInt32', -(2 ** 31), 2 ** 32 - 1)

/**
 * Tells whether two numbers mean the same version of a key. Only the lower 16 bits count: a
 * read-only domain controller writes its own number into the upper ones. MS-KILE section 3.1.5.8.
 *
 * @param b undefined if a message names no version, which is the same as none
 *
 * @example
 * ```ts
 * import { sameKvno } from '@s4u/krb5'
 *
 * sameKvno(3, 0x5_0003) // true
 * ```
 */
export function sameKvno(a: number, b: number | undefined): boolean {
  return b !== undefined && (a & 0xffff) === (b & 0xffff)
}

/** Microseconds (0..999999). */
export const Microseconds: Codec<number> = integer('Microseconds', 0, 999_999)

/** OCTET STRING. What is decoded is a view on the message. */
export const OctetString: Codec<Uint8Array> = {
  name: 'OCTET STRING',
  tag: 0x04,
  read: (reader) => reader.contents(0x04),
  write(writer, value) {
    const mark = writer.written
    writer.octets(value)
    writer.header(0x04, mark)
  },
}

export const Bool: Codec<boolean> = {
  name: 'BOOLEAN',
  tag: 0x01,
  read(reader) {
    const contents = reader.contents(0x01)
    if (contents.length !== 1 || (contents[0] !== 0 && contents[0] !== 0xff)) {
      throw new DerFault('BOOLEAN 0 or 255', contents.length === 1 ? String(contents[0]) : `${contents.length} octets`)
    }
    return contents[0] === 0xff
  },
  write(writer, value) {
    const mark = writer.written
    writer.octet(value ? 0xff : 0)
    writer.header(0x01, mark)
  },
}

/**
 * KerberosString and Realm: a GeneralString that contains UTF-8, as every current implementation
 * sends it. Other octets and NUL are refused when reading and when writing: a name that two
 * programs read in different ways is an attack.
 */
export const KerberosString: Codec<string> = {
  name: 'KerberosString',
  tag: 0x1b,
  read(reader) {
    const length = reader.header(0x1b)
    const start = reader.position
    reader.position += length
    const text = decodeUtf8(reader.bytes, start, reader.position)
    if (text === undefined) throw new DerFault('UTF-8', 'other octets')
    if (text.includes('\0')) throw new DerFault('a string without NUL', 'NUL')
    return text
  },
  write(writer, value) {
    if (writeShortAscii(writer, value)) return
    if (value.includes('\0')) cannotEncode('a string without NUL', 'NUL')
    if (LONE_SURROGATE.test(value)) cannotEncode('a string without half characters (lone surrogates)', value)
    writeText(writer, value)
  },
}

/**
 * Text for people, such as e-text. Some KDCs end it with NUL or use another character set; that
 * must not make the error itself unreadable. Each run of NULs is looked at once, however long.
 */
export const DisplayString: Codec<string> = {
  name: 'KerberosString',
  tag: 0x1b,
  read: (reader) => lenientDecoder.decode(reader.contents(0x1b)).replace(/(?<!\0)\0+$/, ''),
  write: writeText,
}

/**
 * KerberosFlags: a BIT STRING of at least 32 bits, as octets. Bit 0 is the most significant bit of
 * octet 0. Unknown bits and longer strings are kept; shorter ones are filled up with zeros. Source:
 * RFC 4120 section 5.2.8.
 */
export type KerberosFlags = Uint8Array

/** Reads and writes KerberosFlags, of 32 bits or more. Source: RFC 4120 section 5.2.8. */
export const KerberosFlags: Codec<KerberosFlags> = {
  name: 'KerberosFlags',
  tag: 0x03,
  read(reader) {
    const contents = reader.contents(0x03)
    const unused = contents.length > 0 ? contents[0] : 8
    if (
      unused > 7 ||
      (unused > 0 && (contents.length < 2 || (contents[contents.length - 1] & ((1 << unused) - 1)) !== 0))
    ) {
      throw new DerFault('a BIT STRING whose unused bits are zero', 'another')
    }
    if (contents.length >= 5) return contents.subarray(1)
    const flags = new Uint8Array(4)
    flags.set(contents.subarray(1))
    return flags
  },
  write(writer, value) {
    if (value.length < 4) cannotEncode('at least 32 flag bits', value.length * 8)
    const mark = writer.written
    writer.octets(value)
    writer.octet(0)
    writer.header(0x03, mark)
  },
}

/**
 * Makes flags in which the given bits are set, by their numbers in the RFC.
 *
 * @example
 * ```ts
 * import { kerberosFlags, TicketFlag } from '@s4u/krb5'
 *
 * kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.RENEWABLE)
 * ```
 */
export function kerberosFlags(...bits: readonly number[]): KerberosFlags {
  const flags = new Uint8Array(4)
  for (const bit of bits) flags[bit >> 3] |= 0x80 >> (bit & 7)
  return flags
}

/**
 * Tells whether a bit is set, by its number in the RFC.
 *
 * @example
 * ```ts
 * import { type EncTicketPart, hasFlag, TicketFlag } from '@s4u/krb5'
 *
 * export const canForward = ({ flags }: EncTicketPart) => hasFlag(flags, TicketFlag.FORWARDABLE)
 * ```
 */
export function hasFlag(flags: KerberosFlags, bit: number): boolean {
  return (flags[bit >> 3] & (0x80 >> (bit & 7))) !== 0
}

export function integer(name: string, minimum: number, maximum: number): Codec<number> {
  return {
    name,
    tag: 0x02,
    read: (reader) => readInteger(reader, minimum, maximum),
    write(writer, value) {
      if (!Number.isInteger(value) || value < minimum || value > maximum)
        cannotEncode(`${name} ${minimum}..${maximum}`, value)
      const mark = writer.written
      let rest = value
      let octet: number
      do {
        octet = rest & 0xff
        writer.octet(octet)
        rest = Math.floor(rest / 256)
      } while (rest !== 0 && rest !== -1)
      // One more octet is needed where the sign bit would otherwise say the opposite.
      if (rest === 0 && octet >= 0x80) writer.octet(0)
      if (rest === -1 && octet < 0x80) writer.octet(0xff)
      writer.header(0x02, mark)
    },
  }
}

function readInteger(reader: DerReader, minimum: number, maximum: number): number {
  const length = reader.header(0x02)
  if (length === 0 || length > 5) throw new DerFault('an INTEGER of 1 to 5 octets', `${length} octets`)
  const { bytes } = reader
  const first = bytes[reader.position++]
  let value = (first << 24) >> 24
  if (length > 1) {
    const second = bytes[reader.position]
    if ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)) {
      throw new DerFault('the shortest form of the INTEGER', 'a longer one')
    }
    for (let rest = length - 1; rest > 0; rest--) value = value * 256 + bytes[reader.position++]
  }
  if (value < minimum || value > maximum) throw new DerFault(`an INTEGER ${minimum}..${maximum}`, String(value))
  return value
}

function writeText(writer: DerWriter, value: string): void {
  const mark = writer.written
  writer.octets(encoder.encode(value))
  writer.header(0x1b, mark)
}

/**
 * Writes a short ASCII text from its last character to its first. Returns false, and writes
 * nothing, if the text is longer or contains NUL or other characters.
 */
function writeShortAscii(writer: DerWriter, value: string): boolean {
  if (value.length > SHORT_TEXT) return false
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index)
    if (code === 0 || code >= 0x80) return false
  }
  const mark = writer.written
  for (let index = value.length - 1; index >= 0; index--) writer.octet(value.charCodeAt(index))
  writer.header(0x1b, mark)
  return true
}

/**
 * UTF-8 has no octets for half a character; the encoder would write another character in its place.
 */
const LONE_SURROGATE = /\p{Surrogate}/u

const encoder = new TextEncoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenientDecoder = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * Names are short and nearly always ASCII. For them a loop is much faster than TextDecoder and
 * TextEncoder; for longer texts the call is worth its cost.
 */
const SHORT_TEXT = 64

function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (end - start <= SHORT_TEXT) {
    let text = ''
    let index = start
    for (; index < end && bytes[index] < 0x80; index++) text += String.fromCharCode(bytes[index])
    if (index === end) return text
  }
  try {
    return strictDecoder.decode(bytes.subarray(start, end))
  } catch {
    return undefined
  }
}

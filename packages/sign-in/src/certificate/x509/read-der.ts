import { DerFault, DerReader, MalformedTokenError } from '@s4u/krb5'

/**
 * Reads octets that are one DER value from beginning to end.
 *
 * @param path what the error calls them: `Certificate`
 * @throws MalformedTokenError
 */
export function readDer<T>(path: string, octets: Uint8Array, read: (reader: DerReader) => T): T {
  try {
    const reader = new DerReader(octets)
    const value = read(reader)
    if (reader.position !== reader.end) throw new DerFault('the end', 'more octets')
    return value
  } catch (fault) {
    if (!(fault instanceof DerFault)) throw fault
    throw new MalformedTokenError({ path, expected: fault.expected, found: fault.found })
  }
}

/** Tags of ASN.1 that X.509 uses (ITU-T X.680 section 8.4). */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const

/** Returns the identifier octet of `[number]` around other elements. */
export function constructed(number: number): number {
  return 0xa0 | number
}

/** Reads the elements of a SEQUENCE or SET, one after the other. */
export function eachOf(reader: DerReader, tag: number, read: (reader: DerReader) => void): void {
  const enclosing = reader.enter(tag)
  while (reader.position < reader.end) read(reader)
  reader.leave(enclosing)
}

/** Reads one element with its header, as it is. */
export function wholeElement(reader: DerReader): Uint8Array {
  const start = reader.position
  reader.skip()
  return reader.bytes.subarray(start, reader.position)
}

/** Reads an object identifier: `2.5.29.17`. */
export function readOid(reader: DerReader): string {
  return oidOf(reader.contents(Tag.OBJECT_IDENTIFIER))
}

/** Source: ITU-T X.690 section 8.19. */
export function oidOf(contents: Uint8Array): string {
  const arcs: number[] = []
  let arc = 0
  for (const [index, octet] of contents.entries()) {
    arc = arc * 128 + (octet & 0x7f)
    if (arc > Number.MAX_SAFE_INTEGER / 128) throw new DerFault('an object identifier', 'a number that is too large')
    if ((octet & 0x80) !== 0) {
      if (index === contents.length - 1) throw new DerFault('an object identifier', 'one that breaks off')
      continue
    }
    if (arcs.length === 0) arcs.push(Math.min(2, Math.floor(arc / 40)), arc - 40 * Math.min(2, Math.floor(arc / 40)))
    else arcs.push(arc)
    arc = 0
  }
  if (arcs.length === 0) throw new DerFault('an object identifier', 'an empty one')
  return arcs.join('.')
}

/** Reads an optional BOOLEAN, which is false where it is missing. */
export function readFlag(reader: DerReader): boolean {
  if (reader.peek() !== Tag.BOOLEAN) return false
  const contents = reader.contents(Tag.BOOLEAN)
  if (contents.length !== 1) throw new DerFault('a BOOLEAN of one octet', `${contents.length} octets`)
  return contents[0] !== 0
}

/**
 * Reads a time, milliseconds since the epoch. Source: RFC 5280 section 4.1.2.5: years of two digits
 * are 1950 to 2049, and all times are of Greenwich and have seconds.
 */
export function readTime(reader: DerReader): number {
  const isShort = reader.peek() === Tag.UTC_TIME
  const text = latin1.decode(reader.contents(isShort ? Tag.UTC_TIME : Tag.GENERALIZED_TIME))
  const parts = (isShort ? SHORT_TIME : LONG_TIME).exec(text)
  if (parts === null) throw new DerFault('a time with seconds in UTC', 'another text')
  const [year, month, day, hour, minute, second] = parts.slice(1).map(Number)
  const century = !isShort ? 0 : year < 50 ? 2000 : 1900
  const time = Date.UTC(century + year, month - 1, day, hour, minute, second)
  // The thirty-first of June would become the first of July, and the year 26 that of 1926.
  const isShifted = new Date(time).getUTCFullYear() !== century + year || new Date(time).getUTCDate() !== day
  if (isShifted || month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59)
    throw new DerFault('a time', 'a date or hour that there is not')
  return time
}

const SHORT_TIME = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const LONG_TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/
const latin1 = new TextDecoder('latin1')

/** Returns hexadecimal digits in small letters. */
export function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('hex')
}

/**
 * Reads the records of a keytab file one by one. A record that cannot be read is left out; the next
 * one begins where the length of the record says.
 */

import { ByteReader } from '../bytes/byte-reader.js'
import { Key } from '../crypto/key.js'
import { encryptionTypeName, findEncryptionType } from '../crypto/registry.js'
import { type LeftOut, leftOutFor, legibleName } from './left-out.js'
import { NameType } from '../messages/principal-name.js'
import type { Principal } from '../names/principal.js'

/**
 * The most records in one keytab. A farm with hundreds of hosts in one file has some thousands;
 * more is damage, or an attack on memory.
 */
const MAX_RECORDS = 100_000

/** The most components of one name; real names have up to four. */
const MAX_COMPONENTS = 16

/** One key of a keytab: whose it is, its version, and when it was written. */
export interface KeytabEntry {
  readonly principal: Principal
  /** The version of the key; 0 if the program that wrote the file did not know it. */
  readonly kvno: number
  readonly key: Key
  /** The time when the entry was written, milliseconds since the epoch. */
  readonly timestamp: number
}

export interface KeytabRecords {
  readonly entries: readonly KeytabEntry[]
  readonly leftOut: readonly LeftOut[]
}

/**
 * Reads all records of a keytab.
 *
 * @param bytes the whole file, whose first two octets are its version
 */
export function readKeytabRecords(bytes: Uint8Array, version: 1 | 2): KeytabRecords {
  const reader = new ByteReader(bytes, 'keytab')
  reader.skip(2, 'version')
  const layout = { version, littleEndian: version === 1 && looksLittleEndian(bytes) }
  const entries: KeytabEntry[] = []
  const leftOut: LeftOut[] = []
  while (reader.remaining > 0) {
    const record = `entries[${entries.length + leftOut.length}]`
    let octets: Uint8Array | undefined
    try {
      if (entries.length + leftOut.length === MAX_RECORDS) reader.fail(record, `at most ${MAX_RECORDS} entries`, 'more')
      octets = nextRecord(reader, layout, record)
      if (octets === undefined) continue
      if (octets.length === 0) break
      entries.push(readEntry(new ByteReader(octets, `keytab.${record}`), layout))
    } catch (error) {
      leftOut.push(leftOutFor(record, octets && nameIn(octets, layout), error))
      // The end of this record is not known, so the beginning of the next one is not known either.
      if (octets === undefined) break
    }
  }
  return { entries, leftOut }
}

interface Layout {
  readonly version: 1 | 2
  readonly littleEndian: boolean
}

/**
 * Returns the octets of the next record: undefined for a hole (a deleted entry), and empty for the
 * zero that ends the list.
 */
function nextRecord(reader: ByteReader, { littleEndian }: Layout, record: string): Uint8Array | undefined {
  const size = littleEndian ? reader.i32le(`${record}.size`) : reader.i32be(`${record}.size`)
  if (size >= 0) return reader.bytes(size, record)
  // -2^31 has no positive counterpart in 32 bits, but in JavaScript it has.
  reader.skip(Math.min(-size, reader.remaining), `${record}.hole`)
  return undefined
}

/**
 * Tells the byte order of version 1, which is that of the machine that wrote the file: the order in
 * which the first length fits into the file.
 */
function looksLittleEndian(bytes: Uint8Array): boolean {
  if (bytes.length < 6) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return Math.abs(view.getInt32(2, true)) <= bytes.length - 6
}

function readEntry(reader: ByteReader, layout: Layout): KeytabEntry {
  const { u16, u32 } = numbersOf(reader, layout)
  const principal = readPrincipal(reader, layout, strict)
  const timestamp = u32('timestamp') * 1000
  const kvno8 = reader.u8('kvno')
  const etype = (u16('keytype') << 16) >> 16
  const value = reader.bytes(u16('keylength'), 'key')
  // A version above 255 stands in four octets behind the key. Zero there means that the field was
  // not used.
  const kvno32 = reader.remaining >= 4 ? u32('kvno32') : 0
  return { principal, kvno: kvno32 || kvno8, key: keyOf(reader, etype, value), timestamp }
}

function readPrincipal(reader: ByteReader, layout: Layout, decoder: Decoder): Principal {
  const { u16, u32 } = numbersOf(reader, layout)
  const text = (field: string): string =>
    decodeText(reader, reader.bytes(u16(`${field}.length`), field), field, decoder)
  const count = u16('components') - (layout.version === 1 ? 1 : 0)
  if (count < 0 || count > MAX_COMPONENTS)
    reader.fail('components', `at most ${MAX_COMPONENTS} components`, String(count))
  const realm = text('realm')
  const nameString = Array.from({ length: count }, (_, index) => text(`component[${index}]`))
  const nameType = layout.version === 1 ? NameType.UNKNOWN : u32('nameType') | 0
  return { name: { nameType, nameString }, realm }
}

function numbersOf(reader: ByteReader, { littleEndian }: Layout) {
  const u16 = (field: string): number => (littleEndian ? reader.u16le(field) : reader.u16be(field))
  const u32 = (field: string): number => (littleEndian ? reader.u32le(field) : reader.u32be(field))
  return { u16, u32 }
}

/** Returns the name in an unreadable record, for messages. */
function nameIn(octets: Uint8Array, layout: Layout): string | undefined {
  try {
    return legibleName(readPrincipal(new ByteReader(octets, 'keytab'), layout, lenient))
  } catch {
    // The record breaks off within the name.
    return undefined
  }
}

function keyOf(reader: ByteReader, etype: number, value: Uint8Array): Key {
  const expected = findEncryptionType(etype)?.keyLength ?? value.length
  if (value.length === expected) return new Key(etype, value)
  return reader.fail('key', `${expected} octets for ${encryptionTypeName(etype)}`, `${value.length} octets`)
}

interface Decoder {
  decode(octets: Uint8Array): string
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
/** Octets that are not UTF-8 mostly come from the time before it. */
const lenient = new TextDecoder('latin1')

function decodeText(reader: ByteReader, octets: Uint8Array, field: string, decoder: Decoder): string {
  try {
    return decoder.decode(octets)
  } catch {
    return reader.fail(field, 'UTF-8', 'other octets')
  }
}

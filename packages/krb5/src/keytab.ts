/**
 * Keytab files: the long-term keys of services. Format as MIT and Heimdal write it: a version of two octets, then records, each with
 * a signed length; negative lengths are holes left by deleted entries.
 * Source: MIT krb5 documentation, "Keytab file format".
 */

import { ByteReader } from './bytes/byte-reader.js'
import { ByteWriter } from './bytes/byte-writer.js'
import { Key } from './crypto/key.js'
import { ConfigurationError, MalformedTokenError } from './errors.js'
import type { PrincipalName } from './messages/principal-name.js'
import { NameType } from './messages/principal-name.js'
import { keytabOfBase64, keytabOfBase64Octets } from './keytab-base64.js'
import { formatPrincipal, type Principal } from './principal.js'

export interface KeytabEntry {
  readonly principal: Principal
  /** Key version, 0 when whoever wrote the file did not know it. */
  readonly kvno: number
  readonly key: Key
  /** When the entry was written, milliseconds since the epoch. */
  readonly timestamp: number
}

/** Records in one keytab. Farms with hundreds of hosts in one file have some thousands; more is damage or an attack on memory. */
const MAX_ENTRIES = 100_000

/** Components of one name; real ones have up to four. */
const MAX_COMPONENTS = 16

/** An immutable set of keys. Printing it shows principals, versions and encryption types, never key octets. */
export class Keytab {
  readonly entries: readonly KeytabEntry[]
  /** What errors call it: the path, where it was read from a file. */
  readonly source: string | undefined

  constructor(entries: readonly KeytabEntry[], source?: string) {
    this.entries = Object.freeze([...entries])
    this.source = source
  }

  /**
   * Reads format version 1 or 2, or such a file in base64. `source` names the file in errors, those of a later use included.
   * @throws ConfigurationError KRB5_KEYTAB_BADVNO (another kind of file) or KRB5_KT_FORMAT (damaged)
   */
  static decode(octets: Uint8Array, source?: string): Keytab {
    const name = source ?? 'keytab'
    const bytes = keytabOfBase64Octets(octets) ?? octets
    const version = versionOf(bytes, name)
    try {
      return new Keytab(readEntries(bytes, version), source)
    } catch (error) {
      if (!(error instanceof MalformedTokenError)) throw error
      throw new ConfigurationError(`${name} is damaged: ${error.message}`, {
        code: 'KRB5_KT_FORMAT',
        hint: 'Export the keytab again (samba-tool domain exportkeytab, ktpass, or kadmin ktadd) and copy it in binary mode.',
        cause: error,
      })
    }
  }

  /**
   * The keytab that a text is in base64, as secret stores and environment variables hold it; undefined for every other text, such as a
   * path. Nothing of the text is in any error.
   *
   *     const keytab = Keytab.fromBase64(process.env.WEB_KEYTAB ?? '')
   *
   * @throws ConfigurationError KRB5_KT_FORMAT (damaged)
   */
  static fromBase64(text: string, source = 'the keytab in base64'): Keytab | undefined {
    const bytes = keytabOfBase64(text)
    return bytes && Keytab.decode(bytes, source)
  }

  /** Several keytabs as one, in the given order. `source` is what errors call it. */
  static merge(keytabs: readonly Keytab[], source?: string): Keytab {
    const entries = keytabs.flatMap((keytab) => keytab.entries)
    return new Keytab(entries, source)
  }

  /** The file, format version 2. */
  encode(): Uint8Array {
    const file = new ByteWriter().u16be(0x0502)
    for (const entry of this.entries) {
      const record = encodeEntry(entry)
      file.u32be(record.length).bytes(record)
    }
    return file.toBytes()
  }

  /** The names in the file, each once, in order of appearance: `HTTP/web.ad.test@AD.TEST`. */
  get principals(): readonly string[] {
    return [...new Set(this.entries.map(({ principal }) => formatPrincipal(principal)))]
  }
}

function versionOf(bytes: Uint8Array, source: string): 1 | 2 {
  if (bytes.length >= 2 && bytes[0] === 5 && (bytes[1] === 1 || bytes[1] === 2)) return bytes[1]
  const found = bytes.length === 0 ? 'an empty file' : bytes.length < 2 ? 'one octet' : 'something else'
  throw new ConfigurationError(
    `${source} is not a keytab: expected a file that begins with 05 01 or 05 02, found ${found}`,
    {
      code: 'KRB5_KEYTAB_BADVNO',
      hint: 'Point to the file that samba-tool domain exportkeytab, ktpass or kadmin ktadd wrote; `klist -k FILE` must list it.',
    },
  )
}

function readEntries(bytes: Uint8Array, version: 1 | 2): KeytabEntry[] {
  const reader = new ByteReader(bytes, 'keytab')
  reader.skip(2, 'version')
  const littleEndian = version === 1 && looksLittleEndian(bytes)
  const entries: KeytabEntry[] = []
  while (reader.remaining > 0) {
    const field = `entries[${entries.length}]`
    const size = littleEndian ? reader.i32le(`${field}.size`) : reader.i32be(`${field}.size`)
    // Zero marks the end of what was ever written. -2^31 has no positive counterpart in 32 bits, but it has here.
    if (size === 0) break
    if (size < 0) reader.skip(Math.min(-size, reader.remaining), `${field}.hole`)
    else entries.push(readEntry(reader.sub(size, field), version, littleEndian))
    if (entries.length > MAX_ENTRIES) reader.fail(field, `at most ${MAX_ENTRIES} entries`, 'more')
  }
  return entries
}

/** Version 1 was written in the byte order of its machine: the order in which the first length fits into the file. */
function looksLittleEndian(bytes: Uint8Array): boolean {
  if (bytes.length < 6) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return Math.abs(view.getInt32(2, true)) <= bytes.length - 6
}

function readEntry(reader: ByteReader, version: 1 | 2, littleEndian: boolean): KeytabEntry {
  const u16 = (field: string): number => (littleEndian ? reader.u16le(field) : reader.u16be(field))
  const u32 = (field: string): number => (littleEndian ? reader.u32le(field) : reader.u32be(field))
  const text = (field: string): string => decodeText(reader, u16(`${field}.length`), field)
  const count = u16('components') - (version === 1 ? 1 : 0)
  if (count < 0 || count > MAX_COMPONENTS)
    reader.fail('components', `at most ${MAX_COMPONENTS} components`, String(count))
  const realm = text('realm')
  const nameString = Array.from({ length: count }, (_, index) => text(`component[${index}]`))
  const nameType = version === 1 ? NameType.UNKNOWN : u32('nameType') | 0
  const timestamp = u32('timestamp') * 1000
  const kvno8 = reader.u8('kvno')
  const etype = (u16('keytype') << 16) >> 16
  const value = reader.bytes(u16('keylength'), 'key')
  // A version above 255 stands in four octets behind the key; a zero there means that the writer left the field unused.
  const kvno32 = reader.remaining >= 4 ? u32('kvno32') : 0
  const name: PrincipalName = { nameType, nameString }
  return { principal: { name, realm }, kvno: kvno32 || kvno8, key: keyOf(reader, etype, value), timestamp }
}

function keyOf(reader: ByteReader, etype: number, value: Uint8Array): Key {
  try {
    return new Key(etype, value)
  } catch {
    return reader.fail('key', `a key of encryption type ${etype}`, `${value.length} octets`)
  }
}

function encodeEntry({ principal, kvno, key, timestamp }: KeytabEntry): Uint8Array {
  const { nameString, nameType } = principal.name
  const record = new ByteWriter().u16be(nameString.length)
  for (const text of [principal.realm, ...nameString]) {
    const octets = encoder.encode(text)
    if (octets.length > 0xffff)
      throw new ConfigurationError('a name of more than 65535 octets does not fit in a keytab')
    record.u16be(octets.length).bytes(octets)
  }
  const value = key.exposeSecretBytes()
  record
    .u32be(nameType)
    .u32be(Math.floor(timestamp / 1000))
    .u8(kvno & 0xff)
  return record.u16be(key.etype).u16be(value.length).bytes(value).u32be(kvno).toBytes()
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeText(reader: ByteReader, length: number, field: string): string {
  const octets = reader.bytes(length, field)
  try {
    return decoder.decode(octets)
  } catch {
    return reader.fail(field, 'UTF-8', 'other octets')
  }
}

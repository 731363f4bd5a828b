/**
 * Keytab files: the long-term keys of services, in the format of MIT and Heimdal. A file is a
 * version of two octets, then records, each behind a signed length; a negative length is a hole
 * where an entry was deleted. Source: MIT krb5 documentation, "Keytab file format".
 */

import { ByteWriter } from '../bytes/byte-writer.js'
import { ConfigurationError } from '../errors/errors.js'
import { isEncodedTwice, isEncodedTwiceOctets, keytabOfBase64, keytabOfBase64Octets } from './keytab-base64.js'
import { type KeytabEntry, readKeytabRecords } from './keytab-records.js'
import { describeLeftOut, type LeftOut } from './left-out.js'
import { formatPrincipal } from '../names/principal.js'

export type { KeytabEntry } from './keytab-records.js'

/** Marks a keytab, also when a second copy of the package has made it. */
const brand = Symbol.for('s4u.keytab')

/**
 * An immutable set of keys of services. When printed, it shows principals, versions and encryption
 * types, and never the octets of a key.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { Keytab } from '@s4u/krb5'
 *
 * const keytab = Keytab.decode(readFileSync('web.keytab'), 'web.keytab')
 * console.log(keytab.principals) // ['HTTP/web.ad.test@AD.TEST']
 * ```
 */
export class Keytab {
  readonly entries: readonly KeytabEntry[]
  /** What errors call the keytab: its path, if it was read from a file. */
  readonly source: string | undefined
  /**
   * The records that could not be read, each with the reason: a name that is not UTF-8, a key whose
   * length does not fit its type, or a file that was cut off.
   */
  readonly leftOut: readonly LeftOut[]

  constructor(entries: readonly KeytabEntry[], source?: string, leftOut: readonly LeftOut[] = []) {
    this.entries = Object.freeze([...entries])
    this.source = source
    this.leftOut = Object.freeze([...leftOut])
  }

  /**
   * Reads a keytab of format version 1 or 2, or such a file in base64. A record that cannot be read
   * goes to `leftOut`; all other records stay usable.
   *
   * @param source what errors call the keytab, also later, when it is used
   *
   * @throws ConfigurationError KRB5_KEYTAB_BADVNO (another kind of file) or KRB5_KT_FORMAT (no
   * record can be read)
   */
  static decode(octets: Uint8Array, source?: string): Keytab {
    const name = source ?? 'keytab'
    const bytes = keytabOfBase64Octets(octets) ?? octets
    const version = versionOf(bytes, name)
    const { entries, leftOut } = readKeytabRecords(bytes, version)
    if (entries.length === 0 && leftOut.length > 0) throw damaged(name, leftOut[0])
    return new Keytab(entries, source, leftOut)
  }

  /**
   * Reads a keytab from base64, the form in which secret stores and environment variables hold it.
   * Returns undefined for every other text, such as a path. No error shows any of the text.
   *
   *     const keytab = Keytab.fromBase64(process.env.WEB_KEYTAB ?? '')
   *
   * @throws ConfigurationError KRB5_KT_FORMAT (damaged, or encoded twice)
   */
  static fromBase64(text: string, source = 'the keytab in base64'): Keytab | undefined {
    if (isEncodedTwice(text)) throw encodedTwice(source)
    const bytes = keytabOfBase64(text)
    return bytes && Keytab.decode(bytes, source)
  }

  /**
   * Returns the keytab that a value is; undefined if the value is not a keytab. A keytab that a
   * second copy of this package has made, and whose class is another one, is read again.
   *
   * @throws ConfigurationError as `decode` does
   */
  static from(value: unknown): Keytab | undefined {
    if (value instanceof Keytab) return value
    if (!isOfCopy(value)) return undefined
    const { source } = value
    return Keytab.decode(value.encode(), typeof source === 'string' ? source : undefined)
  }

  /** Joins several keytabs into one, in the given order. `source` is what errors call it. */
  static merge(keytabs: readonly Keytab[], source?: string): Keytab {
    const entries = keytabs.flatMap((keytab) => keytab.entries)
    const leftOut = keytabs.flatMap((keytab) => keytab.leftOut)
    return new Keytab(entries, source, leftOut)
  }

  /** Returns the octets of the file, in format version 2. */
  encode(): Uint8Array {
    const file = new ByteWriter().u16be(0x0502)
    for (const entry of this.entries) {
      const record = encodeEntry(entry)
      file.u32be(record.length).bytes(record)
    }
    return file.toBytes()
  }

  /** @internal */
  get [brand](): true {
    return true
  }

  /**
   * The names in the file, each once, in the order in which they appear:
   * `HTTP/web.ad.test@AD.TEST`.
   */
  get principals(): readonly string[] {
    return [...new Set(this.entries.map(({ principal }) => formatPrincipal(principal)))]
  }
}

function isOfCopy(value: unknown): value is { readonly encode: () => Uint8Array; readonly source: unknown } {
  return typeof value === 'object' && value !== null && brand in value && 'encode' in value && 'source' in value
}

function damaged(name: string, first: LeftOut): ConfigurationError {
  return new ConfigurationError(`${name} is damaged: no key in it can be read: ${describeLeftOut(first)}`, {
    code: 'KRB5_KT_FORMAT',
    hint: 'Export the keytab again (samba-tool domain exportkeytab, ktpass, or kadmin ktadd) and copy it in binary mode.',
  })
}

function encodedTwice(source: string): ConfigurationError {
  return new ConfigurationError(`${source} is a keytab in base64, and in base64 once more`, {
    code: 'KRB5_KT_FORMAT',
    hint: 'Encode it once, or decode it once here: base64 -d. What stands under data in a secret of Kubernetes is encoded already.',
  })
}

function versionOf(bytes: Uint8Array, source: string): 1 | 2 {
  if (bytes.length >= 2 && bytes[0] === 5 && (bytes[1] === 1 || bytes[1] === 2)) return bytes[1]
  if (isEncodedTwiceOctets(bytes)) throw encodedTwice(source)
  const found = bytes.length === 0 ? 'an empty file' : bytes.length < 2 ? 'one octet' : 'something else'
  throw new ConfigurationError(
    `${source} is not a keytab: expected a file that begins with 05 01 or 05 02, found ${found}`,
    {
      code: 'KRB5_KEYTAB_BADVNO',
      hint: 'Point to the file that samba-tool domain exportkeytab, ktpass or kadmin ktadd wrote; `klist -k FILE` must list it.',
    },
  )
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

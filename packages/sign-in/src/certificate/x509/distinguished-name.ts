import { DerFault, type DerReader } from '@s4u/krb5'
import { eachOf, hexOf, readOid, Tag } from './read-der.js'

/** One attribute of a name: `CN=alice`. */
interface NameAttribute {
  /** The type as an object identifier: `2.5.4.3`. */
  readonly type: string
  readonly value: string
}

/**
 * The name of a subject or an issuer, in the order in which it stands in the certificate: the
 * domain or country first, the person last. Each part is a set, most often of one attribute.
 */
export type DistinguishedName = readonly (readonly NameAttribute[])[]

/** Reads a name. Source: RFC 5280 section 4.1.2.4. */
export function readName(reader: DerReader): DistinguishedName {
  const parts: NameAttribute[][] = []
  eachOf(reader, Tag.SEQUENCE, () => {
    const part: NameAttribute[] = []
    eachOf(reader, Tag.SET, () => {
      const enclosing = reader.enter(Tag.SEQUENCE)
      part.push({ type: readOid(reader), value: readText(reader) })
      reader.leave(enclosing)
    })
    parts.push(part)
  })
  return parts
}

/**
 * Returns a name as people read it, the person first: `CN=alice,OU=People,DC=ad,DC=test`. Source:
 * RFC 4514 section 2.
 */
export function formatDistinguishedName(name: DistinguishedName): string {
  return name
    .map((part) => part.map(({ type, value }) => `${keywordOf(type, RFC_4514)}=${escaped(value)}`).join('+'))
    .reverse()
    .join(',')
}

/**
 * Returns a name as `altSecurityIdentities` has it: in the order of the certificate, without
 * spaces, with the keywords of Windows: `DC=test,DC=ad,CN=Issuing CA`. Source: Microsoft KB5014754
 * (examples); CertNameToStr, CERT_X500_NAME_STR, for keywords and quotes.
 */
export function directoryText(name: DistinguishedName): string {
  return name
    .map((part) => part.map(({ type, value }) => `${keywordOf(type, WINDOWS)}=${quoted(value)}`).join('+'))
    .join(',')
}

/** Source: RFC 4514 section 3. */
const RFC_4514: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.6', 'C'],
  ['2.5.4.9', 'STREET'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
])

const WINDOWS: ReadonlyMap<string, string> = new Map([
  ['2.5.4.3', 'CN'],
  ['2.5.4.4', 'SN'],
  ['2.5.4.5', 'SERIALNUMBER'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'S'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.12', 'T'],
  ['2.5.4.42', 'G'],
  ['2.5.4.43', 'I'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['1.2.840.113549.1.9.1', 'E'],
])

function keywordOf(type: string, keywords: ReadonlyMap<string, string>): string {
  return keywords.get(type) ?? (keywords === WINDOWS ? `OID.${type}` : type)
}

function escaped(value: string): string {
  const inside = value.replace(/[\\"+,;<>]/g, '\\$&').replaceAll('\0', '\\00')
  return inside.replace(/^[ #]/, '\\$&').replace(/ $/, '\\ ')
}

function quoted(value: string): string {
  if (!/^\s|\s$|[,+="\n<>#;]|^$/.test(value)) return value
  return `"${value.replaceAll('"', '""')}"`
}

/** Reads a text of any of the kinds that names have. What is none becomes `#` and its octets. */
function readText(reader: DerReader): string {
  const tag = reader.peek()
  if (tag < 0) throw new DerFault('a text', 'the end')
  const contents = reader.contents(tag)
  const decoder = DECODERS.get(tag)
  if (decoder === undefined) return `#${hexOf(contents)}`
  try {
    return decoder(contents)
  } catch {
    throw new DerFault('a text', 'octets that are no characters')
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf16 = new TextDecoder('utf-16be', { fatal: true, ignoreBOM: true })
const latin1 = new TextDecoder('latin1')

/** UTF8String, PrintableString, TeletexString, IA5String and BMPString. */
const DECODERS: ReadonlyMap<number, (octets: Uint8Array) => string> = new Map([
  [0x0c, (octets: Uint8Array) => utf8.decode(octets)],
  [0x13, (octets: Uint8Array) => latin1.decode(octets)],
  [0x14, (octets: Uint8Array) => latin1.decode(octets)],
  [0x16, (octets: Uint8Array) => latin1.decode(octets)],
  [0x1e, (octets: Uint8Array) => utf16.decode(octets)],
])

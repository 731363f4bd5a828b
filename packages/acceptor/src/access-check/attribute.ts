import { ByteReader, decodeSid } from '@s4u/krb5'

/**
 * One value of a condition or an attribute. Octets are in hexadecimal, so that values can be
 * compared directly; booleans are 0 and 1.
 */
export type Scalar =
  | { readonly type: 'integer'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'sid'; readonly value: string }
  | { readonly type: 'octets'; readonly value: string }

/** A named attribute of a user, a device or a resource, as conditions see it. */
export interface Attribute {
  readonly name: string
  readonly values: readonly Scalar[]
  readonly caseSensitive: boolean
}

/**
 * The limit of values: more than any directory stores. An entry of 64 kB could claim any number.
 */
const MAX_VALUES = 4_096

const CASE_SENSITIVE = 0x2
const DISABLED = 0x10

const ValueType = { INT64: 1, UINT64: 2, STRING: 3, SID: 5, BOOLEAN: 6, OCTET_STRING: 0x10 } as const

/**
 * Decodes CLAIM_SECURITY_ATTRIBUTE_RELATIVE_V1, the content of a resource attribute ACE. Returns
 * undefined for an attribute that is disabled. Source: MS-DTYP section 2.4.10.1.
 * @throws MalformedTokenError
 */
export function decodeAttribute(bytes: Uint8Array, path: string): Attribute | undefined {
  const reader = new ByteReader(bytes, path)
  const nameAt = reader.u32le('Name')
  const type = reader.u16le('ValueType')
  reader.u16le('Reserved')
  const flags = reader.u32le('Flags')
  const count = reader.u32le('ValueCount')
  if (count > MAX_VALUES) reader.fail('ValueCount', `at most ${MAX_VALUES}`, String(count))
  const offsets = Array.from({ length: count }, (_, index) => reader.u32le(`Values[${index}]`))
  const name = readText(bytes, nameAt, path)
  const values = offsets.map((offset) => readValue(bytes, offset, type, path))
  if ((flags & DISABLED) !== 0) return undefined
  return { name, values, caseSensitive: (flags & CASE_SENSITIVE) !== 0 }
}

function readValue(bytes: Uint8Array, offset: number, type: number, path: string): Scalar {
  const reader = at(bytes, offset, path)
  switch (type) {
    case ValueType.INT64:
      return { type: 'integer', value: reader.i64le('value') }
    case ValueType.UINT64:
    case ValueType.BOOLEAN:
      return { type: 'integer', value: reader.u64le('value') }
    case ValueType.STRING:
      return { type: 'string', value: readText(bytes, offset, path) }
    case ValueType.SID:
      return { type: 'sid', value: decodeSid(reader.bytes(reader.u32le('length'), 'value'), path) }
    case ValueType.OCTET_STRING:
      return { type: 'octets', value: hex(reader.bytes(reader.u32le('length'), 'value')) }
    default:
      return reader.fail('ValueType', 'a type of claims', String(type))
  }
}

/** Reads UTF-16 text up to a zero. */
function readText(bytes: Uint8Array, offset: number, path: string): string {
  const reader = at(bytes, offset, path)
  let text = ''
  for (;;) {
    const unit = reader.u16le('text')
    if (unit === 0) return text
    text += String.fromCharCode(unit)
  }
}

function at(bytes: Uint8Array, offset: number, path: string): ByteReader {
  if (offset > bytes.length) new ByteReader(bytes, path).fail('offset', `at most ${bytes.length}`, String(offset))
  return new ByteReader(bytes.subarray(offset), path)
}

/** Returns octets in hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (octet) => octet.toString(16).padStart(2, '0')).join('')
}

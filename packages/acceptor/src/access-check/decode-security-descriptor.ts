import { ByteReader, decodeSid, S4uError } from '@s4u/krb5'
import { type Attribute, decodeAttribute } from './attribute.js'
import { type Condition, decodeCondition } from './condition.js'
import { type Ace, AceType, INHERIT_ONLY, type SecurityDescriptor } from './security-descriptor.js'

/**
 * Decodes the self-relative form of a security descriptor. Source: MS-DTYP section 2.4.6.
 * @throws MalformedTokenError
 */
export function decodeSecurityDescriptor(bytes: Uint8Array): SecurityDescriptor {
  const reader = new ByteReader(bytes, 'SECURITY_DESCRIPTOR')
  const revision = reader.u8('Revision')
  if (revision !== 1) reader.fail('Revision', '1', String(revision))
  reader.u8('Sbz1')
  const control = reader.u16le('Control')
  if ((control & SELF_RELATIVE) === 0) reader.fail('Control', 'self-relative', control.toString(16))
  const [owner, group, sacl, dacl] = ['OffsetOwner', 'OffsetGroup', 'OffsetSacl', 'OffsetDacl'].map((field) =>
    partAt(reader, bytes, field),
  )
  const entries = sacl !== undefined && (control & SACL_PRESENT) !== 0 ? readAcl(sacl, 'SACL') : []
  return {
    owner: owner && readSidAtFront(owner, 'OWNER').sid,
    group: group && readSidAtFront(group, 'GROUP').sid,
    dacl: dacl !== undefined && (control & DACL_PRESENT) !== 0 ? readAcl(dacl, 'DACL').flatMap(toAce) : undefined,
    attributes: entries.flatMap(toAttribute),
  }
}

const DACL_PRESENT = 0x4
const SACL_PRESENT = 0x10
const SELF_RELATIVE = 0x8000

/** The octets before the first part. */
const HEADER_OCTETS = 20

function partAt(reader: ByteReader, bytes: Uint8Array, field: string): Uint8Array | undefined {
  const offset = reader.u32le(field)
  if (offset === 0) return undefined
  if (offset < HEADER_OCTETS || offset >= bytes.length || offset % 4 !== 0) {
    reader.fail(field, 'a multiple of 4 within the descriptor', String(offset))
  }
  return bytes.subarray(offset)
}

interface RawAce {
  readonly type: number
  readonly flags: number
  readonly body: Uint8Array
  readonly path: string
}

/** Decodes an access control list. Source: MS-DTYP section 2.4.5. */
function readAcl(bytes: Uint8Array, path: string): RawAce[] {
  const head = new ByteReader(bytes, path)
  const revision = head.u8('AclRevision')
  if (revision !== 2 && revision !== 4) head.fail('AclRevision', '2 or 4', String(revision))
  head.u8('Sbz1')
  const size = head.u16le('AclSize')
  const count = head.u16le('AceCount')
  if (size < 8 || size > bytes.length) head.fail('AclSize', `8 to ${bytes.length}`, String(size))
  const reader = new ByteReader(bytes.subarray(8, size), path)
  return Array.from({ length: count }, (_, index) => readAce(reader, `${path}[${index}]`))
}

function readAce(reader: ByteReader, path: string): RawAce {
  const type = reader.u8('AceType')
  const flags = reader.u8('AceFlags')
  const size = reader.u16le('AceSize')
  if (size < 4 || size % 4 !== 0) reader.fail('AceSize', 'a multiple of 4, header included', String(size))
  return { type, flags, body: reader.bytes(size - 4, 'AceSize'), path }
}

const KINDS: ReadonlyMap<number, { kind: Ace['kind']; object: boolean; conditional: boolean }> = new Map([
  [AceType.ACCESS_ALLOWED, { kind: 'allow', object: false, conditional: false }],
  [AceType.ACCESS_DENIED, { kind: 'deny', object: false, conditional: false }],
  [AceType.ACCESS_ALLOWED_OBJECT, { kind: 'allow', object: true, conditional: false }],
  [AceType.ACCESS_DENIED_OBJECT, { kind: 'deny', object: true, conditional: false }],
  [AceType.ACCESS_ALLOWED_CALLBACK, { kind: 'allow', object: false, conditional: true }],
  [AceType.ACCESS_DENIED_CALLBACK, { kind: 'deny', object: false, conditional: true }],
  [AceType.ACCESS_ALLOWED_CALLBACK_OBJECT, { kind: 'allow', object: true, conditional: true }],
  [AceType.ACCESS_DENIED_CALLBACK_OBJECT, { kind: 'deny', object: true, conditional: true }],
])

const OBJECT_TYPE_PRESENT = 0x1
const INHERITED_OBJECT_TYPE_PRESENT = 0x2

/**
 * Decodes an entry. Returns undefined for an entry that neither allows nor denies: auditing, and
 * unknown types. Source: MS-DTYP section 2.4.4.
 */
function toAce({ type, flags, body, path }: RawAce): Ace[] {
  const shape = KINDS.get(type)
  if (shape === undefined) return []
  const reader = new ByteReader(body, path)
  const mask = reader.u32le('Mask')
  const present = shape.object ? reader.u32le('Flags') : 0
  const objectType = (present & OBJECT_TYPE_PRESENT) === 0 ? undefined : readGuid(reader, 'ObjectType')
  if ((present & INHERITED_OBJECT_TYPE_PRESENT) !== 0) readGuid(reader, 'InheritedObjectType')
  const rest = reader.rest()
  const { sid, length } = readSidAtFront(rest, `${path}.Sid`)
  const condition = shape.conditional ? readCondition(rest.subarray(length), path) : undefined
  const inheritOnly = (flags & INHERIT_ONLY) !== 0
  return [
    { kind: shape.kind, inheritOnly, mask, sid, ...(objectType && { objectType }), ...(condition && { condition }) },
  ]
}

/** Decodes a condition. One that cannot be read is unknown, like one that cannot be evaluated. */
function readCondition(bytes: Uint8Array, path: string): Condition | 'unreadable' {
  try {
    return decodeCondition(bytes, `${path}.ApplicationData`)
  } catch (error) {
    if (S4uError.is(error)) return 'unreadable'
    throw error
  }
}

function toAttribute({ type, body, path }: RawAce): Attribute[] {
  if (type !== AceType.SYSTEM_RESOURCE_ATTRIBUTE) return []
  const reader = new ByteReader(body, path)
  reader.u32le('Mask')
  const rest = reader.rest()
  const { length } = readSidAtFront(rest, `${path}.Sid`)
  const attribute = decodeAttribute(rest.subarray(length), `${path}.AttributeData`)
  return attribute === undefined ? [] : [attribute]
}

/**
 * Returns the SID at the front of the octets, and its length.
 * @throws MalformedTokenError
 */
function readSidAtFront(bytes: Uint8Array, path: string): { readonly sid: string; readonly length: number } {
  const length = 8 + 4 * (bytes[1] ?? 0)
  return { sid: decodeSid(bytes.subarray(0, length), path), length }
}

/** Reads a GUID: `bf967aba-0de6-11d0-a285-00aa003049e2`. Source: MS-DTYP section 2.3.4.2. */
function readGuid(reader: ByteReader, field: string): string {
  const bytes = reader.bytes(16, field)
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
  const digits = order.map((index) => bytes[index].toString(16).padStart(2, '0')).join('')
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}

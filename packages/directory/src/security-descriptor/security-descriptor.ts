import { ByteReader, decodeSid, encodeSid } from '@s4u/krb5'

/** A self-relative security descriptor as far as delegation needs it. MS-DTYP section 2.4.6. */
export interface SecurityDescriptor {
  readonly owner: string | undefined
  /** Undefined: there is no DACL, and everybody may do everything. */
  readonly dacl: readonly AccessControlEntry[] | undefined
}

/** One entry. Those that are not known here are kept as they came. */
export interface AccessControlEntry {
  readonly type: number
  readonly flags: number
  /** Everything behind the header of four octets. */
  readonly body: Uint8Array
  /** Of plain grants and denials; undefined for every other type. */
  readonly plain: { readonly mask: number; readonly sid: string } | undefined
}

export const AceType = { ACCESS_ALLOWED: 0, ACCESS_DENIED: 1 } as const

const DACL_PRESENT = 0x4
const SELF_RELATIVE = 0x8000
const HEADER_OCTETS = 20

/** @throws MalformedTokenError */
export function decodeSecurityDescriptor(bytes: Uint8Array): SecurityDescriptor {
  const reader = new ByteReader(bytes, 'SECURITY_DESCRIPTOR')
  const revision = reader.u8('Revision')
  if (revision !== 1) reader.fail('Revision', '1', String(revision))
  reader.skip(1, 'Sbz1')
  const control = reader.u16le('Control')
  if ((control & SELF_RELATIVE) === 0) reader.fail('Control', 'self-relative', control.toString(16))
  const [owner, , , dacl] = ['OffsetOwner', 'OffsetGroup', 'OffsetSacl', 'OffsetDacl'].map((field) =>
    partAt(reader, bytes, field),
  )
  return {
    owner: owner && readSidAtFront(owner, 'OWNER'),
    dacl: dacl !== undefined && (control & DACL_PRESENT) !== 0 ? readAcl(dacl) : undefined,
  }
}

function partAt(reader: ByteReader, bytes: Uint8Array, field: string): Uint8Array | undefined {
  const offset = reader.u32le(field)
  if (offset === 0) return undefined
  if (offset < HEADER_OCTETS || offset >= bytes.length) {
    reader.fail(field, `${HEADER_OCTETS} to ${bytes.length - 1}`, String(offset))
  }
  return bytes.subarray(offset)
}

const ACL_HEADER = 8
const ACE_HEADER = 4

/** MS-DTYP section 2.4.5. */
function readAcl(bytes: Uint8Array): AccessControlEntry[] {
  const head = new ByteReader(bytes, 'DACL')
  const revision = head.u8('AclRevision')
  if (revision !== 2 && revision !== 4) head.fail('AclRevision', '2 or 4', String(revision))
  head.skip(1, 'Sbz1')
  const size = head.u16le('AclSize')
  const count = head.u16le('AceCount')
  if (size < ACL_HEADER || size > bytes.length) head.fail('AclSize', `8 to ${bytes.length}`, String(size))
  const reader = new ByteReader(bytes.subarray(ACL_HEADER, size), 'DACL')
  reader.expectElements(count, ACE_HEADER, 'Aces')
  return Array.from({ length: count }, () => readAce(reader))
}

function readAce(reader: ByteReader): AccessControlEntry {
  const type = reader.u8('AceType')
  const flags = reader.u8('AceFlags')
  const size = reader.u16le('AceSize')
  if (size < ACE_HEADER) reader.fail('AceSize', 'at least 4', String(size))
  const body = reader.bytes(size - ACE_HEADER, 'AceSize')
  const isPlain = type === AceType.ACCESS_ALLOWED || type === AceType.ACCESS_DENIED
  return { type, flags, body, plain: isPlain ? readPlain(body) : undefined }
}

function readPlain(body: Uint8Array): { readonly mask: number; readonly sid: string } {
  const mask = new ByteReader(body, 'ACE').u32le('Mask')
  return { mask, sid: readSidAtFront(body.subarray(4), 'ACE.Sid') }
}

/** A SID says itself how long it is. MS-DTYP section 2.4.2.2. */
function readSidAtFront(bytes: Uint8Array, path: string): string {
  const reader = new ByteReader(bytes, path)
  reader.skip(1, 'Revision')
  const count = reader.u8('SubAuthorityCount')
  return decodeSid(bytes.subarray(0, 8 + 4 * count), path)
}

/**
 * Full control, which is what every tool writes and every KDC looks for. MS-SFU section 3.2.5.2.3.
 */
const FULL_CONTROL = 0x000f_01ff

/** A grant of everything. */
export function grantTo(sid: string): AccessControlEntry {
  const octets = encodeSid(sid)
  const body = new Uint8Array(4 + octets.length)
  new DataView(body.buffer).setUint32(0, FULL_CONTROL, true)
  body.set(octets, 4)
  return { type: AceType.ACCESS_ALLOWED, flags: 0, body, plain: { mask: FULL_CONTROL, sid } }
}

/** Administrators own what this writes. */
const BUILTIN_ADMINISTRATORS = 'S-1-5-32-544'

/** Entries of object types need this revision. MS-DTYP section 2.4.5. */
const REVISION_DS = 4

export function encodeSecurityDescriptor({ owner, dacl }: SecurityDescriptor): Uint8Array {
  const ownerOctets = encodeSid(owner ?? BUILTIN_ADMINISTRATORS)
  const acl = dacl === undefined ? NOTHING : encodeAcl(dacl)
  const bytes = new Uint8Array(HEADER_OCTETS + ownerOctets.length + acl.length)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 1)
  view.setUint16(2, SELF_RELATIVE | (dacl === undefined ? 0 : DACL_PRESENT), true)
  view.setUint32(4, HEADER_OCTETS, true)
  bytes.set(ownerOctets, HEADER_OCTETS)
  if (dacl === undefined) return bytes
  view.setUint32(16, HEADER_OCTETS + ownerOctets.length, true)
  bytes.set(acl, HEADER_OCTETS + ownerOctets.length)
  return bytes
}

function encodeAcl(entries: readonly AccessControlEntry[]): Uint8Array {
  const size = entries.reduce((sum, { body }) => sum + ACE_HEADER + body.length, ACL_HEADER)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, REVISION_DS)
  view.setUint16(2, size, true)
  view.setUint16(4, entries.length, true)
  let at = ACL_HEADER
  for (const { type, flags, body } of entries) {
    view.setUint8(at, type)
    view.setUint8(at + 1, flags)
    view.setUint16(at + 2, ACE_HEADER + body.length, true)
    bytes.set(body, at + ACE_HEADER)
    at += ACE_HEADER + body.length
  }
  return bytes
}

const NOTHING: Uint8Array = new Uint8Array(0)

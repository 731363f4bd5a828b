import { OctetReader, OctetWriter } from './octets.js'

/** The commands of MS-SMB2 section 2.2.1.2. */
export const Command = {
  NEGOTIATE: 0,
  SESSION_SETUP: 1,
  LOGOFF: 2,
  TREE_CONNECT: 3,
  TREE_DISCONNECT: 4,
  CREATE: 5,
  CLOSE: 6,
  FLUSH: 7,
  READ: 8,
  WRITE: 9,
  IOCTL: 11,
  CANCEL: 12,
  ECHO: 13,
  QUERY_DIRECTORY: 14,
  CHANGE_NOTIFY: 15,
  QUERY_INFO: 16,
  SET_INFO: 17,
  OPLOCK_BREAK: 18,
} as const

/** Flags of the header. MS-SMB2 section 2.2.1.2. */
export const HeaderFlag = {
  RESPONSE: 0x1,
  ASYNC: 0x2,
  RELATED: 0x4,
  SIGNED: 0x8,
  DFS: 0x1000_0000,
} as const

export const HEADER_OCTETS = 64
export const SIGNATURE_AT = 48
export const SIGNATURE_OCTETS = 16

/** The message id of what a server says unasked: the break of an oplock. */
export const UNASKED = 0xffff_ffff_ffff_ffffn

export interface RequestHeader {
  readonly command: number
  readonly creditCharge: number
  readonly credits: number
  readonly flags: number
  readonly nextCommand: number
  readonly messageId: bigint
  readonly treeId: number
  /** In the place of the tree, where the server has given one. */
  readonly asyncId?: bigint | undefined
  readonly sessionId: bigint
}

export interface ResponseHeader {
  readonly command: number
  readonly status: number
  readonly credits: number
  readonly flags: number
  readonly nextCommand: number
  readonly messageId: bigint
  /** Only where the flag ASYNC is set. */
  readonly asyncId: bigint | undefined
  readonly treeId: number | undefined
  readonly sessionId: bigint
}

const PROTOCOL_ID = 0x424d_53fe

/** Writes the header of a request, with an empty signature. MS-SMB2 section 2.2.1. */
export function writeHeader(octets: Uint8Array, header: RequestHeader): void {
  const view = new DataView(octets.buffer, octets.byteOffset, HEADER_OCTETS)
  view.setUint32(0, PROTOCOL_ID, true)
  view.setUint16(4, HEADER_OCTETS, true)
  view.setUint16(6, header.creditCharge, true)
  view.setUint16(12, header.command, true)
  view.setUint16(14, header.credits, true)
  view.setUint32(16, header.flags, true)
  view.setUint32(20, header.nextCommand, true)
  view.setBigUint64(24, header.messageId, true)
  if (header.asyncId === undefined) view.setUint32(36, header.treeId, true)
  else view.setBigUint64(32, header.asyncId, true)
  view.setBigUint64(40, header.sessionId, true)
}

/** Reads the header of a response. @throws MalformedTokenError */
export function readHeader(octets: Uint8Array): ResponseHeader {
  const reader = new OctetReader(octets, 'SMB2 header')
  if (reader.u32(0) !== PROTOCOL_ID) reader.fail('ProtocolId', 'FE 53 4D 42', 'other octets')
  reader.requireStructureSize(4, HEADER_OCTETS)
  reader.slice(0, HEADER_OCTETS, 'header')
  const flags = reader.u32(16)
  if ((flags & HeaderFlag.RESPONSE) === 0) reader.fail('Flags', 'those of a response', 'a request')
  const isAsync = (flags & HeaderFlag.ASYNC) !== 0
  return {
    command: reader.u16(12),
    status: reader.u32(8),
    credits: reader.u16(14),
    flags,
    nextCommand: reader.u32(20),
    messageId: reader.u64(24),
    asyncId: isAsync ? reader.u64(32) : undefined,
    treeId: isAsync ? undefined : reader.u32(36),
    sessionId: reader.u64(40),
  }
}

/**
 * Splits a chain into its elements, padding included, since each is signed with its padding.
 * MS-SMB2 section 3.2.5.1.9.
 * @throws MalformedTokenError
 */
export function splitChain(message: Uint8Array): readonly Uint8Array[] {
  const elements: Uint8Array[] = []
  let rest = message
  for (;;) {
    const reader = new OctetReader(rest, 'SMB2 header')
    const next = reader.u32(20)
    if (next === 0) break
    if (next % 8 !== 0 || next < HEADER_OCTETS || next + HEADER_OCTETS > rest.length) {
      reader.fail('NextCommand', 'a multiple of 8 within the message, after the header', `${next}`)
    }
    elements.push(rest.subarray(0, next))
    rest = rest.subarray(next)
    if (elements.length >= MAX_CHAIN) reader.fail('NextCommand', `at most ${MAX_CHAIN} responses`, 'more')
  }
  elements.push(rest)
  return elements
}

/** Responses in one chain. We never chain more requests than this. */
export const MAX_CHAIN = 16

export interface TransformHeader {
  readonly tag: Uint8Array
  readonly nonce: Uint8Array
  /** What the tag covers beside the message. */
  readonly associated: Uint8Array
  readonly sessionId: bigint
  readonly ciphertext: Uint8Array
}

export const TRANSFORM_OCTETS = 52
export const TRANSFORM_ID = 0x424d_53fd
export const COMPRESSION_ID = 0x424d_53fc

/**
 * Reads what is around an encrypted message. MS-SMB2 section 2.2.41. @throws MalformedTokenError
 */
export function readTransform(frame: Uint8Array): TransformHeader {
  const reader = new OctetReader(frame, 'TRANSFORM_HEADER')
  if (reader.u32(0) !== TRANSFORM_ID) reader.fail('ProtocolId', 'FD 53 4D 42', 'other octets')
  const length = reader.u32(36)
  const flags = reader.u16(42)
  if (flags !== 1) reader.fail('Flags', '1 (encrypted)', `${flags}`)
  const found = frame.length - TRANSFORM_OCTETS
  if (length !== found) reader.fail('OriginalMessageSize', `${found}, as many octets as follow`, `${length}`)
  return {
    tag: reader.slice(4, 16, 'Signature'),
    nonce: reader.slice(20, 16, 'Nonce'),
    associated: reader.slice(20, 32, 'header'),
    sessionId: reader.u64(44),
    ciphertext: reader.slice(TRANSFORM_OCTETS, length, 'message'),
  }
}

/** Writes what is around an encrypted message, with an empty tag. */
export function makeTransform(nonce: Uint8Array, length: number, sessionId: bigint): OctetWriter {
  return new OctetWriter(TRANSFORM_OCTETS)
    .u32(0, TRANSFORM_ID)
    .set(20, nonce)
    .u32(36, length)
    .u16(42, 1)
    .u64(44, sessionId)
}

import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'

/**
 * The types of PDU of a connection that are written or read here. C706 section 12.6.
 */
export const RpcPduType = {
  ...({ REQUEST: 0, RESPONSE: 2, FAULT: 3, BIND: 11, BIND_ACK: 12, BIND_NAK: 13 } as const),
  ...({ ALTER_CONTEXT: 14, ALTER_CONTEXT_RESP: 15 } as const),
} as const

/** Bits of `flags`. C706 section 12.6.3.1; HEADER_SIGNING: MS-RPCE section 2.2.2.3. */
export const RpcFlag = { FIRST: 1, LAST: 2, HEADER_SIGNING: 4, DID_NOT_EXECUTE: 0x20 } as const

/** What protects a PDU: `sec_trailer` and token. MS-RPCE section 2.2.2.11. */
export interface RpcVerifier {
  /** The provider: 68 is NETLOGON, 16 Kerberos. */
  readonly type: number
  /** 6 seals, 5 signs. */
  readonly level: number
  readonly paddingLength: number
  readonly contextId: number
  readonly token: Uint8Array
}

/** A PDU of a connection, without its common header. */
export interface RpcPdu {
  readonly type: number
  readonly flags: number
  readonly callId: number
  /** What follows the common header, padding included, up to the verifier. */
  readonly body: Uint8Array
  readonly verifier: RpcVerifier | undefined
}

/**
 * Reads one PDU: version 5.0, little-endian, and exactly as long as it says. C706 section 12.6.3.1.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeRpcPdu, encodeRpcPdu, RpcFlag, RpcPduType } from '@s4u/krb5'
 *
 * const flags = RpcFlag.FIRST | RpcFlag.LAST
 * const [type, body] = [RpcPduType.REQUEST, new Uint8Array(8)]
 * const request = { type, flags, callId: 1, body, verifier: undefined }
 * console.log(decodeRpcPdu(encodeRpcPdu(request)).body.length) // 8
 * ```
 */
export function decodeRpcPdu(bytes: Uint8Array, path = 'RPC'): RpcPdu {
  const reader = new ByteReader(bytes, path)
  const { type, flags, length, authLength, callId } = readHeader(reader)
  if (length !== bytes.length) reader.fail('frag_length', `${bytes.length} octets`, String(length))
  if (authLength === 0) return { type, flags, callId, body: reader.rest(), verifier: undefined }
  const bodyLength = reader.remaining - authLength - RPC_TRAILER_LENGTH
  if (bodyLength < 0) reader.fail('auth_length', `at most ${reader.remaining - RPC_TRAILER_LENGTH}`, String(authLength))
  const body = reader.bytes(bodyLength, 'body')
  return { type, flags, callId, body, verifier: readVerifier(reader, bodyLength) }
}

/**
 * Returns the octets of a PDU. The body must be padded as its verifier says.
 *
 * @example
 * ```ts
 * import { encodeRpcPdu, RpcFlag, RpcPduType } from '@s4u/krb5'
 *
 * const flags = RpcFlag.FIRST | RpcFlag.LAST
 * const [type, body] = [RpcPduType.REQUEST, new Uint8Array(8)]
 * const request = { type, flags, callId: 1, body, verifier: undefined }
 * console.log(encodeRpcPdu(request).length) // 24
 * ```
 */
export function encodeRpcPdu({ type, flags, callId, body, verifier }: RpcPdu): Uint8Array {
  const tokenLength = verifier?.token.length ?? 0
  const trailer = verifier === undefined ? NOTHING : encodeRpcTrailer(verifier)
  const length = RPC_HEADER_LENGTH + body.length + trailer.length + tokenLength
  const writer = new ByteWriter(length)
  writer.u8(5).u8(0).u8(type).u8(flags).bytes(LITTLE_ENDIAN)
  writer.length16le(length, 'frag_length').length16le(tokenLength, 'auth_length').u32le(callId)
  return writer
    .bytes(body)
    .bytes(trailer)
    .bytes(verifier?.token ?? NOTHING)
    .toBytes()
}

/** Returns `sec_trailer`, without the token. MS-RPCE section 2.2.2.11. */
export function encodeRpcTrailer({ type, level, paddingLength, contextId }: Omit<RpcVerifier, 'token'>): Uint8Array {
  return new ByteWriter(RPC_TRAILER_LENGTH).u8(type).u8(level).u8(paddingLength).u8(0).u32le(contextId).toBytes()
}

/**
 * Returns the whole length of the PDU that begins with these octets, at least 16, so that a stream
 * can be cut into PDUs.
 *
 * @throws MalformedTokenError for another version or byte order, or a length that cannot be
 *
 * @example
 * ```ts
 * import { rpcFragmentLength } from '@s4u/krb5'
 *
 * rpcFragmentLength(Uint8Array.of(5, 0, 2, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0)) // 24
 * ```
 */
export function rpcFragmentLength(head: Uint8Array): number {
  return readHeader(new ByteReader(head, 'RPC')).length
}

function readHeader(reader: ByteReader) {
  const version = reader.u8('version')
  const minor = reader.u8('version')
  if (version !== 5 || minor > 1) reader.fail('version', '5.0', `${version}.${minor}`)
  const type = reader.u8('PTYPE')
  const flags = reader.u8('pfc_flags')
  const representation = reader.u32le('drep')
  if (representation !== 0x10) reader.fail('drep', 'little-endian, ASCII, IEEE', `0x${representation.toString(16)}`)
  const length = reader.u16le('frag_length')
  if (length < RPC_HEADER_LENGTH) reader.fail('frag_length', `at least ${RPC_HEADER_LENGTH}`, String(length))
  return { type, flags, length, authLength: reader.u16le('auth_length'), callId: reader.u32le('call_id') }
}

function readVerifier(reader: ByteReader, bodyLength: number): RpcVerifier {
  const type = reader.u8('auth_type')
  const level = reader.u8('auth_level')
  const paddingLength = reader.u8('auth_pad_length')
  if (paddingLength > bodyLength) reader.fail('auth_pad_length', `at most ${bodyLength}`, String(paddingLength))
  reader.skip(1, 'auth_reserved')
  const contextId = reader.u32le('auth_context_id')
  return { type, level, paddingLength, contextId, token: reader.rest() }
}

export const RPC_HEADER_LENGTH = 16
export const RPC_TRAILER_LENGTH = 8
const LITTLE_ENDIAN = Uint8Array.of(0x10, 0, 0, 0)
const NOTHING = new Uint8Array(0)

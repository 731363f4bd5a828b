import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'

/** An interface of RPC: its UUID, in lower case with hyphens, and its major version. */
export interface RpcInterface {
  readonly interfaceId: string
  readonly version: number
}

/** What a server says to a bind. */
export interface RpcBindAnswer {
  /** The longest fragment that the server takes. */
  readonly maxFragment: number
}

/**
 * Returns the body of a bind with one presentation context of number 0 in NDR. C706 section
 * 12.6.4.3.
 */
export function encodeRpcBind({ interfaceId, version }: RpcInterface): Uint8Array {
  const writer = new ByteWriter(56).u16le(RPC_MAX_FRAGMENT).u16le(RPC_MAX_FRAGMENT).u32le(0)
  writer.u32le(1).u16le(0).u16le(1)
  writer.bytes(octetsOfUuid(interfaceId)).u32le(version)
  return writer.bytes(octetsOfUuid(NDR)).u32le(2).toBytes()
}

/**
 * Reads the body of a bind_ack, which must accept the one context in NDR. C706 section 12.6.4.4.
 *
 * @throws MalformedTokenError
 */
export function decodeRpcBindAck(body: Uint8Array): RpcBindAnswer {
  const reader = new ByteReader(body, 'RPC.bind_ack')
  reader.skip(2, 'max_xmit_frag')
  const maxFragment = reader.u16le('max_recv_frag')
  if (maxFragment < MIN_FRAGMENT) reader.fail('max_recv_frag', `at least ${MIN_FRAGMENT}`, String(maxFragment))
  reader.skip(4, 'assoc_group_id')
  reader.skip(reader.u16le('sec_addr'), 'sec_addr')
  reader.align(4, 'sec_addr')
  const results = reader.u8('n_results')
  reader.skip(3, 'reserved')
  const result = reader.u16le('result')
  const reason = reader.u16le('reason')
  if (results !== 1 || result !== 0) reader.fail('result', 'one accepted context', `${results}, ${result} (${reason})`)
  const syntax = reader.bytes(16, 'transfer_syntax')
  const version = reader.u32le('transfer_syntax')
  const isNdr = octetsOfUuid(NDR).every((octet, at) => octet === syntax[at]) && version === 2
  if (!isNdr) reader.fail('transfer_syntax', 'NDR', 'another')
  return { maxFragment: Math.min(maxFragment, RPC_MAX_FRAGMENT) }
}

/** Reads why a bind was refused. C706 section 12.6.4.5. */
export function decodeRpcBindNak(body: Uint8Array): number {
  return new ByteReader(body, 'RPC.bind_nak').u16le('provider_reject_reason')
}

/** Returns a UUID as it stands in messages: its first three fields are little-endian. */
export function octetsOfUuid(uuid: string): Uint8Array {
  const octets = Uint8Array.from(uuid.replaceAll('-', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  return Uint8Array.from(UUID_ORDER, (at) => octets[at])
}

const UUID_ORDER = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
const NDR = '8a885d04-1ceb-11c9-9fe8-08002b104860'

/**
 * Longer fragments are not taken: Windows uses 5,840 and 4,280, and all servers go down to ours.
 */
export const RPC_MAX_FRAGMENT = 4280
/** What every implementation must take. C706 section 12.6.3.1, MustRecvFragSize. */
const MIN_FRAGMENT = 1432

import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { joinOctets } from '../crypto/algorithms/octets.js'
import { MalformedTokenError } from '../errors/errors.js'
import {
  encodeRpcPdu,
  encodeRpcTrailer,
  RPC_HEADER_LENGTH,
  RPC_TRAILER_LENGTH,
  RpcFlag,
  type RpcPdu,
  RpcPduType,
} from './rpc-pdu.js'
import { RPC_SEALED, type RpcProtection } from './rpc-protection.js'

/** A call that is to be cut into fragments. */
export interface RpcCall {
  readonly callId: number
  readonly opnum: number
  readonly stub: Uint8Array
  /** The longest fragment that the server takes, in octets. */
  readonly maxFragment: number
}

/** Yields the requests of a call, each sealed when it is asked for. C706 section 12.6.4.9. */
export function* sealedRequests(call: RpcCall, protection: RpcProtection | undefined): Generator<Uint8Array> {
  const { stub, maxFragment } = call
  const overhead = protection === undefined ? 0 : RPC_TRAILER_LENGTH + protection.tokenLength + ALIGNMENT
  const room = (maxFragment - STUB_OFFSET - overhead) & -ALIGNMENT
  for (let at = 0; at === 0 || at < stub.length; at += room) {
    const isLast = at + room >= stub.length
    const flags = (at === 0 ? RpcFlag.FIRST : 0) | (isLast ? RpcFlag.LAST : 0)
    const part = stub.subarray(at, at + room)
    yield protection === undefined ? plainRequest(call, flags, part) : sealedRequest(call, flags, part, protection)
  }
}

/** Puts the fragments of a reply together. C706 section 12.6.4.10. */
export class RpcReply {
  readonly #protection: RpcProtection | undefined
  readonly #parts: Uint8Array[] = []
  #length = 0

  constructor(protection: RpcProtection | undefined) {
    this.#protection = protection
  }

  /**
   * Adds a fragment, and returns whether it is the last.
   *
   * @param octets the whole fragment, as received
   * @throws MalformedTokenError, S4uError of the protection
   */
  add(octets: Uint8Array, pdu: RpcPdu): boolean {
    const reader = new ByteReader(pdu.body, 'RPC.response')
    reader.skip(4, 'alloc_hint')
    const context = reader.u16le('p_cont_id')
    if (context !== 0) reader.fail('p_cont_id', '0', String(context))
    reader.skip(2, 'cancel_count')
    const isFirst = (pdu.flags & RpcFlag.FIRST) !== 0
    if (isFirst !== (this.#parts.length === 0)) reader.fail('pfc_flags', 'fragments in order', 'another')
    const part = this.#opened(octets, pdu, reader.rest())
    this.#length += part.length
    if (this.#length > MAX_REPLY) reader.fail('stub', `at most ${MAX_REPLY} octets`, `${this.#length}`)
    this.#parts.push(part)
    if (this.#parts.length > MAX_FRAGMENTS) reader.fail('stub', `at most ${MAX_FRAGMENTS} fragments`, 'more')
    return (pdu.flags & RpcFlag.LAST) !== 0
  }

  stub(): Uint8Array {
    return joinOctets(...this.#parts)
  }

  /** A fragment without verifier on a sealed association is an attack: CVE-2015-5370. */
  #opened(octets: Uint8Array, { verifier }: RpcPdu, message: Uint8Array): Uint8Array {
    const protection = this.#protection
    if (protection === undefined) {
      if (verifier !== undefined) throw refusal('no verifier', 'one')
      return message
    }
    if (verifier === undefined) throw refusal('a verifier', 'none')
    const { type, level, paddingLength, token } = verifier
    if (type !== protection.type || level !== RPC_SEALED)
      throw refusal(`provider ${protection.type}, level ${RPC_SEALED}`, `${type}, ${level}`)
    if (paddingLength > message.length) throw refusal(`padding of at most ${message.length}`, String(paddingLength))
    const header = octets.subarray(0, STUB_OFFSET)
    const opened = protection.open({ header, message, trailer: encodeRpcTrailer(verifier) }, token)
    return opened.subarray(0, opened.length - paddingLength)
  }
}

/** Reads the number of a fault. Nothing protects it. C706 section 12.6.4.7. */
export function readFault({ body }: RpcPdu): number {
  const reader = new ByteReader(body, 'RPC.fault')
  reader.skip(8, 'head')
  return reader.u32le('status')
}

function plainRequest({ callId, opnum, stub }: RpcCall, flags: number, part: Uint8Array): Uint8Array {
  const body = joinOctets(requestHead(stub.length, opnum), part)
  return encodeRpcPdu({ type: RpcPduType.REQUEST, flags, callId, body, verifier: undefined })
}

/** The signature covers the header, so the PDU is written once in clear to have it. */
function sealedRequest(call: RpcCall, flags: number, part: Uint8Array, protection: RpcProtection): Uint8Array {
  const { callId, opnum, stub } = call
  const paddingLength = (ALIGNMENT - (part.length % ALIGNMENT)) % ALIGNMENT
  const message = joinOctets(part, new Uint8Array(paddingLength))
  const trailer = { type: protection.type, level: RPC_SEALED, paddingLength, contextId: RPC_CONTEXT }
  const pdu = { type: RpcPduType.REQUEST, flags, callId }
  const head = requestHead(stub.length, opnum)
  const verifier = { ...trailer, token: new Uint8Array(protection.tokenLength) }
  const header = encodeRpcPdu({ ...pdu, body: joinOctets(head, message), verifier }).subarray(0, STUB_OFFSET)
  const { sealed, token } = protection.seal({ header, message, trailer: encodeRpcTrailer(trailer) })
  return encodeRpcPdu({ ...pdu, body: joinOctets(head, sealed), verifier: { ...trailer, token } })
}

function requestHead(length: number, opnum: number): Uint8Array {
  return new ByteWriter(8).u32le(length).u16le(0).u16le(opnum).toBytes()
}

function refusal(expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'RPC.response.sec_trailer', expected, found, status: 502 })
}

/** The number of our one security context on each association. */
export const RPC_CONTEXT = 1
/** The stub of requests and responses begins behind the common header and 8 octets. */
const STUB_OFFSET = RPC_HEADER_LENGTH + 8
/** Sealed stubs are padded to this. MS-RPCE section 2.2.2.11. */
const ALIGNMENT = 16
/** A list of all shares or all groups of a user is far smaller; octets. */
const MAX_REPLY = 1 << 20
/** The shortest fragments that servers send hold some hundred octets. */
const MAX_FRAGMENTS = 4096

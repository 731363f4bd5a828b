import { decodeRpcPdu, encodeRpcPdu, RpcFlag, type RpcPdu, RpcPduType } from '@s4u/krb5'
import { decodeRpcBindAck } from '../../../packages/krb5/src/rpc/rpc-bind.js'
import { RpcReply } from '../../../packages/krb5/src/rpc/rpc-call.js'
import { type Decoder, decoder } from '../decoder.js'
import { fromHex } from '../inputs/seeds.js'

const WHOLE = RpcFlag.FIRST | RpcFlag.LAST
const BIND_ACK = fromHex('b810b81001000000010000000100000000000000045d888aeb1cc9119fe808002b10486002000000')
const TOKEN = new Uint8Array(56).fill(9)
const VERIFIER = { type: 68, level: 6, paddingLength: 2, contextId: 1, token: TOKEN }

/** What an RPC server sends: PDUs, the answer to a bind, and replies in clear. */
export const rpcDecoders: readonly Decoder[] = [
  decoder('RPC PDU', [pdu({}), pdu({ verifier: VERIFIER })], (bytes) => decodeRpcPdu(bytes)),
  decoder('RPC bind_ack', [BIND_ACK], decodeRpcBindAck),
  decoder('RPC response', [pdu({}), pdu({ verifier: VERIFIER })], (bytes) => {
    const reply = new RpcReply(undefined)
    return reply.add(bytes, decodeRpcPdu(bytes)) ? reply.stub() : undefined
  }),
]

function pdu(changes: Partial<RpcPdu>): Uint8Array {
  const body = new Uint8Array(40)
  return encodeRpcPdu({ type: RpcPduType.RESPONSE, flags: WHOLE, callId: 2, body, verifier: undefined, ...changes })
}

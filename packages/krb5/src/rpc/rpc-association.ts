import { ByteReader } from '../bytes/byte-reader.js'
import { platformRandom } from '../crypto/random.js'
import { MalformedTokenError } from '../errors/errors.js'
import {
  decodeRpcBindAck,
  decodeRpcBindNak,
  encodeRpcBind,
  RPC_MAX_FRAGMENT,
  type RpcBindAnswer,
  type RpcInterface,
} from './rpc-bind.js'
import { readFault, RPC_CONTEXT, RpcReply, sealedRequests } from './rpc-call.js'
import { RpcFaultError } from './rpc-errors.js'
import { decodeRpcPdu, encodeRpcPdu, RpcFlag, type RpcPdu, RpcPduType } from './rpc-pdu.js'
import { RPC_SEALED, type RpcProtection } from './rpc-protection.js'

/** Carries PDUs: a TCP connection that is cut into PDUs, or a pipe of a file server. */
export interface RpcTransport {
  send(pdu: Uint8Array): Promise<void>
  /** Returns the next PDU, whole. It must end by itself when the server does not answer. */
  receive(): Promise<Uint8Array>
}

/** Options of `RpcAssociation.bind`: the interface, and what seals its calls. */
export interface RpcBindOptions extends RpcInterface {
  /** What seals the calls. Without it they go in clear, as over a pipe that is sealed itself. */
  readonly protection?: RpcProtection
}

/**
 * A connection to one interface of an RPC server. Calls wait for each other: one is under way at a
 * time. After an error other than a fault it takes no more calls.
 *
 * @example
 * ```ts
 * import { RpcAssociation, type RpcTransport } from '@s4u/krb5'
 *
 * export async function isAlive(pipe: RpcTransport): Promise<boolean> {
 *   const srvsvc = { interfaceId: '4b324fc8-1670-01d3-1278-5a47bf6ee188', version: 3 }
 *   const association = await RpcAssociation.bind(pipe, srvsvc)
 *   return (await association.call(21, new Uint8Array(8))).length > 0
 * }
 * ```
 */
export class RpcAssociation {
  readonly #transport: RpcTransport
  readonly #protection: RpcProtection | undefined
  readonly #maxFragment: number
  #callId: number
  #last: Promise<unknown> = Promise.resolve()
  #broken: unknown

  private constructor(transport: RpcTransport, protection: RpcProtection | undefined, { maxFragment }: RpcBindAnswer) {
    this.#transport = transport
    this.#protection = protection
    this.#maxFragment = maxFragment
    this.#callId = protection === undefined ? BIND_CALL : firstCallId()
  }

  /**
   * Binds a connection that is open already.
   * @throws RpcFaultError RPC_BIND_REFUSED
   * @throws MalformedTokenError, S4uError of the transport or of the protection
   */
  static async bind(transport: RpcTransport, options: RpcBindOptions): Promise<RpcAssociation> {
    const { protection } = options
    await transport.send(bindPdu(options, protection))
    const answer = bindAnswerOf(await transport.receive(), RpcPduType.BIND_ACK)
    const third = protection && acceptProtection(answer, protection)
    if (protection !== undefined && third !== undefined) await completeBind(transport, options, protection, third)
    return new RpcAssociation(transport, protection, answer)
  }

  /** Whether calls can be made: no error has ended the association. */
  get isUsable(): boolean {
    return this.#broken === undefined
  }

  /**
   * Makes a call, and returns the stub of the reply.
   *
   * @param stub the arguments in NDR, as `NdrWriter.stub` writes them
   * @throws RpcFaultError RPC_FAULT
   * @throws MalformedTokenError, S4uError of the transport or of the protection
   */
  call(opnum: number, stub: Uint8Array): Promise<Uint8Array> {
    const call = this.#last.then(async () => this.#exchange(opnum, stub))
    this.#last = call.catch(() => undefined)
    return call
  }

  async #exchange(opnum: number, stub: Uint8Array): Promise<Uint8Array> {
    if (this.#broken !== undefined) throw this.#broken
    try {
      return await this.#answerOf(opnum, stub)
    } catch (error) {
      // A fault of a sealed association leaves both sides with other numbers.
      if (!(error instanceof RpcFaultError) || this.#protection !== undefined) this.#broken = error
      throw error
    }
  }

  async #answerOf(opnum: number, stub: Uint8Array): Promise<Uint8Array> {
    const callId = ++this.#callId
    const call = { callId, opnum, stub, maxFragment: this.#maxFragment }
    for (const pdu of sealedRequests(call, this.#protection)) await this.#transport.send(pdu)
    const reply = new RpcReply(this.#protection)
    for (;;) {
      const octets = await this.#transport.receive()
      if (octets.length > RPC_MAX_FRAGMENT)
        throw malformed('frag_length', `at most ${RPC_MAX_FRAGMENT} octets`, String(octets.length))
      const pdu = byServer(() => decodeRpcPdu(octets))
      requireAnswer(pdu, callId)
      if (pdu.type === RpcPduType.FAULT) throw faultOf(pdu, opnum)
      if (pdu.type !== RpcPduType.RESPONSE) throw unexpected('response', pdu)
      if (byServer(() => reply.add(octets, pdu))) return reply.stub()
    }
  }
}

function faultOf(pdu: RpcPdu, opnum: number): RpcFaultError {
  const didNotExecute = (pdu.flags & RpcFlag.DID_NOT_EXECUTE) !== 0
  return new RpcFaultError(
    'RPC_FAULT',
    byServer(() => readFault(pdu)),
    `call ${opnum}`,
    didNotExecute,
  )
}

/** The third leg of a security context. The server must have taken it. C706 section 12.6.4.1. */
async function completeBind(
  transport: RpcTransport,
  bound: RpcInterface,
  protection: RpcProtection,
  token: Uint8Array,
): Promise<void> {
  await transport.send(bindPdu(bound, protection, { type: RpcPduType.ALTER_CONTEXT, token }))
  const { verifier } = bindAnswerOf(await transport.receive(), RpcPduType.ALTER_CONTEXT_RESP)
  if (verifier !== undefined && verifier.token.length > 0)
    throw malformed('auth_value', 'nothing more', `${verifier.token.length} octets`)
}

function bindAnswerOf(octets: Uint8Array, expected: number): RpcPdu & RpcBindAnswer {
  const answer = byServer(() => decodeRpcPdu(octets))
  requireAnswer(answer, BIND_CALL)
  if (answer.type === RpcPduType.BIND_NAK)
    throw new RpcFaultError('RPC_BIND_REFUSED', decodeRpcBindNak(answer.body), 'the bind')
  if (answer.type === RpcPduType.FAULT) throw new RpcFaultError('RPC_BIND_REFUSED', readFault(answer), 'the bind')
  if (answer.type !== expected) throw unexpected(BIND_ANSWERS[expected] ?? 'an answer', answer)
  return { ...answer, ...byServer(() => decodeRpcBindAck(answer.body)) }
}

/** What a server sends wrong is a 502, and not the fault of the caller of ours. */
function byServer<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof MalformedTokenError) error.status = 502
    throw error
  }
}

function bindPdu(
  bound: RpcInterface,
  protection: RpcProtection | undefined,
  third?: { readonly type: number; readonly token: Uint8Array },
): Uint8Array {
  const flags = RpcFlag.FIRST | RpcFlag.LAST
  const body = encodeRpcBind(bound)
  const bind = { type: third?.type ?? RpcPduType.BIND, callId: BIND_CALL, body }
  if (protection === undefined) return encodeRpcPdu({ ...bind, flags, verifier: undefined })
  const { type, bindToken } = protection
  const token = third?.token ?? bindToken
  const verifier = { type, level: RPC_SEALED, paddingLength: 0, contextId: RPC_CONTEXT, token }
  return encodeRpcPdu({ ...bind, flags: flags | RpcFlag.HEADER_SIGNING, verifier })
}

/** The server must seal as it was asked to, headers included, or an attacker has lowered it. */
function acceptProtection({ flags, verifier }: RpcPdu, protection: RpcProtection): Uint8Array | undefined {
  if (verifier === undefined) throw malformed('auth_length', 'a verifier', 'none')
  if ((flags & RpcFlag.HEADER_SIGNING) === 0) throw malformed('pfc_flags', 'signed headers', 'none')
  const isAsAsked = verifier.type === protection.type && verifier.level === RPC_SEALED
  if (!isAsAsked)
    throw malformed(
      'sec_trailer',
      `provider ${protection.type}, level ${RPC_SEALED}`,
      `${verifier.type}, ${verifier.level}`,
    )
  return protection.acceptBind(verifier.token)
}

function requireAnswer({ callId }: RpcPdu, asked: number): void {
  if (callId !== asked) throw malformed('call_id', String(asked), String(callId))
}

function unexpected(expected: string, { type }: RpcPdu): MalformedTokenError {
  return malformed('PTYPE', expected, String(type))
}

function malformed(field: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: `RPC.${field}`, expected, found, status: 502 })
}

const BIND_CALL = 1
const BIND_ANSWERS: Readonly<Record<number, string>> = {
  [RpcPduType.BIND_ACK]: 'bind_ack',
  [RpcPduType.ALTER_CONTEXT_RESP]: 'alter_context_resp',
}

/**
 * Associations with one key (several connections of a secure channel) count their fragments each
 * from the beginning, so that an answer on one would be one on another: somebody between could have
 * the logon of one user answered with what was said of another. The header is signed, and has this
 * number.
 */
function firstCallId(): number {
  return new ByteReader(platformRandom(4), 'call_id').u32le('') >>> 1
}

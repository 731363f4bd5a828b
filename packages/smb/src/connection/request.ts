import { aligned8 } from '../wire/octets.js'
import { HEADER_OCTETS, HeaderFlag, type ResponseHeader, writeHeader } from '../wire/header.js'
import type { Sealer } from '../protection/encryption.js'
import type { Signer } from '../protection/signing.js'
import { CREDIT_OCTETS } from './credits.js'

/** One request of a chain. */
export interface Request {
  readonly command: number
  readonly body: Uint8Array
  /** Octets that follow the body: what is written. */
  readonly data?: Uint8Array | undefined
  /** Octets of data that are sent or asked for, which decide what the request costs. */
  readonly payload?: number
}

export interface Reply {
  readonly status: number
  readonly header: ResponseHeader
  /** Header and body. A view of what was received. */
  readonly message: Uint8Array
}

/** The keys of a session on a connection. */
export interface Protection {
  readonly sessionId: bigint
  readonly signer: Signer
  readonly sealer: Sealer | undefined
}

/** In whose name, and where, requests are made. */
export interface RequestContext {
  /** Undefined: before there is a session. */
  readonly protection?: Protection | undefined
  /** Before there are keys. */
  readonly sessionId?: bigint
  readonly treeId?: number
  readonly isSealed?: boolean
  /** Names are paths from the root of DFS. */
  readonly isDfs?: boolean
  readonly signal?: AbortSignal | undefined
  /** Takes an answer that came after the caller had gone. */
  readonly late?: (reply: Reply) => void
}

/** What a request costs. MS-SMB2 section 3.1.5.2. */
export const chargeOf = ({ payload = 1 }: Request): number => Math.max(1, Math.ceil(payload / CREDIT_OCTETS))

const lengthOf = ({ body, data }: Request): number => HEADER_OCTETS + body.length + (data?.length ?? 0)

/** Numbers that the connection gives to a chain. */
export interface ChainNumbers {
  readonly firstId: bigint
  readonly credits: number
  /** Whether charges are told: a server without large requests wants 0. */
  readonly isMultiCredit: boolean
}

/**
 * Writes a chain of requests, each signed with its padding unless the whole is sealed. MS-SMB2
 * sections 3.2.4.1.4 and 3.1.4.1.
 * @param place gives the octets to write into, of any values
 */
export function encodeChain(
  requests: readonly Request[],
  context: RequestContext,
  numbers: ChainNumbers,
  place: (length: number) => Uint8Array,
): Uint8Array {
  const { protection, treeId = 0, isSealed = false, isDfs = false } = context
  const lengths = requests.map((request, i) =>
    i + 1 < requests.length ? aligned8(lengthOf(request)) : lengthOf(request),
  )
  const chain = place(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  let messageId = numbers.firstId
  requests.forEach((request, i) => {
    const element = chain.subarray(at, at + lengths[i])
    element.fill(0, 0, HEADER_OCTETS).fill(0, lengthOf(request))
    const charge = chargeOf(request)
    writeHeader(element, {
      command: request.command,
      creditCharge: numbers.isMultiCredit ? charge : 0,
      credits: i === 0 ? numbers.credits : charge,
      flags: (i > 0 ? HeaderFlag.RELATED : 0) | (isDfs ? HeaderFlag.DFS : 0),
      nextCommand: i + 1 < requests.length ? lengths[i] : 0,
      messageId,
      treeId,
      sessionId: protection?.sessionId ?? context.sessionId ?? 0n,
    })
    element.set(request.body, HEADER_OCTETS)
    if (request.data) element.set(request.data, HEADER_OCTETS + request.body.length)
    if (protection && !isSealed) protection.signer.sign(element)
    at += lengths[i]
    messageId += BigInt(charge)
  })
  return chain
}

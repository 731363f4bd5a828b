import {
  AsRep,
  AsReq,
  decode,
  encode,
  type KdcRep,
  type KdcReq,
  KrbError,
  PaType,
  TgsRep,
  TgsReq,
  type Ticket,
} from '@s4u/krb5'
import type { KdcTransport } from '@s4u/kdc-client'
import type { TestRealm } from '@s4u/test-kdc'

/**
 * Whoever sits between a service and its KDC: sees everything, and may change whatever no seal
 * protects.
 */
export class Meddler {
  readonly requests: KdcReq[] = []
  readonly tickets: Ticket[] = []
  changeRequest: (request: KdcReq) => KdcReq = (request) => request
  changeReply: (reply: KdcRep, request: KdcReq) => KdcRep = (reply) => reply
  /** An error in place of an answer; undefined lets the request through. */
  forge: (request: KdcReq) => KrbError | undefined = () => undefined
  readonly transport: KdcTransport

  constructor(realm: TestRealm) {
    this.transport = async (bytes, context) => {
      const [requests, replies] = bytes[0] === AS_REQ ? [AsReq, AsRep] : [TgsReq, TgsRep]
      const request = decode(requests, bytes)
      this.requests.push(request)
      this.tickets.push(...(request.reqBody.additionalTickets ?? []))
      const forged = this.forge(request)
      if (forged !== undefined) return encode(KrbError, forged)
      const answer = await realm.transport(encode(requests, this.changeRequest(request)), context)
      if (answer[0] === KRB_ERROR) return answer
      const reply = this.changeReply(decode(replies, answer), request)
      this.tickets.push(reply.ticket)
      return encode(replies, reply)
    }
  }

  /** Requests with this padata. */
  with(padataType: number): readonly KdcReq[] {
    return this.requests.filter((request) => carries(request, padataType))
  }
}

/**
 * Without the padata that names a user, in the open and in armor, so that the KDC answers with a
 * ticket of the service itself.
 */
export function withoutUser(request: KdcReq): KdcReq {
  const left = (type: number): boolean => !NAMES_USER.includes(type) && type !== PaType.FX_FAST
  return { ...request, padata: request.padata?.filter(({ padataType }) => left(padataType)) }
}

export function namesUser(request: KdcReq): boolean {
  return NAMES_USER.some((type) => carries(request, type))
}

function carries({ padata = [] }: KdcReq, type: number): boolean {
  return padata.some(({ padataType }) => padataType === type)
}

const NAMES_USER: readonly number[] = [PaType.FOR_USER, PaType.S4U_X509_USER]
const AS_REQ = 0x6a
const KRB_ERROR = 0x7e

import {
  AsReq,
  type Codec,
  decode,
  type KdcReq,
  type KdcReqBody,
  MalformedTokenError,
  MessageType,
  NameType,
  TgsReq,
} from '@s4u/krb5'
import { answerAsReq } from './as-exchange.js'
import type { Exchange, Kdc } from '../kdc/kdc.js'
import { encodeRefusal } from '../replies/krb-error.js'
import { asRefusal } from '../kdc/refusal.js'
import { answerTgsReq } from './tgs-exchange.js'

export interface Answer {
  readonly reply: Uint8Array
  /** The entry in the journal. */
  readonly exchange: Exchange
}

/** Answers one request. Undefined for octets that are not Kerberos: a KDC does not answer them. */
export function answer(kdc: Kdc, request: Uint8Array, via: Exchange['via'], journal: Exchange[]): Answer | undefined {
  const asExchange = request[0] === (0x60 | MessageType.AS_REQ)
  if (!asExchange && request[0] !== (0x60 | MessageType.TGS_REQ)) return undefined
  const body = findBody(asExchange ? AsReq : TgsReq, request)
  if (body === undefined) return undefined
  const exchange: Exchange = { kind: asExchange ? 'AS' : 'TGS', time: kdc.now(), via, requestOctets: request.length }
  journal.push(exchange)
  if (journal.length > MAX_EXCHANGES) journal.shift()
  const reply = attempt(kdc, request, body, exchange)
  exchange.replyOctets = reply.length
  return { reply, exchange }
}

function findBody(codec: Codec<KdcReq>, request: Uint8Array): KdcReqBody | undefined {
  try {
    return decode(codec, request).reqBody
  } catch (error) {
    if (error instanceof MalformedTokenError) return undefined
    throw error
  }
}

function attempt(kdc: Kdc, request: Uint8Array, body: KdcReqBody, exchange: Exchange): Uint8Array {
  try {
    return exchange.kind === 'AS' ? answerAsReq(kdc, request, exchange) : answerTgsReq(kdc, request, exchange)
  } catch (error) {
    const refusal = asRefusal(error)
    Object.assign(exchange, { outcome: refusal.code, ntStatus: refusal.details.ntStatus, reason: refusal.message })
    const { realm } = kdc.directory
    const sname = body.sname ?? { nameType: NameType.UNKNOWN, nameString: [] }
    const client = body.cname && { cname: body.cname, crealm: realm }
    const inAsExchange = request[0] === (0x60 | MessageType.AS_REQ)
    return encodeRefusal(kdc, refusal, { inAsExchange, realm, sname, ...client })
  }
}

/** A demo may run for weeks; no test looks back further. */
const MAX_EXCHANGES = 10_000

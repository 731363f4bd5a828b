import {
  decode,
  encode,
  encodeSupportedEnctypes,
  formatName,
  formatPrincipal,
  KdcOption,
  type KdcReq,
  kerberosFlags,
  PacOption,
  type PaData,
  PaPacOptions,
  PaType,
  supportedEnctypeBits,
  TgsReq,
} from '@s4u/krb5'
import { endlessReferral } from '../ticket-granting/endless-referral.js'
import { strengthened } from '../fast/armored-reply.js'
import type { FastChannel } from '../kdc/fast-channel.js'
import { openArmoredTgsReq } from '../fast/open-armor.js'
import { withinChannel } from '../fast/within-channel.js'
import { issue } from '../replies/issue.js'
import type { Grant } from '../tickets/grant.js'
import type { Exchange, Kdc } from '../kdc/kdc.js'
import { grantOrdinary } from '../ticket-granting/ordinary-ticket.js'
import { grantToSelf } from '../s4u/s4u2self.js'
import { grantByProxy } from '../s4u/s4u2proxy.js'
import { acceptS4uUser } from '../s4u/s4u-user.js'
import { acceptTgsHeader, type TgsHeader } from '../ticket-granting/tgs-header.js'
import { readTgsRequest, type TgsRequest } from '../ticket-granting/tgs-request.js'

/**
 * Answers a TGS-REQ: gives a ticket to a client that shows a TGT. Returns the TGS-REP.
 *
 * Source: RFC 4120 section 3.3, RFC 6113 section 5.4, MS-SFU section 3.2.5.
 * @throws Refusal
 */
export function answerTgsReq(kdc: Kdc, bytes: Uint8Array, exchange: Exchange): Uint8Array {
  const sent = decode(TgsReq, bytes)
  const { sname } = sent.reqBody
  if (sname !== undefined) exchange.service = formatName(sname)
  const header = acceptTgsHeader(kdc, sent, bytes)
  exchange.client = formatPrincipal({ name: header.ticket.cname, realm: header.ticket.crealm })
  const armored = openArmoredTgsReq(kdc, sent, header)
  const { channel, request } = armored ?? { channel: undefined, request: sent }
  if (channel)
    Object.assign(exchange, { armored: true, ...(channel.device !== undefined && { device: channel.device }) })
  return withinChannel(channel, () => grantTicket(kdc, { header, request, channel }, exchange))
}

interface ReceivedTgsReq {
  readonly header: TgsHeader
  readonly request: KdcReq
  readonly channel: FastChannel | undefined
}

function grantTicket(kdc: Kdc, { header, request, channel }: ReceivedTgsReq, exchange: Exchange): Uint8Array {
  const { sname, nonce } = request.reqBody
  if (sname !== undefined) exchange.service = formatName(sname)
  const tgs = readTgsRequest(kdc, request, header, exchange)
  const { ignoreS4u, endlessReferral: refers } = kdc.misbehave
  const user = ignoreS4u || refers ? undefined : acceptS4uUser(request, header)
  const { grant, padata } =
    user === undefined ? { grant: grantFor(kdc, tgs), padata: undefined } : grantToSelf(kdc, tgs, user)
  const armor = channel && strengthened(kdc, channel, header.replyKey)
  const { replyKey: key } = armor ?? header
  const seal = { nonce, key, usage: header.replyKeyUsage, padata, armor, encryptedPaData: encryptedPaData(kdc, tgs) }
  return issue(kdc, grant, { message: 'TGS', ...seal }, exchange)
}

function grantFor(kdc: Kdc, request: TgsRequest): Grant {
  const { exchange, asks } = request
  if (kdc.misbehave.endlessReferral) return endlessReferral(kdc, request)
  if (asks(KdcOption.CNAME_IN_ADDL_TKT) && !kdc.misbehave.ignoreS4u) return grantByProxy(kdc, request)
  if (asks(KdcOption.RENEW)) exchange.kind = 'renewal'
  if (asks(KdcOption.ENC_TKT_IN_SKEY)) exchange.kind = 'user-to-user'
  return grantOrdinary(kdc, request)
}

/**
 * Returns what this KDC and the service support. Source: MS-KILE section 3.3.5.7.4,
 * MS-SFU section 3.2.5.2.2.
 */
function encryptedPaData(kdc: Kdc, { resourceBased, service }: TgsRequest): readonly PaData[] {
  const { encryptionTypes } = service ?? kdc.directory.krbtgt
  const padataValue = encodeSupportedEnctypes(supportedEnctypeBits(encryptionTypes))
  const supported = { padataType: PaType.SUPPORTED_ENCTYPES, padataValue }
  if (resourceBased === undefined) return [supported]
  const flags = kerberosFlags(PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION)
  return [supported, { padataType: PaType.PAC_OPTIONS, padataValue: encode(PaPacOptions, { flags }) }]
}

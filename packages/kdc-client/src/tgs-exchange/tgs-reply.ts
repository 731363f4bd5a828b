import {
  decode,
  type EncKdcRepPart,
  EncTgsRepPart,
  formatName,
  hasFlag,
  KdcOption,
  KeyUsage,
  openEncryptedData,
  type Principal,
  type PrincipalName,
  RejectedTokenError,
  sameName,
  samePrincipal,
  sameRealmIgnoringCase,
  TgsRep,
  type Ticket,
  type S4uErrorCode,
  TicketFlag,
} from '@s4u/krb5'
import type { FastChannel } from '../fast/fast-channel.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { wasOffered } from '../exchange/kdc-exchange.js'
import { openReply } from '../exchange/open-reply.js'
import { isPlausibleFlags } from '../exchange/reply-flags.js'
import { type AskedTimes, wrongTimes } from '../exchange/reply-times.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { type CheckedReply, optionsOf, type RequestBinding, type TgsRequest } from './tgs-request.js'
import { isReferral } from '../tickets/granting-ticket.js'

/** A request as it was sent, with the keys that its reply is decrypted with. */
export interface SentTgsReq {
  readonly request: TgsRequest
  readonly binding: RequestBinding
  /** The FAST channel of the request. */
  readonly channel: FastChannel | undefined
}

export interface JudgedReply {
  readonly ticket: ServiceTicket
  /** The reply was armored, which authenticates client and ticket. */
  readonly isArmored: boolean
}

/**
 * Decrypts the reply, and compares everything in it with the request. Source: RFC 4120 section
 * 3.3.4.
 *
 * @throws RejectedTokenError
 */
export function judgeReply(context: KdcContext, sent: SentTgsReq, bytes: Uint8Array): JudgedReply {
  const { request, binding, channel } = sent
  const reply = decode(TgsRep, bytes)
  const armored = channel?.openReply(reply, bytes, binding.nonce)
  if (armored === undefined && channel && context.ticketArmor?.isRequired)
    throw untrusted('is not armored, although the request was', 'KRB5_ERR_FAST_REQUIRED')
  const key = armored?.strengthen(binding.subkey) ?? binding.subkey
  const opened = openReply('TGS', 'does not open with the key of this request', () =>
    openEncryptedData(reply.encPart, key, KeyUsage.TGS_REP_SUBKEY),
  )
  const part = decode(EncTgsRepPart, opened)
  if (part.nonce !== binding.nonce) throw untrusted('answers another request (nonce)', 'KRB_AP_ERR_MODIFIED')
  checkService(request, part, reply.ticket)
  checkValidity(context, request, part)
  const client = armored?.client ?? { name: reply.cname, realm: reply.crealm }
  checkClient(request, client, { ...binding, part, padata: armored?.padata ?? reply.padata ?? [] })
  const ticket: ServiceTicket = Object.freeze({
    client,
    service: { name: part.sname, realm: part.srealm },
    ticket: reply.ticket,
    sessionKey: part.key,
    flags: part.flags,
    authenticatedAt: part.authtime,
    startsAt: part.starttime ?? part.authtime,
    expiresAt: part.endtime,
    ...(part.renewTill !== undefined && { renewableUntil: part.renewTill }),
  })
  return { ticket, isArmored: armored !== undefined }
}

/**
 * Checks whom the ticket names. A KDC that does not know S4U, or that ignores its padata, answers
 * with a ticket in the name of the service itself. To use that ticket for the user would be to act
 * as the service. Source: MS-SFU section 3.1.5.1.2.
 */
function checkClient(request: TgsRequest, client: Principal, reply: CheckedReply): void {
  const { expectedClient, tgt, referralClient, onReferral } = request
  if (isReferralFor(request, reply.part)) {
    if (!samePrincipal(client, tgt.client) && !(referralClient && samePrincipal(client, referralClient)))
      throw otherClient(tgt.client)
    return onReferral?.(reply)
  }
  const expected = typeof expectedClient === 'function' ? expectedClient(reply) : expectedClient
  if (!samePrincipal(client, expected)) throw otherClient(expected)
}

function otherClient({ name, realm }: Principal): RejectedTokenError {
  return untrusted(`names another client than ${formatName(name)}@${realm}`, 'KRB_AP_ERR_BADMATCH')
}

function isReferralFor({ sname }: TgsRequest, part: EncKdcRepPart): boolean {
  return isReferral(part.sname) && !sameName(part.sname, sname)
}

/**
 * Checks the service of the ticket: the requested one in the requested realm, or a referral, which
 * is a ticket for the KDC of another realm. Source: RFC 6806 section 8.
 */
function checkService(request: TgsRequest, part: EncKdcRepPart, ticket: Ticket): void {
  const askedRealm = request.tgt.service.name.nameString[1]
  if (!sameRealmIgnoringCase(part.srealm, askedRealm))
    throw untrusted('comes from another realm', 'KRB_AP_ERR_BADMATCH')
  if (!sameNameIgnoringCase(part.sname, request.sname) && !(request.mayRefer && isReferral(part.sname))) {
    throw untrusted(
      `is a ticket for ${formatName(part.sname)}, not for ${formatName(request.sname)}`,
      'KRB_AP_ERR_BADMATCH',
    )
  }
  if (!sameName(ticket.sname, part.sname) || ticket.realm !== part.srealm) {
    throw untrusted('carries a ticket for another service than it says', 'KRB_AP_ERR_MODIFIED')
  }
}

function checkValidity(context: KdcContext, request: TgsRequest, part: EncKdcRepPart): void {
  if (part.endtime <= context.clock.now()) throw untrusted('has expired already', 'KRB_AP_ERR_TKT_EXPIRED')
  if (hasFlag(part.flags, TicketFlag.INVALID))
    throw untrusted('carries a ticket that is not valid yet', 'KRB_AP_ERR_TKT_NYV')
  if (!wasOffered(context, part.key))
    throw untrusted('has a session key of an encryption type that was not offered', 'KDC_ERR_ETYPE_NOSUPP')
  const wrong = wrongTimes(part, askedTimes(context, request), context.clockSkew)
  if (wrong) throw untrusted(wrong.what, wrong.code)
  if (!isPlausibleFlags(part.flags, optionsOf(request), request.tgt.flags))
    throw untrusted('carries a ticket with flags that were not asked for', 'KRB_AP_ERR_MODIFIED')
}

/**
 * Returns the times that a request asked for: the end of the ticket-granting ticket, or at a
 * renewal the end of its renewable time. A forwarded ticket-granting ticket may not tell the
 * latter.
 */
function askedTimes({ clock }: KdcContext, { tgt, options = [] }: TgsRequest): AskedTimes {
  const renewTill = hasFlag(tgt.flags, TicketFlag.RENEWABLE) ? tgt.renewableUntil : tgt.expiresAt
  return { from: clock.now(), till: options.includes(KdcOption.RENEW) ? renewTill : tgt.expiresAt, renewTill }
}

/** Compares names, because Active Directory answers with its own spelling of an SPN. */
function sameNameIgnoringCase(a: PrincipalName, b: PrincipalName): boolean {
  return (
    a.nameString.length === b.nameString.length &&
    a.nameString.every((part, index) => sameRealmIgnoringCase(part, b.nameString[index]))
  )
}

function untrusted(what: string, code: S4uErrorCode): RejectedTokenError {
  return new RejectedTokenError(`TGS: the KDC's reply ${what}`, {
    code,
    hint: 'The reply was refused and nothing was kept of it. Something between here and the KDC changes replies, or the KDC does not support what was asked.',
  })
}

/** The Ticket-Granting Service exchange: one request, one checked reply. Source: RFC 4120 section 3.3. */

import {
  type Authenticator,
  decode,
  encode,
  type EncKdcRepPart,
  EncTgsRepPart,
  formatName,
  hasFlag,
  KdcOption,
  KdcReqBody,
  type KerberosFlags,
  kerberosFlags,
  Key,
  KeyUsage,
  openEncryptedData,
  type PaData,
  PaType,
  type Principal,
  type PrincipalName,
  RejectedTokenError,
  sameName,
  samePrincipal,
  sameRealmIgnoringCase,
  sealApReq,
  TgsRep,
  TgsReq,
  type Ticket,
  TicketFlag,
  withEncoding,
} from '@s4u/krb5'
import { noteOptions } from './events.js'
import { exchangeWithKdc, type KdcContext, kerberosMoment, newNonce, wasOffered } from './kdc-exchange.js'
import type { HeardError } from './krb-error.js'
import { openReply } from './open-reply.js'
import { isPlausibleFlags } from './reply-flags.js'
import { type AskedTimes, wrongTimes } from './reply-times.js'
import type { ServiceTicket } from './service-ticket.js'

const TGS_REP_TAG = 0x6d

/** What to ask a KDC for, and what the answer must say. */
export interface TgsRequest {
  /** The ticket-granting ticket to ask with; it names the realm that is asked. */
  readonly tgt: ServiceTicket
  readonly sname: PrincipalName
  /** KDC option bits beside canonicalize and forwardable. */
  readonly options?: readonly number[]
  /** Builds pre-authentication data that is bound to this request. */
  readonly padata?: (binding: RequestBinding) => readonly PaData[]
  readonly additionalTickets?: readonly Ticket[]
  /** Whom the ticket must name: the asker itself, or the user of a delegation. A referral must name the asker whatever this says. */
  readonly expectedClient: Principal | ((reply: CheckedReply) => Principal)
  /** Of a delegation: whom a referral may name instead of the asker. */
  readonly referralClient?: Principal
  /**
   * Whether the KDC may answer with a ticket for the KDC of another realm, which is then asked.
   * Default: no.
   */
  readonly mayRefer?: boolean
  /** Looks at a referral, which is as good as any reply. */
  readonly onReferral?: (reply: CheckedReply) => void
}

/** The secrets of one request that pre-authentication data is bound to. */
export interface RequestBinding {
  readonly nonce: number
  readonly sessionKey: Key
  readonly subkey: Key
}

/** A reply whose seal, nonce, service and times are right, and whose client is still to be compared. */
export interface CheckedReply extends RequestBinding {
  readonly padata: readonly PaData[]
  readonly part: EncKdcRepPart
}

export type TgsOutcome = { readonly ticket: ServiceTicket; readonly part: EncKdcRepPart } | TgsRefusal

/** The KDC's no, and the ticket-granting ticket that it was shown: of several on the way to another realm, the last. */
export interface TgsRefusal {
  readonly refused: HeardError
  readonly shown: ServiceTicket
}

/** Ends of validity asked for: as long as the ticket-granting ticket, which the KDC enforces anyway. */
export async function requestTicket(context: KdcContext, request: TgsRequest): Promise<TgsOutcome> {
  const { tgt } = request
  const subkey = Key.random(tgt.sessionKey.etype, context.random)
  const binding = { nonce: newNonce(context.random), sessionKey: tgt.sessionKey, subkey }
  const realm = tgt.service.name.nameString[1]
  const body = reqBody(context, request, realm, binding.nonce)
  noteOptions(body.kdcOptions)
  const padata = [paTgsReq(context, tgt, subkey, body), ...(request.padata?.(binding) ?? [])]
  const bytes = encode(TgsReq, { padata, reqBody: body })
  for (let byTcp = false; ; byTcp = true) {
    const answer = await exchangeWithKdc(context, realm, bytes, TGS_REP_TAG, byTcp)
    if ('error' in answer) return { refused: answer.error, shown: tgt }
    try {
      return judgeReply(context, request, binding, answer.reply)
    } catch (error) {
      // Anybody can write a datagram that does not open.
      if (byTcp || !answer.byDatagram) throw error
    }
  }
}

function reqBody({ etypes }: KdcContext, request: TgsRequest, realm: string, nonce: number): KdcReqBody {
  return {
    kdcOptions: optionsOf(request),
    realm,
    sname: request.sname,
    till: request.tgt.expiresAt,
    nonce,
    etype: etypes,
    ...(request.additionalTickets && { additionalTickets: request.additionalTickets }),
  }
}

/** Some KDCs refuse to be asked for what the ticket-granting ticket cannot give, instead of giving less. */
function optionsOf({ options = [], tgt }: TgsRequest): KerberosFlags {
  const forwardable = hasFlag(tgt.flags, TicketFlag.FORWARDABLE) ? [KdcOption.FORWARDABLE] : []
  return kerberosFlags(...forwardable, KdcOption.CANONICALIZE, ...options)
}

/** The AP-REQ that carries the request, with a keyed checksum over its body and a subkey for the reply. Source: RFC 4120 section 7.5.1. */
function paTgsReq({ clock, random }: KdcContext, tgt: ServiceTicket, subkey: Key, body: KdcReqBody): PaData {
  const { time, usec } = kerberosMoment(clock.now())
  const { sessionKey, client } = tgt
  const checksum = withEncoding(KdcReqBody, body, (octets) => sessionKey.checksum(KeyUsage.TGS_REQ_CHECKSUM, octets))
  const authenticator: Authenticator = {
    crealm: client.realm,
    cname: client.name,
    cksum: { cksumtype: sessionKey.checksumType, checksum },
    cusec: usec,
    ctime: time,
    subkey,
    seqNumber: newNonce(random),
  }
  const apOptions = kerberosFlags()
  const usage = KeyUsage.TGS_REQ_AUTHENTICATOR
  return {
    padataType: PaType.TGS_REQ,
    padataValue: sealApReq({ apOptions, ticket: tgt.ticket, sessionKey, authenticator, usage, random }),
  }
}

/** Opens the reply and compares everything in it with the request. Source: RFC 4120 section 3.3.4. */
function judgeReply(context: KdcContext, request: TgsRequest, binding: RequestBinding, bytes: Uint8Array): TgsOutcome {
  const reply = decode(TgsRep, bytes)
  const opened = openReply('TGS', 'does not open with the key of this request', () =>
    openEncryptedData(reply.encPart, binding.subkey, KeyUsage.TGS_REP_SUBKEY),
  )
  const part = decode(EncTgsRepPart, opened)
  if (part.nonce !== binding.nonce) throw untrusted('answers another request (nonce)', 'KRB_AP_ERR_MODIFIED')
  checkService(request, part, reply.ticket)
  checkValidity(context, request, part)
  const client = { name: reply.cname, realm: reply.crealm }
  checkClient(request, client, { ...binding, part, padata: reply.padata ?? [] })
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
  return { ticket, part }
}

/**
 * A KDC that does not know S4U, or that overlooked its padata, answers with a ticket in the name of the service itself. Using that one
 * for the user would be acting as the service. Source: MS-SFU section 3.1.5.1.2.
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

/** The service asked for in the realm asked, or a referral: the ticket-granting service of another realm. Source: RFC 6806 section 8. */
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

/** As long as the ticket-granting ticket; renewed, as long as that may be renewed. A forwarded one may not tell how long that is. */
function askedTimes({ clock }: KdcContext, { tgt, options = [] }: TgsRequest): AskedTimes {
  const renewTill = hasFlag(tgt.flags, TicketFlag.RENEWABLE) ? tgt.renewableUntil : tgt.expiresAt
  return { from: clock.now(), till: options.includes(KdcOption.RENEW) ? renewTill : tgt.expiresAt, renewTill }
}

export function isReferral({ nameString }: PrincipalName): boolean {
  return nameString.length === 2 && nameString[0] === 'krbtgt'
}

/** Active Directory answers with its own spelling of an SPN. */
function sameNameIgnoringCase(a: PrincipalName, b: PrincipalName): boolean {
  return (
    a.nameString.length === b.nameString.length &&
    a.nameString.every((part, index) => sameRealmIgnoringCase(part, b.nameString[index]))
  )
}

function untrusted(what: string, code: string): RejectedTokenError {
  return new RejectedTokenError(`TGS: the KDC's reply ${what}`, {
    code,
    hint: 'The reply was refused and nothing was kept of it. Something between here and the KDC changes replies, or the KDC does not support what was asked.',
  })
}

/** The Authentication Service exchange: signing in. Source: RFC 4120 section 3.1. */

import {
  AsRep,
  AsReq,
  decode,
  EncAsRepPart,
  encode,
  EncryptedData,
  EtypeInfo2,
  type EtypeInfo2Entry,
  findPaData,
  formatPrincipal,
  KdcOption,
  type KdcReqBody,
  kerberosFlags,
  KeyUsage,
  KRB_ERROR_CODES,
  type KrbError,
  MethodData,
  openEncryptedData,
  type PaData,
  PaEncTsEnc,
  PaPacRequest,
  PaType,
  RejectedTokenError,
  sameName,
  sameRealmIgnoringCase,
  sealEncryptedData,
} from '@s4u/krb5'
import type { SignIn } from './credentials.js'
import { kdcAnswer, KdcError } from './errors.js'
import { exchangeWithKdc, type KdcContext, kerberosMoment, newNonce, ticketGrantingService } from './kdc-exchange.js'
import type { ServiceTicket } from './service-ticket.js'
import { explainSignIn } from './sign-in-refusal.js'

const AS_REP_TAG = 0x6b

/** Lifetime asked for, milliseconds. The KDC cuts it to its own limit, commonly 10 hours. */
const WANTED_LIFETIME = 24 * 3_600_000

/** Without pre-authentication, with it, once more with the KDC's clock; whoever wants more is not a KDC that we know. */
const MAX_LEGS = 4

/**
 * Signs in and returns a ticket-granting ticket.
 *
 * @throws KdcError (wrong password, disabled, expired …), KdcUnreachableError, RejectedTokenError (a reply that is not to be believed)
 */
export async function requestTgt(context: KdcContext, signIn: SignIn, signal?: AbortSignal): Promise<ServiceTicket> {
  let info: EtypeInfo2Entry | undefined
  for (let leg = 1; ; leg++) {
    const body = asReqBody(context, signIn)
    const padata = [pacRequest(), ...(info ? [await encTimestamp(context, signIn, info)] : [])]
    const { realm } = signIn.principal
    const answer = await exchangeWithKdc(context, realm, encode(AsReq, { padata, reqBody: body }), AS_REP_TAG, signal)
    if ('reply' in answer) return openReply(context, signIn, body, answer.reply, info)
    const { error } = answer
    if (leg === MAX_LEGS) throw refusal(signIn, error)
    if (error.errorCode === KRB_ERROR_CODES.KRB_AP_ERR_SKEW) context.clock.learn(error.stime)
    else if (error.errorCode === KRB_ERROR_CODES.KDC_ERR_PREAUTH_REQUIRED && !info)
      info = chooseKey(context, signIn, error)
    else throw refusal(signIn, error)
  }
}

function asReqBody({ clock, random, etypes }: KdcContext, signIn: SignIn): KdcReqBody {
  const { name, realm } = signIn.principal
  return {
    kdcOptions: kerberosFlags(KdcOption.FORWARDABLE, KdcOption.RENEWABLE_OK),
    cname: name,
    realm,
    sname: ticketGrantingService(realm).name,
    till: clock.now() + WANTED_LIFETIME,
    nonce: newNonce(random),
    // The reply is sealed with the long-term key, so only types that we have one for are of use.
    etype: etypes.filter((etype) => signIn.etypes.includes(etype)),
  }
}

function pacRequest(): PaData {
  return { padataType: PaType.PAC_REQUEST, padataValue: encode(PaPacRequest, { includePac: true }) }
}

/** Source: RFC 4120 section 5.2.7.2. */
async function encTimestamp({ clock, random }: KdcContext, signIn: SignIn, info: EtypeInfo2Entry): Promise<PaData> {
  const key = await signIn.keyFor(info)
  const { time, usec } = kerberosMoment(clock.now())
  const plain = encode(PaEncTsEnc, { patimestamp: time, pausec: usec })
  const sealed = sealEncryptedData(plain, key, KeyUsage.PA_ENC_TIMESTAMP, random)
  return { padataType: PaType.ENC_TIMESTAMP, padataValue: encode(EncryptedData, sealed) }
}

/** The KDC's first choice among the types that we offered; others, such as DES and RC4 variants, are not to be answered with. */
function chooseKey(context: KdcContext, signIn: SignIn, error: KrbError): EtypeInfo2Entry {
  const methods = error.eData === undefined ? [] : decode(MethodData, error.eData)
  const info = findPaData(methods, PaType.ETYPE_INFO2)
  const offered = info === undefined ? [] : decode(EtypeInfo2, info)
  const usable = offered.find(({ etype }) => context.etypes.includes(etype) && signIn.etypes.includes(etype))
  if (usable) return usable
  throw new KdcError(kdcAnswer('AS', formatPrincipal(signIn.principal), 'krbtgt', error), {
    hint: `The KDC has keys of encryption types [${offered.map(({ etype }) => etype).join(', ')}], we have [${signIn.etypes.join(', ')}].`,
  })
}

/** Opens the reply and compares it with the request. Source: RFC 4120 section 3.1.5. */
async function openReply(
  context: KdcContext,
  signIn: SignIn,
  body: KdcReqBody,
  bytes: Uint8Array,
  info: EtypeInfo2Entry | undefined,
): Promise<ServiceTicket> {
  const reply = decode(AsRep, bytes)
  const { name, realm } = signIn.principal
  if (!sameName(reply.cname, name) || !sameRealmIgnoringCase(reply.crealm, realm)) {
    throw untrusted('names another client', 'KRB_AP_ERR_BADMATCH')
  }
  if (!body.etype.includes(reply.encPart.etype))
    throw untrusted('is sealed with an encryption type that was not offered', 'KDC_ERR_ETYPE_NOSUPP')
  const inReply = findPaData(reply.padata, PaType.ETYPE_INFO2)
  const fromReply = inReply && decode(EtypeInfo2, inReply).find(({ etype }) => etype === reply.encPart.etype)
  const known = info?.etype === reply.encPart.etype ? info : undefined
  const key = await signIn.keyFor(fromReply ?? known ?? { etype: reply.encPart.etype }, reply.encPart.kvno)
  const part = decode(EncAsRepPart, openEncryptedData(reply.encPart, key, KeyUsage.AS_REP))
  const granting = ticketGrantingService(part.srealm)
  if (part.nonce !== body.nonce) throw untrusted('answers another request (nonce)', 'KRB_AP_ERR_MODIFIED')
  if (!sameName(part.sname, granting.name) || !sameRealmIgnoringCase(part.srealm, realm)) {
    throw untrusted('is a ticket for another service', 'KRB_AP_ERR_BADMATCH')
  }
  if (part.endtime <= context.clock.now()) throw untrusted('has expired already', 'KRB_AP_ERR_TKT_EXPIRED')
  return Object.freeze({
    // The KDC's spelling of the realm is the one that its tickets carry.
    client: { name: reply.cname, realm: reply.crealm },
    service: granting,
    ticket: reply.ticket,
    sessionKey: part.key,
    flags: part.flags,
    authenticatedAt: part.authtime,
    startsAt: part.starttime ?? part.authtime,
    expiresAt: part.endtime,
    ...(part.renewTill !== undefined && { renewableUntil: part.renewTill }),
  })
}

function refusal(signIn: SignIn, error: KrbError): KdcError {
  return explainSignIn(kdcAnswer('AS', formatPrincipal(signIn.principal), 'krbtgt', error))
}

function untrusted(what: string, code: string): RejectedTokenError {
  return new RejectedTokenError(`AS: the KDC's reply ${what}`, {
    code,
    hint: 'Either something between here and the KDC changes replies, or the address is not that of a KDC of this realm.',
  })
}

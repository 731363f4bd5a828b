import {
  asciiLower,
  AsReq,
  Checksum,
  decode,
  encode,
  findPaData,
  formatName,
  formatPrincipal,
  hasFlag,
  KdcOption,
  type KdcReq,
  type KdcReqBody,
  type Key,
  kerberosFlags,
  KeyUsage,
  NameType,
  type PaData,
  PaPacRequest,
  PaType,
  type PrincipalName,
  TicketFlag,
} from '@s4u/krb5'
import { isDelegable, requireFreshPassword, requireUsableAccount } from '../tickets/account-restrictions.js'
import { type Account, keyOfTypes, ticketKeyOf } from '../directory/account.js'
import { type ReplyArmor, strengthened } from '../fast/armored-reply.js'
import type { FastChannel } from '../kdc/fast-channel.js'
import { openArmoredAsReq } from '../fast/open-armor.js'
import { withinChannel } from '../fast/within-channel.js'
import { issue, type ReplySeal } from '../replies/issue.js'
import type { Exchange, Kdc } from '../kdc/kdc.js'
import { grantTimes, type TicketTimes, wholeSeconds } from '../tickets/lifetimes.js'
import { AssertedIdentity, forTicketGranting, newPac } from '../tickets/pac-of.js'
import { etypeInfo2, preAuthenticate, type PreAuthentication } from './pre-authentication.js'
import { findDestination, ticketGrantingName, trustTowards } from '../directory/referral.js'
import { refuse } from '../kdc/refusal.js'
import { type Grant, sessionKeyType } from '../tickets/grant.js'

/**
 * Answers an AS-REQ: signs a user or a service in. Returns the AS-REP.
 *
 * Source: RFC 4120 section 3.1, MS-KILE section 3.3.5.7.
 * @throws Refusal
 */
export function answerAsReq(kdc: Kdc, bytes: Uint8Array, exchange: Exchange): Uint8Array {
  const sent = decode(AsReq, bytes)
  noteNames(kdc, sent.reqBody, exchange)
  const armored = openArmoredAsReq(kdc, sent, bytes)
  const { channel, request } = armored ?? { channel: undefined, request: sent }
  if (channel) Object.assign(exchange, { armored: true, device: channel.device })
  return withinChannel(channel, () => answerSignIn(kdc, { bytes, request, channel }, exchange))
}

interface ReceivedAsReq {
  readonly bytes: Uint8Array
  readonly request: KdcReq
  readonly channel: FastChannel | undefined
}

function answerSignIn(kdc: Kdc, received: ReceivedAsReq, exchange: Exchange): Uint8Array {
  const { request, channel } = received
  noteNames(kdc, request.reqBody, exchange)
  const client = findClient(kdc, request.reqBody)
  const service = findService(kdc, request.reqBody)
  const offeredTypes = offeredTypesOf(client, request.reqBody)
  requireUsableAccount(client)
  const preAuthentication = preAuthenticate(kdc, { client, request, channel, offeredTypes })
  requireFreshPassword(client, service.sname.nameString)
  const longTermKey = keyOfTypes(client, offeredTypes)
  if (longTermKey === undefined)
    refuse('KDC_ERR_ETYPE_NOSUPP', 'the account has no key of the offered encryption types')
  const sealedWith = preAuthentication.replyKey ?? longTermKey
  const armor = channel && strengthened(kdc, channel, sealedWith)
  const replyKey = armor?.replyKey ?? sealedWith
  const signIn = { ...received, client, service, replyKey, armor, preAuthentication, offeredTypes }
  return issue(kdc, grantOf(kdc, signIn), sealFor(kdc, signIn), exchange)
}

interface AsService {
  readonly account: Account
  readonly sname: PrincipalName
  readonly ticketGranting: boolean
}

/** A request whose client has proven its key, and what the answer is made of. */
interface AcceptedSignIn extends ReceivedAsReq {
  readonly client: Account
  readonly service: AsService
  readonly replyKey: Key
  readonly armor: ReplyArmor | undefined
  readonly preAuthentication: PreAuthentication
  /** Encryption types by number that the client offers and may have. */
  readonly offeredTypes: readonly number[]
}

function noteNames(kdc: Kdc, { cname, sname }: KdcReqBody, exchange: Exchange): void {
  if (cname !== undefined) exchange.client = formatPrincipal({ name: cname, realm: kdc.directory.realm })
  if (sname !== undefined) exchange.service = formatName(sname)
}

function findClient({ directory }: Kdc, { cname, realm }: KdcReqBody): Account {
  if (cname === undefined || cname.nameString.length === 0)
    refuse('KDC_ERR_C_PRINCIPAL_UNKNOWN', 'the request names no client')
  if (!directory.isOwnRealm(realm)) refuse('KDC_ERR_C_PRINCIPAL_UNKNOWN', `this is not a KDC of ${realm}`)
  const account = directory.findClient(cname)
  if (account !== undefined && account.kind !== 'krbtgt') return account
  const foreign =
    cname.nameType === NameType.ENTERPRISE ? trustTowards(directory, afterAt(cname.nameString[0])) : undefined
  if (foreign !== undefined) {
    refuse('KDC_ERR_WRONG_REALM', `ask a KDC of ${foreign.realm}`, { clientRealm: foreign.realm })
  }
  return refuse('KDC_ERR_C_PRINCIPAL_UNKNOWN', `there is no ${formatName(cname)}`)
}

function findService({ directory }: Kdc, { sname }: KdcReqBody): AsService {
  const destination = sname === undefined ? undefined : findDestination(directory, sname)
  if (
    sname === undefined ||
    destination === undefined ||
    !('account' in destination) ||
    destination.account.kind === 'user'
  ) {
    return refuse('KDC_ERR_S_PRINCIPAL_UNKNOWN', 'there is no such service')
  }
  const { account } = destination
  const ticketGranting = account === directory.krbtgt && asciiLower(sname.nameString[0]) === 'krbtgt'
  return { account, ticketGranting, sname: ticketGranting ? ticketGrantingName(directory.realm) : sname }
}

/** Leaves RC4 out for Protected Users. Source: MS-KILE section 3.3.5.6.1. */
function offeredTypesOf({ settings }: Account, { etype }: KdcReqBody): readonly number[] {
  return settings.protected ? etype.filter((each) => each !== RC4) : etype
}

function grantOf(kdc: Kdc, signIn: AcceptedSignIn): Grant {
  const { request, client, service, offeredTypes } = signIn
  const { reqBody } = request
  const { directory } = kdc
  const times = timesFor(kdc, client, reqBody)
  const authtime = wholeSeconds(kdc.now())
  const { account, sname, ticketGranting } = service
  return {
    target: { realm: directory.realm, sname, key: ticketKeyOf(account), kvno: account.kvno, ticketGranting },
    crealm: directory.realm,
    cname: clientName(client, reqBody),
    transited: { trType: 1, contents: new Uint8Array(0) },
    flags: flagsFor(signIn, times),
    authtime,
    times,
    addresses: reqBody.addresses,
    sessionKeyType: sessionKeyType(account, offeredTypes),
    pac: pacFor(kdc, signIn, authtime),
  }
}

function sealFor(kdc: Kdc, signIn: AcceptedSignIn): ReplySeal {
  const { request, client, replyKey, armor, preAuthentication } = signIn
  const info = etypeInfo2(client, [replyKey.etype])
  return {
    message: 'AS',
    nonce: request.reqBody.nonce,
    key: replyKey,
    usage: KeyUsage.AS_REP,
    kvno: client.kvno,
    padata: [...(info ? [info] : []), ...preAuthentication.padata],
    armor,
    encryptedPaData: encryptedPaData(kdc, signIn),
  }
}

function timesFor(kdc: Kdc, { settings }: Account, body: KdcReqBody): TicketTimes {
  if (body.from !== undefined && body.from > kdc.now() + kdc.clockSkew) {
    refuse('KDC_ERR_CANNOT_POSTDATE', 'tickets for later are not issued')
  }
  const most = settings.protected ? PROTECTED_LIFETIME : Infinity
  return grantTimes(body, {
    now: kdc.now(),
    lifetime: Math.min(kdc.ticketLifetime, most),
    renewLifetime: Math.min(kdc.renewLifetime, most),
    mayRenew: true,
  })
}

function flagsFor(
  { request, client, service, preAuthentication }: AcceptedSignIn,
  { renewTill }: TicketTimes,
): Uint8Array {
  const asked = (option: number): boolean => hasFlag(request.reqBody.kdcOptions, option)
  const delegable = isDelegable(client)
  return kerberosFlags(
    TicketFlag.INITIAL,
    ...(preAuthentication.done ? [TicketFlag.PRE_AUTHENT] : []),
    ...(delegable && asked(KdcOption.FORWARDABLE) ? [TicketFlag.FORWARDABLE] : []),
    ...(delegable && asked(KdcOption.PROXIABLE) ? [TicketFlag.PROXIABLE] : []),
    ...(renewTill === undefined ? [] : [TicketFlag.RENEWABLE]),
    ...(service.account.settings.okAsDelegate ? [TicketFlag.OK_AS_DELEGATE] : []),
    ...(findPaData(request.padata, PaType.REQ_ENC_PA_REP) === undefined ? [] : [TicketFlag.ENC_PA_REP]),
  )
}

/**
 * Returns the stored spelling when the client asks for it, else the name as asked for. Source: RFC
 * 6806 section 6.
 */
function clientName(client: Account, { kdcOptions, cname }: KdcReqBody): PrincipalName {
  const canonicalize = hasFlag(kdcOptions, KdcOption.CANONICALIZE) || cname === undefined
  return canonicalize ? { nameType: NameType.PRINCIPAL, nameString: [client.name] } : cname
}

function pacFor(kdc: Kdc, { request, client, service }: AcceptedSignIn, authtime: number) {
  const { directory, writePac } = kdc
  const name = formatName(clientName(client, request.reqBody))
  const asserted = AssertedIdentity.AUTHENTICATION_AUTHORITY
  const contents = newPac({ directory, writePac, account: client, authtime, clientName: name, asserted })
  const wanted = findPaData(request.padata, PaType.PAC_REQUEST)
  const requested = wanted === undefined ? undefined : decode(PaPacRequest, wanted).includePac
  if (service.ticketGranting) return forTicketGranting(contents, client, requested)
  return requested === false ? undefined : contents
}

/**
 * Returns a checksum over the request, and whether this KDC speaks FAST. Both are sealed, so a
 * change of the request on its way shows, and so does an offer of FAST that was taken out.
 *
 * Source: RFC 6806 section 11.
 */
function encryptedPaData({ fast }: Kdc, { bytes, request, replyKey }: AcceptedSignIn): readonly PaData[] | undefined {
  if (findPaData(request.padata, PaType.REQ_ENC_PA_REP) === undefined) return undefined
  const checksum = replyKey.checksum(KeyUsage.AS_REQ, bytes)
  const padataValue = encode(Checksum, { cksumtype: replyKey.checksumType, checksum })
  const offered = fast === 'off' ? [] : [{ padataType: PaType.FX_FAST, padataValue: new Uint8Array(0) }]
  return [{ padataType: PaType.REQ_ENC_PA_REP, padataValue }, ...offered]
}

function afterAt(name: string): string {
  return name.slice(name.lastIndexOf('@') + 1)
}

const RC4 = 23

/** Source: MS-KILE section 3.3.5.1: tickets of Protected Users last four hours. */
const PROTECTED_LIFETIME = 4 * 3600_000

import {
  AsRep,
  Checksum,
  decode,
  EncAsRepPart,
  type EncKdcRepPart,
  type EncryptedData,
  encryptionTypeName,
  findPaData,
  formatPrincipal,
  hasFlag,
  type KdcRep,
  type KdcReqBody,
  type Key,
  KeyUsage,
  openEncryptedData,
  type PaData,
  PaType,
  type Principal,
  RejectedTokenError,
  sameName,
  sameRealmIgnoringCase,
  type S4uErrorCode,
  TicketFlag,
  verifyChecksumOfType,
} from '@s4u/krb5'
import type { AsSession } from './as-session.js'
import type { ArmoredReply } from '../fast/fast-channel.js'
import { ticketGrantingService } from '../tickets/granting-ticket.js'
import { wasOffered } from '../exchange/kdc-exchange.js'
import { keysOffered } from '../exchange/method-data.js'
import { openReply } from '../exchange/open-reply.js'
import { isPlausibleFlags } from '../exchange/reply-flags.js'
import { wrongTimes } from '../exchange/reply-times.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

export interface SentAsReq {
  readonly body: KdcReqBody
  readonly bytes: Uint8Array
}

/**
 * Decrypts the reply and compares it with the request. Source: RFC 4120 section 3.1.5.
 *
 * @throws RejectedTokenError, MissingKeyError
 */
export async function openAsReply(session: AsSession, sent: SentAsReq, bytes: Uint8Array): Promise<ServiceTicket> {
  const reply = decode(AsRep, bytes)
  const { body } = sent
  if (!body.etype.includes(reply.encPart.etype))
    throw untrusted('is sealed with an encryption type that was not offered', 'KDC_ERR_ETYPE_NOSUPP')
  const armored = session.armor?.openReply(reply, bytes, body.nonce)
  const client = armored?.client ?? { name: reply.cname, realm: reply.crealm }
  if (armored) noteStrength(session, armored)
  if (!isAskedClient(session, client)) throw untrusted('names another client', 'KRB_AP_ERR_BADMATCH')
  const { part, key } = await openPart(session, reply, armored)
  checkPart(session, sent, reply, part)
  proveRequest(sent, part, key)
  noteOffer(session, part, armored)
  return Object.freeze({
    // The realm as the KDC spells it is the one in its tickets.
    client,
    service: serviceOf(session, part.srealm),
    ticket: reply.ticket,
    sessionKey: part.key,
    flags: part.flags,
    authenticatedAt: part.authtime,
    startsAt: part.starttime ?? part.authtime,
    expiresAt: part.endtime,
    ...(part.renewTill !== undefined && { renewableUntil: part.renewTill }),
  })
}

/**
 * Decrypts the encrypted part: with the key of the version that the reply names, with the key that
 * the client proved (versions in keytabs are often wrong), and with the next newest.
 */
async function openPart(session: AsSession, reply: KdcRep, armored: ArmoredReply | undefined) {
  const { encPart } = reply
  const padata = armored?.padata ?? reply.padata
  const open = async (kvno: number | undefined) => {
    const longTerm = session.armor?.otpKey ?? (await keyOf(session, encPart.etype, padata, kvno))
    const key = armored?.strengthen(longTerm) ?? longTerm
    const opened = openReply('AS', 'does not open with the client’s key', () =>
      openEncryptedData(encPart, key, KeyUsage.AS_REP),
    )
    return { part: decode(EncAsRepPart, opened), key }
  }
  try {
    return await open(encPart.kvno).catch(() => open(undefined))
  } catch (error) {
    if (!(await session.tryOtherKey({ etype: encPart.etype }))) throw wrongKey(session, encPart, error)
    return open(undefined).catch((again: unknown) => {
      throw wrongKey(session, encPart, again)
    })
  }
}

/**
 * Returns the error for a reply that no key decrypts. A KDC that asks for no pre-authentication
 * does not notice a wrong key, so the mistake appears here. The reply may also come from somebody
 * else, so the error tells which key of which account was tried. With a password it has the code of
 * a wrong one: otherwise attempts on such accounts would look like a faulty KDC, and not count.
 */
function wrongKey({ signIn, info, armor }: AsSession, { etype, kvno }: EncryptedData, cause: unknown): unknown {
  const wasAsked = info !== undefined || armor?.otpKey !== undefined
  if (wasAsked || !(cause instanceof RejectedTokenError) || cause.code !== 'KRB_AP_ERR_BAD_INTEGRITY') return cause
  const account = formatPrincipal(signIn.principal)
  const version = kvno === undefined ? 'a version that it does not tell' : `version ${kvno}`
  const ours = signIn.describeKeys?.(etype)
  const sealed = `it is sealed for ${account} with ${encryptionTypeName(etype)}, ${version}${ours === undefined ? '' : `; ${ours}`}`
  return new RejectedTokenError(`${cause.message}: ${sealed}`, {
    code: signIn.credentials?.kind === 'password' ? 'KDC_ERR_PREAUTH_FAILED' : cause.code,
    hint: `The KDC wanted no pre-authentication of ${account}, so that a wrong key shows only here. Export the keytab of ${account} again, or mend its password, and compare the versions (klist -k, msDS-KeyVersionNumber). If it is right, the reply was changed on the way, or is not that of a KDC of this realm.`,
    cause,
  })
}

/**
 * Refuses a reply without a strengthened key, if the realm's KDC has sent one before. A KDC has no
 * reason to stop. An attacker who knows the client's key, but not the armor's, could put in a
 * session key of his own.
 */
function noteStrength(session: AsSession, { isStrengthened }: ArmoredReply): void {
  if (session.armoring.facts.strengthens && !isStrengthened)
    throw untrusted('has no key that makes its own stronger, as replies had before', 'KRB_AP_ERR_MODIFIED')
  session.fast = { ...session.fast, strengthens: isStrengthened }
}

/**
 * Notes whether the KDC accepts armored requests. An armored reply proves it. A KDC that lists its
 * abilities in the encrypted part has FAST on that list, or does not support it. Source: RFC 6806
 * section 11.
 */
function noteOffer(
  session: AsSession,
  { flags, encryptedPaData }: EncKdcRepPart,
  armored: ArmoredReply | undefined,
): void {
  const isListed = findPaData(encryptedPaData, PaType.FX_FAST) !== undefined
  if (armored || isListed) session.fast = { ...session.fast, offer: 'sealed' }
  else if (hasFlag(flags, TicketFlag.ENC_PA_REP)) session.fast = { ...session.fast, offer: 'none' }
}

/**
 * Returns whether the reply names the client that was asked for. An enterprise name becomes the
 * name that the KDC resolved it to; the encryption with the client's own key authenticates that.
 */
function isAskedClient({ signIn, realm, canonicalizes }: AsSession, client: Principal): boolean {
  return sameRealmIgnoringCase(client.realm, realm) && (canonicalizes || sameName(client.name, signIn.principal.name))
}

function keyOf(
  { signIn, info }: AsSession,
  etype: number,
  padata: readonly PaData[] | undefined,
  kvno: number | undefined,
): Promise<Key> {
  const fromReply = keysOffered(padata)?.find((entry) => entry.etype === etype)
  const known = info?.etype === etype ? info : undefined
  return signIn.keyFor(fromReply ?? known ?? { etype }, kvno)
}

function checkPart(session: AsSession, { body }: SentAsReq, { ticket }: KdcRep, part: EncKdcRepPart): void {
  const { context, realm } = session
  if (part.nonce !== body.nonce) throw untrusted('answers another request (nonce)', 'KRB_AP_ERR_MODIFIED')
  if (!sameName(part.sname, serviceOf(session, part.srealm).name) || !sameRealmIgnoringCase(part.srealm, realm))
    throw untrusted('is a ticket for another service', 'KRB_AP_ERR_BADMATCH')
  if (!sameName(ticket.sname, part.sname) || !sameRealmIgnoringCase(ticket.realm, part.srealm))
    throw untrusted('carries a ticket for another service than it says', 'KRB_AP_ERR_MODIFIED')
  if (part.endtime <= context.clock.now()) throw untrusted('has expired already', 'KRB_AP_ERR_TKT_EXPIRED')
  if (!wasOffered(context, part.key))
    throw untrusted('has a session key of an encryption type that was not offered', 'KDC_ERR_ETYPE_NOSUPP')
  // A renewable ticket may replace one that lasts long enough, but not beyond the requested time.
  // The start is by the KDC's clock, which this very reply may have told.
  const asked = { from: part.authtime, till: body.till, renewTill: body.rtime ?? body.till }
  const wrong = wrongTimes(part, asked, context.clockSkew)
  if (wrong) throw untrusted(wrong.what, wrong.code)
  if (part.caddr !== undefined && part.caddr.length > 0)
    throw untrusted('carries a ticket that is bound to addresses, which were not asked for', 'KRB_AP_ERR_BADADDR')
  if (!isPlausibleFlags(part.flags, body.kdcOptions))
    throw untrusted('carries a ticket with flags that were not asked for', 'KRB_AP_ERR_MODIFIED')
}

function serviceOf({ service }: AsSession, realm: string): Principal {
  return service === undefined ? ticketGrantingService(realm) : { name: service, realm }
}

/**
 * Checks the proof that the reply answers this request. A KDC that sets enc-pa-rep must send one: a
 * checksum over the unprotected request. Source: RFC 6806 section 11.
 */
function proveRequest({ bytes }: SentAsReq, part: EncKdcRepPart, key: Key): void {
  if (!hasFlag(part.flags, TicketFlag.ENC_PA_REP)) return
  const proof = findPaData(part.encryptedPaData, PaType.REQ_ENC_PA_REP)
  if (proof === undefined) throw untrusted('does not prove that it answers this request', 'KRB_AP_ERR_MODIFIED')
  const { cksumtype, checksum } = decode(Checksum, proof)
  openReply('AS', 'answers another request than the one that was sent', () =>
    verifyChecksumOfType(key, cksumtype, KeyUsage.AS_REQ, bytes, checksum),
  )
}

function untrusted(what: string, code: S4uErrorCode): RejectedTokenError {
  return new RejectedTokenError(`AS: the KDC's reply ${what}`, {
    code,
    hint: 'Either something between here and the KDC changes replies, or the address is not that of a KDC of this realm.',
  })
}

/** The realm's password server. Source: RFC 3244 section 2. */

import {
  ApRep,
  ApReq,
  ChangePasswdData,
  decode,
  decodeKpasswdMessage,
  EncApRepPart,
  encode,
  encodeKpasswdMessage,
  encodeKpasswdResult,
  EncKrbPrivPart,
  hasFlag,
  type HostAddress,
  Key,
  KeyUsage,
  KPASSWD_RESULTS as RESULT,
  KRB_ERROR_CODES,
  KpasswdVersion,
  KrbError,
  KrbPriv,
  type OpenedApReq,
  openApReq,
  openEncryptedData,
  type PrincipalName,
  sealMessage,
  TicketFlag,
} from '@s4u/krb5'
import { ticketKeyOf } from '../directory/account.js'
import type { Kdc } from '../kdc/kdc.js'
import { wholeSeconds } from '../tickets/lifetimes.js'
import { asRefusal, refuse } from '../kdc/refusal.js'
import { changePassword, type Outcome } from './new-password.js'

/** Answers one request: sealed where the ticket could be opened, else with a KRB-ERROR. */
export async function answerKpasswd(kdc: Kdc, request: Uint8Array): Promise<Uint8Array> {
  try {
    const { version, ap, body } = decodeKpasswdMessage(request)
    const opened = openRequest(kdc, ap)
    const { userData, sAddress } = openUserData(opened, body)
    const outcome = await attempt(kdc, opened, { version, userData })
    return sealAnswer(kdc, opened, sAddress, outcome)
  } catch (error) {
    return encodeKpasswdMessage({ version: 1, ap: new Uint8Array(0), body: errorOf(kdc, error) })
  }
}

/** What the client asks for. */
interface ChangeRequest {
  readonly version: number
  readonly userData: Uint8Array
}

async function attempt(
  kdc: Kdc,
  { encTicketPart }: OpenedApReq,
  { version, userData }: ChangeRequest,
): Promise<Outcome> {
  if (version !== KpasswdVersion.CHANGE && version !== KpasswdVersion.SET)
    return { code: RESULT.KRB5_KPASSWD_BAD_VERSION, text: 'the version is neither 1 nor 0xff80' }
  if (!hasFlag(encTicketPart.flags, TicketFlag.INITIAL))
    return { code: RESULT.KRB5_KPASSWD_INITIAL_FLAG_NEEDED, text: 'the ticket is not by sign-in' }
  const { newpasswd, targname }: ChangePasswdData =
    version === KpasswdVersion.SET ? decode(ChangePasswdData, userData) : { newpasswd: userData }
  const password = new TextDecoder('utf-8', { fatal: true }).decode(newpasswd)
  return changePassword(kdc, { client: encTicketPart.cname, target: targname, password })
}

/** Opens the AP-REQ. Its ticket is for kadmin/changepw, which is an SPN of the krbtgt account. */
function openRequest(kdc: Kdc, ap: Uint8Array): OpenedApReq {
  const apReq = decode(ApReq, ap)
  const opened = openApReq(apReq, ticketKeyOf(kdc.directory.krbtgt))
  if (!isChangePassword(apReq.ticket.sname)) refuse('KRB_AP_ERR_NOT_US', 'the ticket is not for kadmin/changepw')
  if (opened.encTicketPart.endtime < kdc.now()) refuse('KRB_AP_ERR_TKT_EXPIRED', 'the ticket has expired')
  if (Math.abs(opened.authenticator.ctime - kdc.now()) > kdc.clockSkew)
    refuse('KRB_AP_ERR_SKEW', 'the clocks differ too much')
  return opened
}

function isChangePassword({ nameString }: PrincipalName): boolean {
  return nameString.join('/').toLowerCase() === 'kadmin/changepw'
}

/** Opens the KRB-PRIV of the request, which has the new password. */
function openUserData({ authenticator }: OpenedApReq, body: Uint8Array) {
  const part = decode(
    EncKrbPrivPart,
    openEncryptedData(decode(KrbPriv, body).encPart, subkeyOf(authenticator.subkey), KeyUsage.KRB_PRIV),
  )
  // The kpasswd of MIT leaves both numbers out, which means 0.
  if (part.seqNumber !== authenticator.seqNumber)
    refuse('KRB_AP_ERR_BADORDER', 'the number is not that of the authenticator')
  return part
}

/**
 * Seals the answer with the subkey of the client, although the AP-REP brings another, as MIT does.
 */
function sealAnswer(
  { random, ...kdc }: Kdc,
  { authenticator, encTicketPart }: OpenedApReq,
  sAddress: HostAddress,
  { code, text }: Outcome,
): Uint8Array {
  const { ctime, cusec, subkey } = authenticator
  const seqNumber = Math.floor(kdc.now() % 2 ** 31)
  const apPart: EncApRepPart = { ctime, cusec, seqNumber, subkey: Key.random(encTicketPart.key.etype, random) }
  const apRep = sealMessage(EncApRepPart, apPart, encTicketPart.key, KeyUsage.AP_REP, random)
  const octets = typeof text === 'string' ? new TextEncoder().encode(text) : text
  const part = { userData: encodeKpasswdResult({ code, text: octets }), seqNumber, sAddress }
  const encPart = sealMessage(EncKrbPrivPart, part, subkeyOf(subkey), KeyUsage.KRB_PRIV, random)
  return encodeKpasswdMessage({
    version: KpasswdVersion.CHANGE,
    ap: encode(ApRep, { encPart: apRep }),
    body: encode(KrbPriv, { encPart }),
  })
}

function subkeyOf(subkey: Key | undefined): Key {
  return subkey ?? refuse('KRB_AP_ERR_NOKEY', 'the authenticator has no subkey')
}

/** Returns a KRB-ERROR, which is not signed. */
function errorOf(kdc: Kdc, error: unknown): Uint8Array {
  const { code, message } = asRefusal(error)
  const text = new TextEncoder().encode(message)
  return encode(KrbError, {
    stime: wholeSeconds(kdc.now()),
    susec: 0,
    errorCode: KRB_ERROR_CODES[code],
    realm: kdc.directory.realm,
    sname: { nameType: 2, nameString: ['kadmin', 'changepw'] },
    eText: message,
    eData: encodeKpasswdResult({ code: RESULT.KRB5_KPASSWD_AUTHERROR, text }),
  })
}

/**
 * Pre-authentication: the client of an AS exchange proves that it knows its key. Source: RFC 4120
 * section 5.2.7, RFC 6113 section 5.4.6.
 */

import {
  decode,
  encode,
  EncryptedData,
  EtypeInfo2,
  findPaData,
  type KdcReq,
  type Key,
  KeyUsage,
  openEncryptedData,
  type PaData,
  PaEncTsEnc,
  PaType,
} from '@s4u/krb5'
import type { Account } from '../directory/account.js'
import type { FastChannel } from '../kdc/fast-channel.js'
import { requireCookie } from '../fast/cookie.js'
import { answerChallenge, openChallenge } from '../fast/encrypted-challenge.js'
import type { Kdc } from '../kdc/kdc.js'
import { acceptOtp, otpChallenge } from './otp.js'
import { refuse } from '../kdc/refusal.js'

export interface PreAuthentication {
  /** Whether the client has proven its key. An account may be allowed to sign in without. */
  readonly done: boolean
  /** Proof of the KDC in return, for the reply. */
  readonly padata: readonly PaData[]
  /** The key that seals the reply, where it is not a key of the account. */
  readonly replyKey?: Key
}

/** A request of a client of this realm. */
export interface SignInRequest {
  readonly client: Account
  readonly request: KdcReq
  readonly channel: FastChannel | undefined
  /** Encryption types by number that the client offers and may have. */
  readonly offeredTypes: readonly number[]
}

/**
 * Checks the proof that the client sends, and says whether there was one. A timestamp counts only
 * outside of FAST, a challenge only inside.
 *
 * @throws Refusal `KDC_ERR_PREAUTH_REQUIRED` when a proof is missing
 */
export function preAuthenticate(kdc: Kdc, sent: SignInRequest): PreAuthentication {
  const { client, request, channel, offeredTypes } = sent
  const etypeInfo = etypeInfo2(client, offeredTypes)
  if (etypeInfo === undefined) refuse('KDC_ERR_ETYPE_NOSUPP', 'the account has no key of the offered encryption types')
  if (channel === undefined && needsFast(kdc, client)) {
    const methodData = [etypeInfo, empty(PaType.FX_FAST)]
    refuse('KDC_ERR_PREAUTH_REQUIRED', 'this account signs in inside of FAST', { methodData })
  }
  const otp = channel && findPaData(request.padata, PaType.OTP_REQUEST)
  if (channel && otp) return acceptOtp(kdc, { ...sent, channel }, otp, etypeInfo)
  const method = channel === undefined ? PaType.ENC_TIMESTAMP : PaType.ENCRYPTED_CHALLENGE
  const value = findPaData(request.padata, method)
  if (value === undefined) {
    if (client.settings.withoutPreAuthentication) return { done: false, padata: [] }
    const advertised = channel === undefined && kdc.fast !== 'off' ? [empty(PaType.FX_FAST)] : []
    const methodData = [etypeInfo, ...otpChallenge(kdc, sent), empty(method), ...advertised]
    refuse('KDC_ERR_PREAUTH_REQUIRED', 'pre-authentication is required', { methodData })
  }
  return channel === undefined
    ? acceptTimestamp(kdc, client, value, etypeInfo)
    : acceptChallenge(kdc, { ...sent, channel }, value, etypeInfo)
}

/** Returns ETYPE-INFO2: from which salt the keys of the account are made, for the offered types. */
export function etypeInfo2({ encryptionTypes, salt }: Account, offeredTypes: readonly number[]): PaData | undefined {
  const entries = encryptionTypes
    .filter((etype) => offeredTypes.includes(etype))
    .map((etype) => (etype === RC4 ? { etype } : { etype, salt }))
  return entries.length === 0 ? undefined : { padataType: PaType.ETYPE_INFO2, padataValue: encode(EtypeInfo2, entries) }
}

/**
 * With `fast: 'required'`, users must sign in inside of FAST, and computers (services here) need
 * not, as in Active Directory. `requireFast` of the account goes before.
 * Source: MS-KILE section 3.3.5.1.
 */
function needsFast({ fast }: Kdc, { kind, settings }: Account): boolean {
  return fast !== 'off' && (settings.requireFast ?? (fast === 'required' && kind === 'user'))
}

function acceptTimestamp(kdc: Kdc, client: Account, value: Uint8Array, etypeInfo: PaData): PreAuthentication {
  const sealed = decode(EncryptedData, value)
  const key = client.keys.find(({ etype }) => etype === sealed.etype)
  if (key === undefined)
    refuse('KDC_ERR_ETYPE_NOSUPP', 'the account has no key of the encryption type of the timestamp')
  const opened = open(() => decode(PaEncTsEnc, openEncryptedData(sealed, key, KeyUsage.PA_ENC_TIMESTAMP)))
  if (opened === undefined) return refuseKey(etypeInfo)
  requireSameClock(kdc, opened.patimestamp)
  return { done: true, padata: [] }
}

function acceptChallenge(
  kdc: Kdc,
  { client, request, channel, offeredTypes }: SignInRequest & { readonly channel: FastChannel },
  value: Uint8Array,
  etypeInfo: PaData,
): PreAuthentication {
  const { padata, reqBody } = request
  if (reqBody.cname !== undefined) requireCookie(kdc, padata, reqBody.cname)
  const keys = client.keys.filter(({ etype }) => offeredTypes.includes(etype))
  const opened = openChallenge(channel, value, keys)
  if (opened === undefined) return refuseKey(etypeInfo)
  requireSameClock(kdc, opened.time)
  return { done: true, padata: answerChallenge(kdc, channel, opened.key) }
}

function refuseKey(etypeInfo: PaData): never {
  return refuse('KDC_ERR_PREAUTH_FAILED', 'the password is wrong', { methodData: [etypeInfo] })
}

function requireSameClock(kdc: Kdc, time: number): void {
  if (Math.abs(time - kdc.now()) > kdc.clockSkew) refuse('KRB_AP_ERR_SKEW', 'the clocks differ too much')
}

function open<T>(opening: () => T): T | undefined {
  try {
    return opening()
  } catch {
    return undefined
  }
}

function empty(padataType: number): PaData {
  return { padataType, padataValue: new Uint8Array(0) }
}

const RC4 = 23

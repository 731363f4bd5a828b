/**
 * Whether the client of an AS exchange has proven its key. Source: RFC 4120 section 5.2.7, RFC 6113
 * section 5.4.6.
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
  readonly done: boolean
  /** What the KDC shows in return. */
  readonly padata: readonly PaData[]
  /** What the reply is sealed with, where that is no key of the account. */
  readonly replyKey?: Key
}

/** A request of a client of this realm, and the encryption types that its keys may have. */
export interface SignInRequest {
  readonly client: Account
  readonly request: KdcReq
  readonly channel: FastChannel | undefined
  readonly wish: readonly number[]
}

/** By a timestamp in the open, by a challenge inside of FAST: each counts only there. */
export function requirePreAuthentication(kdc: Kdc, sent: SignInRequest): PreAuthentication {
  const { client, request, channel, wish } = sent
  const etypeInfo = etypeInfo2(client, wish)
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

/** What the account's keys are made of, for the encryption types on offer. */
export function etypeInfo2({ encryptionTypes, salt }: Account, wish: readonly number[]): PaData | undefined {
  const entries = encryptionTypes
    .filter((etype) => wish.includes(etype))
    .map((etype) => (etype === RC4 ? { etype } : { etype, salt }))
  return entries.length === 0 ? undefined : { padataType: PaType.ETYPE_INFO2, padataValue: encode(EtypeInfo2, entries) }
}

/**
 * Computers, which are services here, sign in without armor where nothing else is said of them.
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
  { client, request, channel, wish }: SignInRequest & { readonly channel: FastChannel },
  value: Uint8Array,
  etypeInfo: PaData,
): PreAuthentication {
  const { padata, reqBody } = request
  if (reqBody.cname !== undefined) requireCookie(kdc, padata, reqBody.cname)
  const keys = client.keys.filter(({ etype }) => wish.includes(etype))
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

/** One-time passwords, which are accepted only inside of FAST. Source: RFC 6560. */

import {
  decode,
  encode,
  kerberosFlags,
  type Key,
  KeyUsage,
  openEncryptedData,
  type PaData,
  PaOtpChallenge,
  PaOtpEncRequest,
  PaOtpRequest,
  PaType,
  platformRandom,
} from '@s4u/krb5'
import type { Account } from '../directory/account.js'
import type { FastChannel } from '../kdc/fast-channel.js'
import { requireCookie } from '../fast/cookie.js'
import type { Kdc } from '../kdc/kdc.js'
import { refuse } from '../kdc/refusal.js'

/** As long as that of MIT with a key of 256 bits: the octets of the key, and four for the time. */
const NONCE_LENGTH = 36

/** Nonces that were given out and have not come back, by realm. */
const givenOut = new WeakMap<Kdc['directory'], Set<string>>()

/** Returns the challenge for an account that has a token. Empty outside of FAST. */
export function otpChallenge(
  { directory, random = platformRandom }: Kdc,
  { client, channel }: { readonly client: Account; readonly channel: FastChannel | undefined },
): readonly PaData[] {
  const { otp } = client.settings
  if (otp === undefined || channel === undefined) return []
  const { tokens = [{}], nonceLength = NONCE_LENGTH } = otp
  const nonce = random(nonceLength)
  const known = givenOut.get(directory) ?? new Set()
  givenOut.set(directory, known.add(textOf(nonce)))
  const tokenInfo = tokens.map((token) => ({ flags: kerberosFlags(), ...token }))
  return [{ padataType: PaType.OTP_CHALLENGE, padataValue: encode(PaOtpChallenge, { nonce, tokenInfo }) }]
}

interface OtpSignIn {
  readonly client: Account
  readonly request: {
    readonly padata?: readonly PaData[]
    readonly reqBody: { readonly cname?: Parameters<typeof requireCookie>[2] }
  }
  readonly channel: FastChannel
}

export interface OtpAuthentication {
  readonly done: true
  readonly padata: readonly PaData[]
  readonly replyKey: Key
}

/**
 * Checks a one-time password. The nonce of the challenge must come back sealed, and only once:
 * otherwise a recorded answer could be sent again. Then `otp.accepts` decides about the value.
 */
export function acceptOtp(
  kdc: Kdc,
  { client, request, channel }: OtpSignIn,
  value: Uint8Array,
  etypeInfo: PaData,
): OtpAuthentication {
  const { otp } = client.settings
  const { cname } = request.reqBody
  if (otp === undefined) refuse('KDC_ERR_PREAUTH_FAILED', 'the account has no token', { methodData: [etypeInfo] })
  if (cname !== undefined) requireCookie(kdc, request.padata, cname)
  const answer = decode(PaOtpRequest, value)
  const isFresh = givenOut.get(kdc.directory)?.delete(textOf(nonceIn(answer, channel))) ?? false
  if (!isFresh || answer.value === undefined || !otp.accepts(new TextDecoder().decode(answer.value), answer.pin))
    refuse('KDC_ERR_PREAUTH_FAILED', 'the one-time password is wrong', { methodData: [etypeInfo] })
  return { done: true, padata: [], replyKey: channel.armorKey }
}

function nonceIn({ encData }: PaOtpRequest, { armorKey }: FastChannel): Uint8Array {
  try {
    return decode(PaOtpEncRequest, openEncryptedData(encData, armorKey, KeyUsage.PA_OTP_REQUEST)).nonce
  } catch {
    return new Uint8Array(0)
  }
}

function textOf(nonce: Uint8Array): string {
  return nonce.join()
}

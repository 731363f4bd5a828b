import type { PaOtpChallenge, PaOtpRequest } from '@s4u/krb5'

/** What answers a challenge: everything of PA-OTP-REQUEST but what seals the nonce. */
export interface OtpAnswering {
  answer(challenge: PaOtpChallenge): Promise<Omit<PaOtpRequest, 'encData'>>
}

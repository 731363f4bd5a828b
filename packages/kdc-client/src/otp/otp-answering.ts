import type { PaOtpChallenge, PaOtpRequest } from '@s4u/krb5'

/** Answers a challenge: makes everything in PA-OTP-REQUEST but the encrypted nonce. */
export interface OtpAnswering {
  answer(challenge: PaOtpChallenge): Promise<Omit<PaOtpRequest, 'encData'>>
}

import { decode, findPaData, type PaData, PaOtpChallenge, type PaOtpRequest, PaType } from '@s4u/krb5'
import type { FastArmor } from '../fast/fast-armor.js'
import type { OtpAnswering } from '../otp/otp-answering.js'

/** A KDC may ask for the next value once, to synchronize with the token. */
const MAX_CHALLENGES = 2

/**
 * The one-time password of a sign-in, from one request to the next. Source: RFC 6560 section 2.2.
 */
export class OtpExchange {
  readonly #source: OtpAnswering
  #challenges = 0
  #answer: Omit<PaOtpRequest, 'encData'> | undefined
  #nonce: Uint8Array | undefined

  constructor(source: OtpAnswering) {
    this.#source = source
  }

  /**
   * Resolves to whether there is a value for the KDC's question; undefined if the KDC asks for
   * none.
   */
  async take(methods: readonly PaData[]): Promise<boolean | undefined> {
    const challenge = findPaData(methods, PaType.OTP_CHALLENGE)
    if (challenge === undefined) return undefined
    if (this.#challenges++ === MAX_CHALLENGES) return false
    const asked = decode(PaOtpChallenge, challenge)
    this.#answer = await this.#source.answer(asked)
    this.#nonce = asked.nonce
    return true
  }

  /**
   * Forgets the question, because the KDC of another realm is asked now. It gets no value that it
   * has not asked for itself.
   */
  forget(): void {
    this.#answer = this.#nonce = undefined
  }

  /** Returns the answer to the KDC's question; empty before the KDC has asked. */
  proof(armor: FastArmor): readonly PaData[] {
    const answer = this.#answer
    const nonce = this.#nonce
    return answer && nonce ? [armor.answerOtp(answer, nonce)] : []
  }
}

/**
 * FAST for sign-in (AS-REQ): the exchange happens inside of a channel whose key comes from another
 * ticket, an older one of the client or one of somebody else. Source: RFC 6113 section 5.4.
 */

import {
  combineKeys,
  decode,
  encode,
  EncryptedData,
  findPaData,
  type KdcRep,
  KdcReqBody,
  type Key,
  KeyUsage,
  type KrbError,
  openEncryptedData,
  type PaData,
  PaEncTsEnc,
  PaOtpEncRequest,
  PaOtpRequest,
  PaType,
  sealMessage,
} from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import { kerberosMoment } from '../exchange/kdc-exchange.js'
import { openReply } from '../exchange/open-reply.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { armorKeyOf } from './armor-key.js'
import { type ArmoredReply, FastChannel, type OpenedKrbError } from './fast-channel.js'

/** The armor of one sign-in, which may take several requests. */
export class FastArmor {
  readonly #context: KdcContext
  readonly #channel: FastChannel
  /**
   * The key with which the last request was made, and of which the KDC has to prove knowledge as
   * well.
   */
  #shownKey: Key | undefined
  #hasSentOtp = false

  constructor(context: KdcContext, tgt: ServiceTicket) {
    this.#context = context
    this.#channel = new FastChannel({ step: 'AS', ...armorKeyOf(context, tgt), random: context.random })
  }

  /**
   * Returns the encrypted challenge: the time, encrypted with a key that only the client, the KDC
   * and this channel know. Source: RFC 6113 section 5.4.6.
   */
  challenge(longTermKey: Key): PaData {
    this.#shownKey = longTermKey
    const key = combineKeys(this.#channel.armorKey, longTermKey, 'clientchallengearmor', 'challengelongterm')
    const { time, usec } = kerberosMoment(this.#context.clock.now())
    const stamp = { patimestamp: time, pausec: usec }
    const sealed = sealMessage(PaEncTsEnc, stamp, key, KeyUsage.ENC_CHALLENGE_CLIENT, this.#context.random)
    return { padataType: PaType.ENCRYPTED_CHALLENGE, padataValue: encode(EncryptedData, sealed) }
  }

  /**
   * Returns a one-time password, which stands unencrypted inside of the armor. Source: RFC 6560
   * section 4.2.
   */
  answerOtp(answer: Omit<PaOtpRequest, 'encData'>, nonce: Uint8Array): PaData {
    this.#hasSentOtp = true
    const { armorKey } = this.#channel
    const encData = sealMessage(PaOtpEncRequest, { nonce }, armorKey, KeyUsage.PA_OTP_REQUEST, this.#context.random)
    return { padataType: PaType.OTP_REQUEST, padataValue: encode(PaOtpRequest, { ...answer, encData }) }
  }

  /**
   * The key with which the KDC encrypts the reply to a client without a key of its own;
   * strengthening is not applied to it yet. Source: RFC 6560 section 3.6.
   */
  get otpKey(): Key | undefined {
    return this.#hasSentOtp ? this.#channel.armorKey : undefined
  }

  wrap(padata: readonly PaData[], reqBody: KdcReqBody): PaData {
    return this.#channel.wrap(padata, reqBody, encode(KdcReqBody, reqBody))
  }

  /**
   * Opens the armor of a reply: its padata, and how its key is strengthened. The KDC must answer a
   * challenge with its own one, as Active Directory, Samba, MIT and Heimdal do. Most also
   * strengthen the reply key; Heimdal 7 does not, and need not.
   *
   * @throws RejectedTokenError if the reply does not belong to this channel
   */
  openReply(reply: KdcRep, bytes: Uint8Array, nonce: number): ArmoredReply {
    const opened = this.#channel.openReply(reply, bytes, nonce)
    if (opened === undefined) throw this.#channel.refused('is not armored, although the request was')
    this.#requireChallenge(opened.padata)
    return opened
  }

  /**
   * Opens the armor of an error.
   *
   * @throws RejectedTokenError if the error is armored, but not for this request
   */
  openError(error: KrbError, nonce: number): OpenedKrbError {
    return this.#channel.openError(error, nonce)
  }

  /**
   * Throws unless the reply has the challenge of the KDC, which only somebody who knows the key of
   * the client can make. The time in it does not matter. Source: RFC 6113 section 5.4.6.
   */
  #requireChallenge(padata: readonly PaData[]): void {
    const shownKey = this.#shownKey
    const channel = this.#channel
    if (shownKey === undefined) return
    const value = findPaData(padata, PaType.ENCRYPTED_CHALLENGE)
    if (value === undefined) throw channel.refused('does not show that the KDC knows the client’s key')
    const challenge = decode(EncryptedData, value)
    const open = (pepper: string): Uint8Array => {
      const key = combineKeys(channel.armorKey, shownKey, pepper, 'challengelongterm')
      return openEncryptedData(challenge, key, KeyUsage.ENC_CHALLENGE_KDC)
    }
    openReply('AS', 'shows another key than the client’s', () => {
      try {
        return open('kdcchallengearmor')
      } catch {
        // Heimdal 7 derives this key as the client does. The client's own challenge still does not
        // pass for the KDC's, since it has another key usage.
        return open('clientchallengearmor')
      }
    })
  }
}

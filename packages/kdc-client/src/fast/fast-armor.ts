/** FAST: a sign-in inside a channel that an older ticket, or one of somebody else, has made. Source: RFC 6113 section 5.4. */

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

/** One armored exchange, of one or more legs. */
export class FastArmor {
  private readonly context: KdcContext
  private readonly channel: FastChannel
  /** The key that the last request has shown to know, and that the KDC has to show as well. */
  private shownKey: Key | undefined
  private hasSentOtp = false

  constructor(context: KdcContext, tgt: ServiceTicket) {
    this.context = context
    this.channel = new FastChannel({ step: 'AS', ...armorKeyOf(context, tgt), random: context.random })
  }

  /** The time, sealed with what only the client, the KDC and this channel know. Source: RFC 6113 section 5.4.6. */
  challenge(longTermKey: Key): PaData {
    this.shownKey = longTermKey
    const key = combineKeys(this.channel.armorKey, longTermKey, 'clientchallengearmor', 'challengelongterm')
    const { time, usec } = kerberosMoment(this.context.clock.now())
    const stamp = { patimestamp: time, pausec: usec }
    const sealed = sealMessage(PaEncTsEnc, stamp, key, KeyUsage.ENC_CHALLENGE_CLIENT, this.context.random)
    return { padataType: PaType.ENCRYPTED_CHALLENGE, padataValue: encode(EncryptedData, sealed) }
  }

  /** A one-time password, which stands in the clear within the armor. Source: RFC 6560 section 4.2. */
  answerOtp(answer: Omit<PaOtpRequest, 'encData'>, nonce: Uint8Array): PaData {
    this.hasSentOtp = true
    const { armorKey } = this.channel
    const encData = sealMessage(PaOtpEncRequest, { nonce }, armorKey, KeyUsage.PA_OTP_REQUEST, this.context.random)
    return { padataType: PaType.OTP_REQUEST, padataValue: encode(PaOtpRequest, { ...answer, encData }) }
  }

  /** What the reply is sealed with, but for what makes it stronger, where the client has no key. Source: RFC 6560 section 3.6. */
  get otpKey(): Key | undefined {
    return this.hasSentOtp ? this.channel.armorKey : undefined
  }

  wrap(padata: readonly PaData[], reqBody: KdcReqBody): PaData {
    return this.channel.wrap(padata, reqBody, encode(KdcReqBody, reqBody))
  }

  /**
   * The padata of the reply, and what becomes of the reply's key. A challenge is answered with one
   * of the KDC's own, as Active Directory, Samba, MIT and Heimdal do. Most make the reply's key
   * stronger too; Heimdal 7 does not, and need not.
   * @throws RejectedTokenError when the reply is not of this channel
   */
  openReply(reply: KdcRep, bytes: Uint8Array, nonce: number): ArmoredReply {
    const opened = this.channel.openReply(reply, bytes, nonce)
    if (opened === undefined) throw this.channel.refused('is not armored, although the request was')
    this.requireChallenge(opened.padata)
    return opened
  }

  /** @throws RejectedTokenError when the error is armored, and not for this request */
  openError(error: KrbError, nonce: number): OpenedKrbError {
    return this.channel.openError(error, nonce)
  }

  /**
   * Only who knows the client's key can have made it; what time it tells does not matter. Source:
   * RFC 6113 section 5.4.6.
   */
  private requireChallenge(padata: readonly PaData[]): void {
    const { shownKey, channel } = this
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
        // Heimdal 7 derives it as the client's own; that one does not pass for it, since its key
        // usage is another.
        return open('clientchallengearmor')
      }
    })
  }
}

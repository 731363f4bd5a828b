/** FAST: a sign-in inside a channel that an older ticket of the same service has made. Source: RFC 6113 section 5.4. */

import {
  type Authenticator,
  combineKeys,
  decode,
  elementAt,
  encode,
  EncryptedData,
  findPaData,
  FX_FAST_ARMOR_AP_REQUEST,
  KdcReqBody,
  type KdcRep,
  kerberosFlags,
  Key,
  KeyUsage,
  KrbError,
  type KrbFastFinished,
  KrbFastReq,
  KrbFastResponse,
  MethodData,
  openEncryptedData,
  type PaData,
  PaEncTsEnc,
  PaFxFastReply,
  PaFxFastRequest,
  PaType,
  type Principal,
  RejectedTokenError,
  sameName,
  sealApReq,
  sealMessage,
  verifyChecksumOfType,
} from '@s4u/krb5'
import { type KdcContext, kerberosMoment } from './kdc-exchange.js'
import { methodsIn } from './method-data.js'
import { openReply } from './open-reply.js'
import type { ServiceTicket } from './service-ticket.js'

/** One armored exchange, of one or more legs. */
export class FastArmor {
  private readonly context: KdcContext
  private readonly armorKey: Key
  private readonly apReq: Uint8Array
  /** The key that the last request has shown to know, and that the KDC has to show as well. */
  private shownKey: Key | undefined

  /** Source: RFC 6113 section 5.4.1.1. */
  constructor(context: KdcContext, tgt: ServiceTicket) {
    const { random, clock } = context
    const { sessionKey, client, ticket } = tgt
    const subkey = Key.random(sessionKey.etype, random)
    const { time, usec } = kerberosMoment(clock.now())
    const authenticator: Authenticator = { crealm: client.realm, cname: client.name, ctime: time, cusec: usec, subkey }
    this.context = context
    this.armorKey = combineKeys(subkey, sessionKey, 'subkeyarmor', 'ticketarmor')
    this.apReq = sealApReq({ apOptions: kerberosFlags(), ticket, sessionKey, authenticator, random })
  }

  /** The time, sealed with what only the client, the KDC and this channel know. Source: RFC 6113 section 5.4.6. */
  challenge(longTermKey: Key): PaData {
    this.shownKey = longTermKey
    const key = combineKeys(this.armorKey, longTermKey, 'clientchallengearmor', 'challengelongterm')
    const { time, usec } = kerberosMoment(this.context.clock.now())
    const stamp = { patimestamp: time, pausec: usec }
    const sealed = sealMessage(PaEncTsEnc, stamp, key, KeyUsage.ENC_CHALLENGE_CLIENT, this.context.random)
    return { padataType: PaType.ENCRYPTED_CHALLENGE, padataValue: encode(EncryptedData, sealed) }
  }

  /** Source: RFC 6113 section 5.4.2. */
  wrap(padata: readonly PaData[], reqBody: KdcReqBody): PaData {
    const { armorKey } = this
    const inner = { fastOptions: kerberosFlags(), padata, reqBody }
    const checksum = armorKey.checksum(KeyUsage.FAST_REQ_CHECKSUM, encode(KdcReqBody, reqBody))
    const request = {
      armor: { armorType: FX_FAST_ARMOR_AP_REQUEST, armorValue: this.apReq },
      reqChecksum: { cksumtype: armorKey.checksumType, checksum },
      encFastReq: sealMessage(KrbFastReq, inner, armorKey, KeyUsage.FAST_ENC, this.context.random),
    }
    return { padataType: PaType.FX_FAST, padataValue: encode(PaFxFastRequest, request) }
  }

  /**
   * The padata of the reply, and what becomes of the reply's key. A challenge is answered with one
   * of the KDC's own, as Active Directory, Samba, MIT and Heimdal do. Most make the reply's key
   * stronger too; Heimdal 7 does not, and need not.
   * @throws RejectedTokenError when the reply is not of this channel
   */
  openReply(reply: KdcRep, bytes: Uint8Array, nonce: number): ArmoredReply {
    const response = this.open(reply.padata)
    if (response === undefined) throw refused('is not armored, although the request was')
    const { finished, strengthenKey, padata } = response
    if (response.nonce !== nonce) throw refused('answers another request within its armor (nonce)')
    if (finished === undefined) throw refused('is not finished: nothing binds it to its armor')
    if (!isNamedAs(reply, finished)) throw refused('names another client than its armor')
    const { cksumtype, checksum } = finished.ticketChecksum
    const ticket = elementAt(bytes, 'AS-REP.ticket', 0x6b, 0x30, 0xa5)
    openReply('AS', 'carries another ticket than its armor says', () =>
      verifyChecksumOfType(this.armorKey, cksumtype, KeyUsage.FAST_FINISHED, ticket, checksum),
    )
    this.requireChallenge(padata)
    const strengthen = (key: Key): Key =>
      strengthenKey ? combineKeys(strengthenKey, key, 'strengthenkey', 'replykey') : key
    const client = { name: finished.cname, realm: finished.crealm }
    return { padata, strengthen, isStrengthened: strengthenKey !== undefined, client }
  }

  /**
   * The error inside an armored one, its e-data the METHOD-DATA of the channel. Others come back as
   * they are. Source: RFC 6113 section 5.4.4.
   * @throws RejectedTokenError when the error is armored, and not for this request
   */
  openError(error: KrbError, nonce: number): { readonly error: KrbError; readonly armored: boolean } {
    const response = this.open(methodsIn(error.eData))
    if (response === undefined) return { error, armored: false }
    if (response.nonce !== nonce) throw refused('is an error that answers another request within its armor (nonce)')
    const inner = findPaData(response.padata, PaType.FX_ERROR)
    if (inner === undefined) throw refused('is an error whose armor does not say which')
    return { error: { ...decode(KrbError, inner), eData: encode(MethodData, response.padata) }, armored: true }
  }

  private open(padata: readonly PaData[] | undefined): KrbFastResponse | undefined {
    const bytes = findPaData(padata, PaType.FX_FAST)
    if (bytes === undefined || bytes.length === 0) return undefined
    const { encFastRep } = decode(PaFxFastReply, bytes)
    const opened = openReply('AS', 'is armored with another key than the request', () =>
      openEncryptedData(encFastRep, this.armorKey, KeyUsage.FAST_REP),
    )
    return decode(KrbFastResponse, opened)
  }

  /**
   * Only who knows the client's key can have made it; what time it tells does not matter. Source:
   * RFC 6113 section 5.4.6.
   */
  private requireChallenge(padata: readonly PaData[]): void {
    const { shownKey } = this
    if (shownKey === undefined) return
    const value = findPaData(padata, PaType.ENCRYPTED_CHALLENGE)
    if (value === undefined) throw refused('does not show that the KDC knows the client’s key')
    const challenge = decode(EncryptedData, value)
    const open = (pepper: string): Uint8Array => {
      const key = combineKeys(this.armorKey, shownKey, pepper, 'challengelongterm')
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

export interface ArmoredReply {
  /** Whom the channel says that the ticket names. */
  readonly client: Principal
  readonly padata: readonly PaData[]
  /** What the reply is sealed with: more than the client's key where the channel adds to it. */
  readonly strengthen: (key: Key) => Key
  readonly isStrengthened: boolean
}

/** In the clear Heimdal names nobody: who it is stands within the armor alone. Source: RFC 6113 section 5.4.3. */
function isNamedAs({ cname, crealm }: KdcRep, finished: KrbFastFinished): boolean {
  const namesNobody = cname.nameString.length === 0 && crealm === ''
  return namesNobody || (sameName(finished.cname, cname) && finished.crealm === crealm)
}

function refused(what: string): RejectedTokenError {
  return new RejectedTokenError(`AS: the KDC's reply ${what}`, {
    code: 'KRB_AP_ERR_MODIFIED',
    hint: 'Something between here and the KDC changes replies, or the address is not that of a KDC of this realm.',
  })
}

/**
 * FAST: an exchange inside of a channel for which both sides have a key. Source: RFC 6113 section
 * 5.4.
 */

import {
  decode,
  elementAt,
  encode,
  findPaData,
  combineKeys,
  FX_FAST_ARMOR_AP_REQUEST,
  type KdcReqBody,
  type KdcRep,
  kerberosFlags,
  type Key,
  KeyUsage,
  KrbError,
  type KrbFastFinished,
  KrbFastReq,
  KrbFastResponse,
  MethodData,
  openEncryptedData,
  type PaData,
  PaFxFastReply,
  PaFxFastRequest,
  PaType,
  type Principal,
  type RandomSource,
  RejectedTokenError,
  sameName,
  sealMessage,
  verifyChecksumOfType,
} from '@s4u/krb5'
import { methodsIn } from '../exchange/method-data.js'
import { openReply } from '../exchange/open-reply.js'

type Step = 'AS' | 'TGS'

export interface FastChannelParts {
  readonly step: Step
  readonly armorKey: Key
  /** The AP-REQ of an armor ticket. A TGS request needs none: its own ticket can be the armor. */
  readonly apReq?: Uint8Array
  readonly random: RandomSource
}

/** What the armor of a reply contains. */
export interface ArmoredReply {
  /** The client that the ticket names. */
  readonly client: Principal
  readonly padata: readonly PaData[]
  /**
   * Returns the key with which the reply is encrypted: the key of the client, combined with the
   * strengthen key if the armor contains one.
   */
  readonly strengthen: (key: Key) => Key
  readonly isStrengthened: boolean
}

/** An error, and whether the channel proves that the KDC wrote it. */
export interface OpenedKrbError {
  readonly error: KrbError
  readonly armored: boolean
}

/** One armored exchange, which may take several requests. */
export class FastChannel {
  readonly armorKey: Key
  readonly #parts: FastChannelParts

  constructor(parts: FastChannelParts) {
    this.#parts = parts
    this.armorKey = parts.armorKey
  }

  /**
   * Returns the PA-FX-FAST-REQUEST of a request. Source: RFC 6113 section 5.4.2.
   *
   * @param covered what binds the armor to the rest of the message: the body outside, or PA-TGS-REQ
   */
  wrap(padata: readonly PaData[], reqBody: KdcReqBody, covered: Uint8Array): PaData {
    const { armorKey, apReq, random } = this.#parts
    const inner = { fastOptions: kerberosFlags(), padata, reqBody }
    const checksum = armorKey.checksum(KeyUsage.FAST_REQ_CHECKSUM, covered)
    const request = {
      ...(apReq && { armor: { armorType: FX_FAST_ARMOR_AP_REQUEST, armorValue: apReq } }),
      reqChecksum: { cksumtype: armorKey.checksumType, checksum },
      encFastReq: sealMessage(KrbFastReq, inner, armorKey, KeyUsage.FAST_ENC, random),
    }
    return { padataType: PaType.FX_FAST, padataValue: encode(PaFxFastRequest, request) }
  }

  /**
   * Opens the armor of a reply: its padata, and how its key is strengthened. Returns undefined for
   * a reply without armor.
   *
   * @throws RejectedTokenError if the reply does not belong to this channel
   */
  openReply(reply: KdcRep, bytes: Uint8Array, nonce: number): ArmoredReply | undefined {
    const response = this.#open(reply.padata)
    if (response === undefined) return undefined
    const { finished, strengthenKey, padata } = response
    if (response.nonce !== nonce) throw this.refused('answers another request: the nonce inside its armor is wrong')
    if (finished === undefined) throw this.refused('has no `finished`: nothing binds the ticket to the armor')
    if (!isNamedAs(reply, finished)) throw this.refused('names another client than its armor')
    this.#requireTicket(finished, bytes)
    const strengthen = (key: Key): Key =>
      strengthenKey ? combineKeys(strengthenKey, key, 'strengthenkey', 'replykey') : key
    const client = { name: finished.cname, realm: finished.crealm }
    return { padata, strengthen, isStrengthened: strengthenKey !== undefined, client }
  }

  /**
   * Returns the error inside of an armored one, with the METHOD-DATA of the channel as its e-data.
   * An error without armor is returned as it is. Source: RFC 6113 section 5.4.4.
   *
   * @throws RejectedTokenError if the error is armored, but not for this request
   */
  openError(error: KrbError, nonce: number): OpenedKrbError {
    const response = this.#open(methodsIn(error.eData))
    if (response === undefined) return { error, armored: false }
    if (response.nonce !== nonce)
      throw this.refused('is an error that answers another request: the nonce inside its armor is wrong')
    const inner = findPaData(response.padata, PaType.FX_ERROR)
    if (inner === undefined) throw this.refused('is an armored error without the error itself (PA-FX-ERROR)')
    return { error: { ...decode(KrbError, inner), eData: encode(MethodData, response.padata) }, armored: true }
  }

  refused(what: string): RejectedTokenError {
    return new RejectedTokenError(`${this.#parts.step}: the KDC's reply ${what}`, {
      code: 'KRB_AP_ERR_MODIFIED',
      hint: 'Something between here and the KDC changes replies, or the address is not that of a KDC of this realm.',
    })
  }

  #requireTicket({ ticketChecksum: { cksumtype, checksum } }: KrbFastFinished, bytes: Uint8Array): void {
    const { step } = this.#parts
    const ticket = elementAt(bytes, `${step}-REP.ticket`, step === 'AS' ? AS_REP : TGS_REP, 0x30, 0xa5)
    openReply(step, 'carries another ticket than its armor says', () =>
      verifyChecksumOfType(this.armorKey, cksumtype, KeyUsage.FAST_FINISHED, ticket, checksum),
    )
  }

  #open(padata: readonly PaData[] | undefined): KrbFastResponse | undefined {
    const bytes = findPaData(padata, PaType.FX_FAST)
    if (bytes === undefined || bytes.length === 0) return undefined
    const { encFastRep } = decode(PaFxFastReply, bytes)
    const opened = openReply(this.#parts.step, 'is armored with another key than the request', () =>
      openEncryptedData(encFastRep, this.armorKey, KeyUsage.FAST_REP),
    )
    return decode(KrbFastResponse, opened)
  }
}

/**
 * Tells whether the names outside of the armor are those inside. Heimdal writes no names outside:
 * the client is named only inside. Source: RFC 6113 section 5.4.3.
 */
function isNamedAs({ cname, crealm }: KdcRep, finished: KrbFastFinished): boolean {
  const namesNobody = cname.nameString.length === 0 && crealm === ''
  return namesNobody || (sameName(finished.cname, cname) && finished.crealm === crealm)
}

const AS_REP = 0x6b
const TGS_REP = 0x6d

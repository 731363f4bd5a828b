import {
  ApRep,
  type Authenticator,
  decode,
  EncApRepPart,
  encode,
  type Key,
  KeyUsage,
  openEncryptedData,
  type OpenedApReq,
  platformRandom,
  type RandomSource,
  RejectedTokenError,
  S4uError,
  sealMessage,
} from '@s4u/krb5'
import { randomSequenceNumber } from './sequence-number.js'

export interface ApRepOptions {
  readonly opened: OpenedApReq
  /** A key of the acceptor's own, for the messages of the context. */
  readonly subkey?: Key
  /** The first sequence number of the acceptor; random by default. */
  readonly seqNumber?: number
  readonly random?: RandomSource
}

/**
 * An AP-REP and what it settles for the context; `accept({ opened, ...sealed })` takes it as it is.
 */
export interface SealedApRep {
  /** The encoded AP-REP. */
  readonly apRep: Uint8Array
  readonly contextKey: Key
  /** Whether `contextKey` came with this AP-REP. */
  readonly acceptorSubkey: boolean
  readonly sequenceNumber: number
}

/**
 * The acceptor's proof that it could open the ticket. Sealed with the ticket's session key, also
 * when there are subkeys: the initiator does not have any other yet. The initiator's subkey is not
 * echoed, since a subkey here becomes the context's.
 * Source: RFC 4120 section 3.2.4, RFC 4121 section 4.2.
 */
export function sealApRep({ opened, subkey, seqNumber, random = platformRandom }: ApRepOptions): SealedApRep {
  const { authenticator, encTicketPart } = opened
  const sequenceNumber = seqNumber ?? randomSequenceNumber(random)
  const { ctime, cusec } = authenticator
  const part: EncApRepPart = { ctime, cusec, subkey, seqNumber: sequenceNumber }
  const encPart = sealMessage(EncApRepPart, part, encTicketPart.key, KeyUsage.AP_REP, random)
  const contextKey = subkey ?? authenticator.subkey ?? encTicketPart.key
  return { apRep: encode(ApRep, { encPart }), contextKey, acceptorSubkey: subkey !== undefined, sequenceNumber }
}

/**
 * Opens an AP-REP and compares its times with those of the authenticator it answers.
 * Source: RFC 4120 section 3.2.5.
 *
 * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL when it answers another AP-REQ, or was made
 * without the session key
 * @throws MalformedTokenError
 */
export function openApRep(
  apRep: Uint8Array,
  sessionKey: Key,
  sent: Pick<Authenticator, 'ctime' | 'cusec'>,
): EncApRepPart {
  const part = decode(EncApRepPart, openSealedPart(decode(ApRep, apRep), sessionKey))
  if (part.ctime !== sent.ctime || part.cusec !== sent.cusec)
    throw mutualAuthenticationFailed('the AP-REP answers another request')
  return part
}

/** The peer did not prove who it is, and was asked to. */
export function mutualAuthenticationFailed(message: string, cause?: unknown): RejectedTokenError {
  return new RejectedTokenError(message, {
    code: 'KRB_AP_ERR_MUT_FAIL',
    hint: 'Whoever answered could not open the ticket: another server, or a proxy that answers in its own name.',
    cause,
  })
}

function openSealedPart({ encPart }: ApRep, sessionKey: Key): Uint8Array {
  try {
    return openEncryptedData(encPart, sessionKey, KeyUsage.AP_REP)
  } catch (error) {
    if (!S4uError.is(error)) throw error
    throw mutualAuthenticationFailed('the AP-REP was not made with the session key', error)
  }
}

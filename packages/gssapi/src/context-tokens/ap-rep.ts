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

/** Options of `sealApRep`. */
export interface ApRepOptions {
  readonly opened: OpenedApReq
  /** A key that the acceptor chooses for the messages of the context. Default: none. */
  readonly subkey?: Key
  /** The first sequence number of the acceptor. Default: random. */
  readonly seqNumber?: number
  readonly random?: RandomSource
}

/**
 * An AP-REP, and what it decides for the context: `accept({ opened, ...sealed })` takes it as it
 * is.
 */
export interface SealedApRep {
  /** The encoded AP-REP. */
  readonly apRep: Uint8Array
  readonly contextKey: Key
  /** Whether `contextKey` is the subkey of this AP-REP. */
  readonly acceptorSubkey: boolean
  readonly sequenceNumber: number
}

/**
 * Makes the AP-REP, the acceptor's proof that it could open the ticket. It is sealed with the
 * ticket's session key even if there are subkeys, since the initiator has no other key yet. It does
 * not repeat the initiator's subkey, because a subkey here becomes the key of the context. Source:
 * RFC 4120 section 3.2.4, RFC 4121 section 4.2.
 *
 * @example
 * ```ts
 * import { frameKrb5Token, sealApRep } from '@s4u/gssapi'
 * import type { OpenedApReq } from '@s4u/krb5'
 *
 * // The token by which a service proves to the client that it has opened the ticket.
 * export function proofFor(opened: OpenedApReq): Uint8Array {
 *   return frameKrb5Token('ap-rep', sealApRep({ opened }).apRep)
 * }
 * ```
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
 * Opens an AP-REP and compares its times with those of the authenticator that it answers. Source:
 * RFC 4120 section 3.2.5.
 * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL if it answers another AP-REQ, or was made without
 * the session key
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { openApRep, readKrb5Token } from '@s4u/gssapi'
 * import type { Authenticator, Key } from '@s4u/krb5'
 *
 * // Throws unless the service has opened the ticket of this very request.
 * export function requireProof(token: Uint8Array, sessionKey: Key, sent: Authenticator): void {
 *   openApRep(readKrb5Token(token, 'ap-rep').message, sessionKey, sent)
 * }
 * ```
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

/** Makes the error for a peer that was asked for a proof and did not prove its identity. */
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

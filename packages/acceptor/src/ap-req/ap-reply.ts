import { ContextFlag, sealApRep } from '@s4u/gssapi'
import type { AcceptedApReq } from '@s4u/gssapi'
import { ApOption, encode, findEncryptionType, hasFlag, Key, KRB_ERROR_CODES, KrbError } from '@s4u/krb5'
import type { ApReq, OpenedApReq, RandomSource, S4uError, Ticket } from '@s4u/krb5'

/** What the answer to an AP-REQ is made from. */
export interface ReplyOptions {
  readonly opened: OpenedApReq
  /** The GSS flags of the client's checksum, and CHANNEL_BOUND. */
  readonly flags: number
  /** The encryption types that the client would like for the subkey, best first. */
  readonly subkeyEtypes: readonly number[]
  readonly random: RandomSource | undefined
}

/**
 * Returns what an accepted AP-REQ settles for the context, with the AP-REP if the client wants one.
 * Like MIT, the acceptor always adds a subkey of its own: messages are then sealed with a key that
 * no other context has, even when a client uses a subkey twice. Source: RFC 4120 section 3.2.4, RFC
 * 4121 section 2.
 */
export function replyTo(options: ReplyOptions): AcceptedApReq {
  const { opened, flags, random } = options
  const { apReq, authenticator, encTicketPart } = opened
  if (!wantsReply(apReq, flags)) return { opened, flags, contextKey: authenticator.subkey ?? encTicketPart.key }
  const subkey = Key.random(subkeyEtype(encTicketPart.key.etype, options), random)
  const { apRep, contextKey, acceptorSubkey, sequenceNumber } = sealApRep({ opened, subkey, random })
  return { opened, flags, apRep, contextKey, acceptorSubkey, sequenceNumber }
}

/**
 * Returns a KRB-ERROR for the client. It has only the code: the reason is for the operator. Source:
 * RFC 4120 section 3.2.6.
 */
export function krbErrorFor(error: S4uError, { realm, sname }: Ticket, now: number): Uint8Array {
  const errorCode = NUMBERS.get(error.code) ?? KRB_ERROR_CODES.KRB_ERR_GENERIC
  return encode(KrbError, { stime: now, susec: Math.floor(now % 1000) * 1000, errorCode, realm, sname })
}

/** KRB_AP_ERR_NO_TGT: RFC 4120 section 7.5.9. */
const NUMBERS: ReadonlyMap<string, number> = new Map([...Object.entries(KRB_ERROR_CODES), ['KRB_AP_ERR_NO_TGT', 67]])

function wantsReply({ apOptions }: ApReq, flags: number): boolean {
  return (flags & ContextFlag.MUTUAL) !== 0 || hasFlag(apOptions, ApOption.MUTUAL_REQUIRED)
}

/**
 * aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha384-192 and camellia256, then the same with 128 bits.
 */
const SUBKEY_PREFERENCE: readonly number[] = [18, 20, 26, 17, 19, 25]

/**
 * Chooses the subkey's encryption type. The KDC has chosen the session key's type, and with 256
 * bits it is strong already. From a weaker type the context is lifted to a better one that the
 * client offers: aes256 in an rc4 session, as MIT does. Source: RFC 4537 section 3.
 */
function subkeyEtype(sessionEtype: number, { subkeyEtypes }: ReplyOptions): number {
  if ((findEncryptionType(sessionEtype)?.keyLength ?? 0) >= 32) return sessionEtype
  return SUBKEY_PREFERENCE.find((etype) => etype === sessionEtype || subkeyEtypes.includes(etype)) ?? sessionEtype
}

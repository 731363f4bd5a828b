import { ContextFlag, sealApRep } from '@s4u/gssapi'
import type { AcceptedApReq } from '@s4u/gssapi'
import { ApOption, encode, findEncryptionType, hasFlag, Key, KRB_ERROR_CODES, KrbError } from '@s4u/krb5'
import type { ApReq, OpenedApReq, RandomSource, S4uError, Ticket } from '@s4u/krb5'

export interface ReplyOptions {
  readonly opened: OpenedApReq
  /** GSS flags of the client's checksum, and CHANNEL_BOUND. */
  readonly flags: number
  /** What the client would like for the subkey. */
  readonly subkeyEtypes: readonly number[]
  readonly random: RandomSource | undefined
}

/**
 * What an accepted AP-REQ settles, with the AP-REP when the client wants one. Like MIT, the
 * acceptor always puts a subkey of its own in: messages are then sealed with a key that no other
 * context has, even when a client uses a subkey twice. Source: RFC 4120 section 3.2.4, RFC 4121
 * section 2.
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
 * A KRB-ERROR for the client. Carries the code and nothing else: the reasons are for the operator.
 * Source: RFC 4120 section 3.2.6.
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
 * aes256-cts-hmac-sha1-96, aes256-cts-hmac-sha384-192, camellia256, then their smaller brothers.
 */
const SUBKEY_PREFERENCE: readonly number[] = [18, 20, 26, 17, 19, 25]

/**
 * The session key's own type is what the KDC settled on, and already strong when it has 256 bits.
 * From a weaker one a client that says that it can do better is lifted: aes256 in an rc4 session,
 * as MIT does. Source: RFC 4537 section 3.
 */
function subkeyEtype(sessionEtype: number, { subkeyEtypes }: ReplyOptions): number {
  if ((findEncryptionType(sessionEtype)?.keyLength ?? 0) >= 32) return sessionEtype
  return SUBKEY_PREFERENCE.find((etype) => etype === sessionEtype || subkeyEtypes.includes(etype)) ?? sessionEtype
}

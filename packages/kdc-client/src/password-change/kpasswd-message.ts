/**
 * The messages to a password server and back: AP-REQ and KRB-PRIV, AP-REP and KRB-PRIV. Source: RFC
 * 3244 section 2.
 */

import {
  ApOption,
  ApRep,
  type Authenticator,
  decode,
  decodeKpasswdMessage,
  decodeKpasswdResult,
  EncApRepPart,
  EncKrbPrivPart,
  encode,
  encodeKpasswdMessage,
  kerberosFlags,
  Key,
  KeyUsage,
  type KpasswdResult,
  KpasswdVersion,
  KrbError,
  KrbPriv,
  MalformedTokenError,
  openEncryptedData,
  RejectedTokenError,
  sealApReq,
  sealMessage,
} from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import { kerberosMoment, newNonce } from '../exchange/kdc-exchange.js'
import { KRB_ERROR_TAG } from '../errors/krb-error.js'
import { openReply } from '../exchange/open-reply.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

/** A request, with what is needed to check an answer to it. */
export interface SentChange {
  readonly bytes: Uint8Array
  readonly authenticator: Authenticator
  /**
   * The key of this exchange. Only the server has it too: what is encrypted with it answers this
   * request.
   */
  readonly subkey: Key
  readonly sessionKey: Key
  /** The encrypted part of the request's KRB-PRIV. */
  readonly cipher: Uint8Array
}

/**
 * The answer: a result that is encrypted with the key of this exchange, or a refusal that anybody
 * can have written.
 */
export type HeardResult =
  | { readonly proven: true; readonly result: KpasswdResult }
  | { readonly proven: false; readonly error: KrbError; readonly result?: KpasswdResult }

/**
 * Makes a request. It always has a subkey: Samba answers nothing without one. The KRB-PRIV has the
 * sequence number of the authenticator, which MIT and Samba demand.
 */
export function sealChange(
  { clock, random }: KdcContext,
  { client, ticket, sessionKey }: ServiceTicket,
  version: number,
  userData: Uint8Array,
): SentChange {
  const subkey = Key.random(sessionKey.etype, random)
  const { time, usec } = kerberosMoment(clock.now())
  const seqNumber = newNonce(random)
  const named = { crealm: client.realm, cname: client.name }
  const authenticator: Authenticator = { ...named, ctime: time, cusec: usec, subkey, seqNumber }
  const apOptions = kerberosFlags(ApOption.MUTUAL_REQUIRED)
  const ap = sealApReq({ apOptions, ticket, sessionKey, authenticator, random })
  const part = { userData, timestamp: time, usec, seqNumber, sAddress: UNKNOWN_ADDRESS }
  const encPart = sealMessage(EncKrbPrivPart, part, subkey, KeyUsage.KRB_PRIV, random)
  const bytes = encodeKpasswdMessage({ version, ap, body: encode(KrbPriv, { encPart }) })
  return { bytes, authenticator, subkey, sessionKey, cipher: encPart.cipher }
}

/**
 * An IPv4 address (RFC 4120 section 7.5.3). The field must be there, but has no use: addresses are
 * translated between here and the server. Sequence number and subkey do what it was meant for.
 */
const UNKNOWN_ADDRESS = { addrType: 2, address: Uint8Array.of(0, 0, 0, 0) }

/**
 * Opens an answer. Three things must be right, or our own KRB-PRIV, which is encrypted with the
 * same key, would pass for an answer:
 *
 * - the AP-REP answers our authenticator;
 * - the KRB-PRIV is encrypted with our subkey, even if the AP-REP contains another one (MIT sends
 *   one);
 * - the KRB-PRIV has the sequence number that the AP-REP announces.
 *
 * @throws RejectedTokenError, MalformedTokenError
 */
export function openAnswer(sent: SentChange, bytes: Uint8Array): HeardResult {
  try {
    return openReceived(sent, bytes)
  } catch (error) {
    // A wrong answer is the fault of the server, and not of the client whose request is being
    // handled.
    if (error instanceof MalformedTokenError || error instanceof RejectedTokenError) error.status = 502
    throw error
  }
}

function openReceived(sent: SentChange, bytes: Uint8Array): HeardResult {
  if (bytes[0] === KRB_ERROR_TAG) return unproven(bytes)
  const { version, ap, body } = decodeKpasswdMessage(bytes)
  if (version !== KpasswdVersion.CHANGE && version !== KpasswdVersion.SET)
    throw new MalformedTokenError({ path: 'KPASSWD.version', expected: '1 or 0xff80', found: String(version) })
  if (ap.length === 0) return unproven(body)
  const { seqNumber } = openApRep(sent, ap)
  const { encPart } = decode(KrbPriv, body)
  // The version stands outside of the encrypted part, where an attacker can change it. Without this
  // check the request, sent back, would pass for an answer, with the new password as its text.
  if (Buffer.compare(encPart.cipher, sent.cipher) === 0) throw untrusted('is the request itself, sent back')
  const opened = openReply('password change', 'does not open with the key that was made for it', () =>
    openEncryptedData(encPart, sent.subkey, KeyUsage.KRB_PRIV),
  )
  const part = decode(EncKrbPrivPart, opened)
  // MIT leaves out a sequence number that is 0.
  if ((part.seqNumber ?? 0) !== (seqNumber ?? 0)) throw untrusted('has another number than it announces (seq-number)')
  return { proven: true, result: decodeKpasswdResult(part.userData) }
}

function openApRep({ sessionKey, authenticator }: SentChange, ap: Uint8Array): EncApRepPart {
  const { encPart } = decode(ApRep, ap)
  const opened = openReply('password change', 'does not open with the session key of the ticket', () =>
    openEncryptedData(encPart, sessionKey, KeyUsage.AP_REP),
  )
  const part = decode(EncApRepPart, opened)
  if (part.ctime !== authenticator.ctime || part.cusec !== authenticator.cusec)
    throw untrusted('answers another request (ctime)')
  return part
}

/** Reads an unsigned refusal. Its e-data may contain result and text as in an answer. */
function unproven(bytes: Uint8Array): HeardResult {
  const error = decode(KrbError, bytes)
  const { eData } = error
  if (eData === undefined || eData.length < 2) return { proven: false, error }
  return { proven: false, error, result: decodeKpasswdResult(eData) }
}

export function untrusted(what: string): RejectedTokenError {
  return new RejectedTokenError(`password change: the server's reply ${what}`, {
    code: 'KRB_AP_ERR_MODIFIED',
    status: 502,
    hint: 'It is not known whether the password was changed: sign in with the new one to see. Either something between here and the server changes replies, or the address is not that of a password server of this realm.',
  })
}

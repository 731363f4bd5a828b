/**
 * Opening what a client shows a service, and sealing what a client shows. Opening decrypts and decodes; it does not judge:
 * times, names, replays and authorization data are the acceptor's business.
 */

import { type Codec, decode, encode, withEncoding } from './asn1/codec.js'
import { secretOctets } from './bytes/secret-octets.js'
import { KeyUsage } from './crypto/key-usage.js'
import type { Key, RandomSource } from './crypto/key.js'
import { RejectedTokenError } from './errors/errors.js'
import { ApReq, Authenticator } from './messages/ap.js'
import type { EncryptedData } from './messages/encrypted-data.js'
import { EncTicketPart, type Ticket } from './messages/ticket.js'
import type { KerberosFlags } from './asn1/primitives.js'

/** A ticket whose seal was broken with the right key. `bytes` is the encoding that the KDC's ticket checksum covers. */
export interface OpenedTicket {
  readonly ticket: Ticket
  readonly encTicketPart: EncTicketPart
  readonly bytes: Uint8Array
}

/** An AP-REQ, decrypted and not judged. */
export interface OpenedApReq extends OpenedTicket {
  readonly apReq: ApReq
  readonly authenticator: Authenticator
}

/**
 * Source: RFC 4120 section 3.2.3, "the ticket is decrypted".
 * @throws RejectedTokenError KRB_AP_ERR_BAD_INTEGRITY when it was sealed with another key
 * @throws MalformedTokenError
 */
export function openTicket(ticket: Ticket, key: Key): OpenedTicket {
  const plaintext = openEncryptedData(ticket.encPart, key, KeyUsage.TICKET)
  return { ticket, encTicketPart: decode(EncTicketPart, plaintext), bytes: secretOctets(plaintext) }
}

/** Opens the authenticator with the session key of its ticket. @throws RejectedTokenError, MalformedTokenError */
export function openAuthenticator(
  apReq: ApReq,
  sessionKey: Key,
  usage: number = KeyUsage.AP_REQ_AUTHENTICATOR,
): Authenticator {
  return decode(Authenticator, openEncryptedData(apReq.authenticator, sessionKey, usage))
}

/** Ticket and authenticator, with the service's key. @throws RejectedTokenError, MalformedTokenError */
export function openApReq(apReq: ApReq, key: Key, usage?: number): OpenedApReq {
  const opened = openTicket(apReq.ticket, key)
  return { ...opened, apReq, authenticator: openAuthenticator(apReq, opened.encTicketPart.key, usage) }
}

/** @throws RejectedTokenError KRB_AP_ERR_BAD_INTEGRITY, also when the encryption type is not the key's */
export function openEncryptedData(data: EncryptedData, key: Key, usage: number): Uint8Array {
  if (data.etype !== key.etype) {
    throw new RejectedTokenError(`sealed with encryption type ${data.etype}, but the key is of type ${key.etype}`, {
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
    })
  }
  return key.open(usage, data.cipher)
}

export function sealEncryptedData(
  plaintext: Uint8Array,
  key: Key,
  usage: number,
  random?: RandomSource,
  kvno?: number,
): EncryptedData {
  return { etype: key.etype, kvno, cipher: key.seal(usage, plaintext, random) }
}

/** The same for a message, whose encoding is wiped: there are keys in most. */
export function sealMessage<T>(
  codec: Codec<T>,
  message: T,
  key: Key,
  usage: number,
  random?: RandomSource,
): EncryptedData {
  return withEncoding(codec, message, (plaintext) => sealEncryptedData(plaintext, key, usage, random))
}

export interface ApReqOptions {
  readonly apOptions: KerberosFlags
  readonly ticket: Ticket
  readonly sessionKey: Key
  readonly authenticator: Authenticator
  /** Key usage 7 in a TGS-REQ, else 11. */
  readonly usage?: number
  readonly random?: RandomSource
}

/** The AP-REQ of a client. Source: RFC 4120 section 3.2.2. */
export function sealApReq(options: ApReqOptions): Uint8Array {
  return encode(ApReq, sealedApReq(options))
}

/** The same before it is encoded, for a message that it is a part of. */
export function sealedApReq(options: ApReqOptions): ApReq {
  const { apOptions, ticket, sessionKey, authenticator, usage = KeyUsage.AP_REQ_AUTHENTICATOR, random } = options
  return { apOptions, ticket, authenticator: sealMessage(Authenticator, authenticator, sessionKey, usage, random) }
}

/**
 * Opens what a client shows to a service (the AP-REQ), and seals what a client shows. Opening
 * decrypts and decodes. It does not check times, names, replays or authorization data, so an opened
 * request is not accepted yet.
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

/**
 * A ticket that was decrypted with the right key. `bytes` is the encoding of its contents, over
 * which the KDC's ticket checksum is made.
 */
export interface OpenedTicket {
  readonly ticket: Ticket
  readonly encTicketPart: EncTicketPart
  readonly bytes: Uint8Array
}

/** An AP-REQ that was decrypted. Its claims are not checked yet. */
export interface OpenedApReq extends OpenedTicket {
  readonly apReq: ApReq
  readonly authenticator: Authenticator
}

/**
 * Decrypts and decodes a ticket with the key of its service. Source: RFC 4120 section 3.2.3, "the
 * ticket is decrypted".
 *
 * @throws RejectedTokenError KRB_AP_ERR_BAD_INTEGRITY if it was sealed with another key
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decode, type Key, openTicket, Ticket } from '@s4u/krb5'
 *
 * export function clientOf(bytes: Uint8Array, serviceKey: Key): readonly string[] {
 *   const { encTicketPart } = openTicket(decode(Ticket, bytes), serviceKey)
 *   return encTicketPart.cname.nameString
 * }
 * ```
 */
export function openTicket(ticket: Ticket, key: Key): OpenedTicket {
  const plaintext = openEncryptedData(ticket.encPart, key, KeyUsage.TICKET)
  return { ticket, encTicketPart: decode(EncTicketPart, plaintext), bytes: secretOctets(plaintext) }
}

/**
 * Decrypts and decodes the authenticator of an AP-REQ with the session key of its ticket.
 *
 * @throws RejectedTokenError, MalformedTokenError
 *
 * @example
 * ```ts
 * import { type ApReq, type Key, openAuthenticator } from '@s4u/krb5'
 *
 * export const timeOf = (apReq: ApReq, sessionKey: Key) =>
 *   openAuthenticator(apReq, sessionKey).ctime
 * ```
 */
export function openAuthenticator(
  apReq: ApReq,
  sessionKey: Key,
  usage: number = KeyUsage.AP_REQ_AUTHENTICATOR,
): Authenticator {
  return decode(Authenticator, openEncryptedData(apReq.authenticator, sessionKey, usage))
}

/**
 * Decrypts and decodes the ticket and the authenticator of an AP-REQ, with the key of the service.
 *
 * @throws RejectedTokenError, MalformedTokenError
 *
 * @example
 * ```ts
 * import { ApReq, decode, type Key, openApReq } from '@s4u/krb5'
 *
 * export const open = (bytes: Uint8Array, serviceKey: Key) =>
 *   openApReq(decode(ApReq, bytes), serviceKey)
 * ```
 */
export function openApReq(apReq: ApReq, key: Key, usage?: number): OpenedApReq {
  const opened = openTicket(apReq.ticket, key)
  return { ...opened, apReq, authenticator: openAuthenticator(apReq, opened.encTicketPart.key, usage) }
}

/**
 * Decrypts an EncryptedData.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BAD_INTEGRITY, also if it has another encryption type than
 * the key
 *
 * @example
 * ```ts
 * import { type Key, KeyUsage, openEncryptedData, type Ticket } from '@s4u/krb5'
 *
 * export const open = ({ encPart }: Ticket, key: Key) =>
 *   openEncryptedData(encPart, key, KeyUsage.TICKET)
 * ```
 */
export function openEncryptedData(data: EncryptedData, key: Key, usage: number): Uint8Array {
  if (data.etype !== key.etype) {
    throw new RejectedTokenError(`sealed with encryption type ${data.etype}, but the key is of type ${key.etype}`, {
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
    })
  }
  return key.open(usage, data.cipher)
}

/**
 * Encrypts octets into an EncryptedData.
 *
 * @param kvno the version of the key; undefined for a session key
 *
 * @example
 * ```ts
 * import { Key, KeyUsage, sealEncryptedData } from '@s4u/krb5'
 *
 * sealEncryptedData(new TextEncoder().encode('hello'), Key.random(18), KeyUsage.KRB_PRIV)
 * ```
 */
export function sealEncryptedData(
  plaintext: Uint8Array,
  key: Key,
  usage: number,
  random?: RandomSource,
  kvno?: number,
): EncryptedData {
  return { etype: key.etype, kvno, cipher: key.seal(usage, plaintext, random) }
}

/**
 * Encodes and encrypts a message. The encoding is wiped afterwards: most messages contain keys.
 *
 * @example
 * ```ts
 * import { EncTicketPart, type Key, KeyUsage, sealMessage } from '@s4u/krb5'
 *
 * export const seal = (part: EncTicketPart, key: Key) =>
 *   sealMessage(EncTicketPart, part, key, KeyUsage.TICKET)
 * ```
 */
export function sealMessage<T>(
  codec: Codec<T>,
  message: T,
  key: Key,
  usage: number,
  random?: RandomSource,
): EncryptedData {
  return withEncoding(codec, message, (plaintext) => sealEncryptedData(plaintext, key, usage, random))
}

/** What a client puts into an AP-REQ. */
export interface ApReqOptions {
  readonly apOptions: KerberosFlags
  readonly ticket: Ticket
  readonly sessionKey: Key
  readonly authenticator: Authenticator
  /** The key usage of the authenticator: 7 in a TGS-REQ. Default: 11. */
  readonly usage?: number
  readonly random?: RandomSource
}

/**
 * Returns the octets of the AP-REQ with which a client shows its ticket. Source: RFC 4120 section
 * 3.2.2.
 *
 * @example
 * ```ts
 * import { type ApReqOptions, sealApReq } from '@s4u/krb5'
 *
 * export const tokenOf = (options: ApReqOptions): Uint8Array => sealApReq(options)
 * ```
 */
export function sealApReq(options: ApReqOptions): Uint8Array {
  return encode(ApReq, sealedApReq(options))
}

/**
 * Returns the AP-REQ as a value, for a message that contains it.
 *
 * @example
 * ```ts
 * import { type ApReqOptions, sealedApReq } from '@s4u/krb5'
 *
 * export const ticketOf = (options: ApReqOptions) => sealedApReq(options).ticket
 * ```
 */
export function sealedApReq(options: ApReqOptions): ApReq {
  const { apOptions, ticket, sessionKey, authenticator, usage = KeyUsage.AP_REQ_AUTHENTICATOR, random } = options
  return { apOptions, ticket, authenticator: sealMessage(Authenticator, authenticator, sessionKey, usage, random) }
}

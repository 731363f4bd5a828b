import { type Codec } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { application } from '../asn1/tagged.js'
import { KerberosFlags, KerberosString, KerberosTime, Microseconds, UInt32 } from '../asn1/primitives.js'
import type { Key } from '../crypto/key.js'
import { AuthorizationData } from './authorization-data.js'
import { Checksum, EncryptedData, EncryptionKey } from './encrypted-data.js'
import { MessageType, messageHeader } from './message-type.js'
import { PrincipalName } from './principal-name.js'
import { Ticket } from './ticket.js'

/** Bit numbers of APOptions. Source: RFC 4120 section 5.5.1. */
export const ApOption = { USE_SESSION_KEY: 1, MUTUAL_REQUIRED: 2 } as const

/**
 * What a client shows to a service, as received. Nothing in it is proven yet. Source: RFC 4120
 * section 5.5.1.
 *
 *     AP-REQ ::= [APPLICATION 14] SEQUENCE {
 *         pvno           [0] INTEGER (5),
 *         msg-type       [1] INTEGER (14),
 *         ap-options     [2] APOptions,
 *         ticket         [3] Ticket,
 *         authenticator  [4] EncryptedData -- Authenticator
 *     }
 */
export interface ApReq {
  readonly apOptions: KerberosFlags
  readonly ticket: Ticket
  readonly authenticator: EncryptedData
}

/**
 * Reads and writes AP-REQ, whose ticket and authenticator are still encrypted. Source: RFC 4120
 * section 5.5.1.
 */
export const ApReq: Codec<ApReq> = application(
  14,
  'AP-REQ',
  sequence<ApReq>(
    'AP-REQ',
    {
      apOptions: field(2, KerberosFlags),
      ticket: field(3, Ticket),
      authenticator: field(4, EncryptedData),
    },
    { fixed: messageHeader(MessageType.AP_REQ) },
  ),
)

/**
 * The proof of a client that it knows the session key, sealed with that key. `ctime` is in
 * milliseconds since the epoch; `cusec` adds microseconds to it. Source: RFC 4120 section 5.5.1.
 *
 *     Authenticator ::= [APPLICATION 2] SEQUENCE {
 *         authenticator-vno   [0] INTEGER (5),
 *         crealm              [1] Realm,
 *         cname               [2] PrincipalName,
 *         cksum               [3] Checksum OPTIONAL,
 *         cusec               [4] Microseconds,
 *         ctime               [5] KerberosTime,
 *         subkey              [6] EncryptionKey OPTIONAL,
 *         seq-number          [7] UInt32 OPTIONAL,
 *         authorization-data  [8] AuthorizationData OPTIONAL
 *     }
 */
export interface Authenticator {
  readonly crealm: string
  readonly cname: PrincipalName
  readonly cksum?: Checksum
  readonly cusec: number
  readonly ctime: number
  readonly subkey?: Key
  readonly seqNumber?: number
  readonly authorizationData?: AuthorizationData
}

/** Reads and writes a decrypted authenticator. Source: RFC 4120 section 5.5.1. */
export const Authenticator: Codec<Authenticator> = application(
  2,
  'Authenticator',
  sequence<Authenticator>(
    'Authenticator',
    {
      crealm: field(1, KerberosString),
      cname: field(2, PrincipalName),
      cksum: optional(3, Checksum),
      cusec: field(4, Microseconds),
      ctime: field(5, KerberosTime),
      subkey: optional(6, EncryptionKey),
      seqNumber: optional(7, UInt32),
      authorizationData: optional(8, AuthorizationData),
    },
    { fixed: [{ tag: 0xa0, name: 'authenticator-vno', value: 5, code: 'KRB_AP_ERR_BADVERSION' }] },
  ),
)

/**
 * The answer of a service to a client that asked for mutual authentication. Source: RFC 4120
 * section 5.5.2.
 */
export interface ApRep {
  readonly encPart: EncryptedData
}

/** Reads and writes AP-REP, whose part is still encrypted. Source: RFC 4120 section 5.5.2. */
export const ApRep: Codec<ApRep> = application(
  15,
  'AP-REP',
  sequence<ApRep>('AP-REP', { encPart: field(2, EncryptedData) }, { fixed: messageHeader(MessageType.AP_REP) }),
)

/**
 * The contents of an AP-REP, sealed with the session key of the ticket (key usage 12) and never
 * with a subkey. Source: RFC 4120 section 5.5.2.
 */
export interface EncApRepPart {
  readonly ctime: number
  readonly cusec: number
  readonly subkey?: Key
  readonly seqNumber?: number
}

/** Reads and writes the decrypted part of an AP-REP. Source: RFC 4120 section 5.5.2. */
export const EncApRepPart: Codec<EncApRepPart> = application(
  27,
  'EncAPRepPart',
  sequence<EncApRepPart>('EncAPRepPart', {
    ctime: field(0, KerberosTime),
    cusec: field(1, Microseconds),
    subkey: optional(2, EncryptionKey),
    seqNumber: optional(3, UInt32),
  }),
)

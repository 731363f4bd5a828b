import { type Codec } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { sequenceOf } from '../asn1/sequence-of.js'
import { application, alsoReading } from '../asn1/tagged.js'
import { Int32, KerberosFlags, KerberosString, KerberosTime, UInt32 } from '../asn1/primitives.js'
import type { Key } from '../crypto/key.js'
import { EncryptedData, EncryptionKey } from './encrypted-data.js'
import { MessageType, messageHeader } from './message-type.js'
import { PaData } from './pa-data.js'
import { PrincipalName } from './principal-name.js'
import { type HostAddress, HostAddresses, Ticket } from './ticket.js'

/**
 * The answer of a KDC that grants a ticket. `crealm` and `cname` are not protected by themselves:
 * they must be compared with what was asked for. Source: RFC 4120 section 5.4.2.
 *
 *     KDC-REP ::= SEQUENCE {
 *         pvno      [0] INTEGER (5),
 *         msg-type  [1] INTEGER (11 -- AS -- | 13 -- TGS --),
 *         padata    [2] SEQUENCE OF PA-DATA OPTIONAL,
 *         crealm    [3] Realm,
 *         cname     [4] PrincipalName,
 *         ticket    [5] Ticket,
 *         enc-part  [6] EncryptedData -- EncKDCRepPart
 *     }
 */
export interface KdcRep {
  readonly padata?: readonly PaData[]
  readonly crealm: string
  readonly cname: PrincipalName
  readonly ticket: Ticket
  readonly encPart: EncryptedData
}

/** The answer to a sign-in (AS-REQ). Source: RFC 4120 section 5.4.2. */
export const AsRep: Codec<KdcRep> = kdcRep(MessageType.AS_REP, 'AS-REP')

/** The answer to a request for a ticket (TGS-REQ). Source: RFC 4120 section 5.4.2. */
export const TgsRep: Codec<KdcRep> = kdcRep(MessageType.TGS_REP, 'TGS-REP')

function kdcRep(type: number, name: string): Codec<KdcRep> {
  const fields = {
    padata: optional(2, sequenceOf(PaData)),
    crealm: field(3, KerberosString),
    cname: field(4, PrincipalName),
    ticket: field(5, Ticket),
    encPart: field(6, EncryptedData),
  }
  return application(type, name, sequence<KdcRep>(name, fields, { fixed: messageHeader(type) }))
}

/** A time of the account, such as that of its last sign-in. Source: RFC 4120 section 5.4.2. */
export interface LastReqEntry {
  readonly lrType: number
  readonly lrValue: number
}

const LastReqEntry = sequence<LastReqEntry>('LastReq', {
  lrType: field(0, Int32),
  lrValue: field(1, KerberosTime),
})

/**
 * What the KDC vouches for, sealed for the client. The names in here are the ones to believe.
 * Source: RFC 4120 section 5.4.2, RFC 6806 section 11.
 *
 *     EncKDCRepPart ::= SEQUENCE {
 *         key                [0] EncryptionKey,
 *         last-req           [1] LastReq,
 *         nonce              [2] UInt32,
 *         key-expiration     [3] KerberosTime OPTIONAL,
 *         flags              [4] TicketFlags,
 *         authtime           [5] KerberosTime,
 *         starttime          [6] KerberosTime OPTIONAL,
 *         endtime            [7] KerberosTime,
 *         renew-till         [8] KerberosTime OPTIONAL,
 *         srealm             [9] Realm,
 *         sname             [10] PrincipalName,
 *         caddr             [11] HostAddresses OPTIONAL,
 *         encrypted-pa-data [12] SEQUENCE OF PA-DATA OPTIONAL
 *     }
 */
export interface EncKdcRepPart {
  readonly key: Key
  readonly lastReq: readonly LastReqEntry[]
  readonly nonce: number
  readonly keyExpiration?: number
  readonly flags: KerberosFlags
  readonly authtime: number
  readonly starttime?: number
  readonly endtime: number
  readonly renewTill?: number
  readonly srealm: string
  readonly sname: PrincipalName
  readonly caddr?: readonly HostAddress[]
  readonly encryptedPaData?: readonly PaData[]
}

const EncKdcRepPart = sequence<EncKdcRepPart>('EncKDCRepPart', {
  key: field(0, EncryptionKey),
  lastReq: field(1, sequenceOf(LastReqEntry)),
  nonce: field(2, UInt32),
  keyExpiration: optional(3, KerberosTime),
  flags: field(4, KerberosFlags),
  authtime: field(5, KerberosTime),
  starttime: optional(6, KerberosTime),
  endtime: field(7, KerberosTime),
  renewTill: optional(8, KerberosTime),
  srealm: field(9, KerberosString),
  sname: field(10, PrincipalName),
  caddr: optional(11, HostAddresses),
  encryptedPaData: optional(12, sequenceOf(PaData)),
})

/** The sealed part of a TGS-REP. Source: RFC 4120 section 5.4.2. */
export const EncTgsRepPart: Codec<EncKdcRepPart> = application(26, 'EncTGSRepPart', EncKdcRepPart)

/**
 * The sealed part of an AS-REP. Some KDCs write it with tag 26, that of a TGS-REP; it is read as
 * well. Source: RFC 4120 section 5.4.2.
 */
export const EncAsRepPart: Codec<EncKdcRepPart> = alsoReading(
  application(25, 'EncASRepPart', EncKdcRepPart),
  EncTgsRepPart,
)

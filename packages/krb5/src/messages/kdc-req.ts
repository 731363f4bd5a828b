import { type Codec } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { sequenceOf } from '../asn1/sequence-of.js'
import { application } from '../asn1/tagged.js'
import { Int32, KerberosFlags, KerberosString, KerberosTime, UInt32 } from '../asn1/primitives.js'
import { EncryptedData } from './encrypted-data.js'
import { MessageType, messageHeader } from './message-type.js'
import { PaData } from './pa-data.js'
import { PrincipalName } from './principal-name.js'
import { type HostAddress, HostAddresses, Ticket } from './ticket.js'

/**
 * Bit numbers of KDCOptions. Source: RFC 4120 section 5.4.1, RFC 6806 section 3, MS-SFU section
 * 2.2.3.
 */
export const KdcOption = {
  FORWARDABLE: 1,
  FORWARDED: 2,
  PROXIABLE: 3,
  PROXY: 4,
  ALLOW_POSTDATE: 5,
  POSTDATED: 6,
  RENEWABLE: 8,
  CNAME_IN_ADDL_TKT: 14,
  CANONICALIZE: 15,
  REQUEST_ANONYMOUS: 16,
  DISABLE_TRANSITED_CHECK: 26,
  RENEWABLE_OK: 27,
  ENC_TKT_IN_SKEY: 28,
  RENEW: 30,
  VALIDATE: 31,
} as const

/**
 * What a client asks a KDC for. Source: RFC 4120 section 5.4.1.
 *
 *     KDC-REQ-BODY ::= SEQUENCE {
 *         kdc-options             [0] KDCOptions,
 *         cname                   [1] PrincipalName OPTIONAL, -- AS-REQ only
 *         realm                   [2] Realm,
 *         sname                   [3] PrincipalName OPTIONAL,
 *         from                    [4] KerberosTime OPTIONAL,
 *         till                    [5] KerberosTime,
 *         rtime                   [6] KerberosTime OPTIONAL,
 *         nonce                   [7] UInt32,
 *         etype                   [8] SEQUENCE OF Int32,
 *         addresses               [9] HostAddresses OPTIONAL,
 *         enc-authorization-data [10] EncryptedData OPTIONAL,
 *         additional-tickets     [11] SEQUENCE OF Ticket OPTIONAL
 *     }
 */
export interface KdcReqBody {
  readonly kdcOptions: KerberosFlags
  readonly cname?: PrincipalName
  readonly realm: string
  readonly sname?: PrincipalName
  readonly from?: number
  readonly till: number
  readonly rtime?: number
  readonly nonce: number
  readonly etype: readonly number[]
  readonly addresses?: readonly HostAddress[]
  readonly encAuthorizationData?: EncryptedData
  readonly additionalTickets?: readonly Ticket[]
}

/**
 * Reads and writes KDC-REQ-BODY, to which checksums of requests refer. Source: RFC 4120 section
 * 5.4.1.
 */
export const KdcReqBody: Codec<KdcReqBody> = sequence<KdcReqBody>('KDC-REQ-BODY', {
  kdcOptions: field(0, KerberosFlags),
  cname: optional(1, PrincipalName),
  realm: field(2, KerberosString),
  sname: optional(3, PrincipalName),
  from: optional(4, KerberosTime),
  till: field(5, KerberosTime),
  rtime: optional(6, KerberosTime),
  nonce: field(7, UInt32),
  etype: field(8, sequenceOf(Int32)),
  addresses: optional(9, HostAddresses),
  encAuthorizationData: optional(10, EncryptedData),
  additionalTickets: optional(11, sequenceOf(Ticket)),
})

/**
 * A request to a KDC:
 *
 *     KDC-REQ ::= SEQUENCE {
 *         pvno      [1] INTEGER (5),
 *         msg-type  [2] INTEGER (10 -- AS -- | 12 -- TGS --),
 *         padata    [3] SEQUENCE OF PA-DATA OPTIONAL,
 *         req-body  [4] KDC-REQ-BODY
 *     }
 */
export interface KdcReq {
  readonly padata?: readonly PaData[]
  readonly reqBody: KdcReqBody
}

/** A sign-in: asks for a ticket with a proof of the identity. Source: RFC 4120 section 5.4.1. */
export const AsReq: Codec<KdcReq> = kdcReq(MessageType.AS_REQ, 'AS-REQ')

/** A request for a ticket that shows another ticket. Source: RFC 4120 section 5.4.1. */
export const TgsReq: Codec<KdcReq> = kdcReq(MessageType.TGS_REQ, 'TGS-REQ')

function kdcReq(type: number, name: string): Codec<KdcReq> {
  const fields = { padata: optional(3, sequenceOf(PaData)), reqBody: field(4, KdcReqBody) }
  return application(type, name, sequence<KdcReq>(name, fields, { fixed: messageHeader(type, 1) }))
}

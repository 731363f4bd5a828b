import { type Codec } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { application } from '../asn1/tagged.js'
import { DisplayString, Int32, KerberosString, KerberosTime, Microseconds, OctetString } from '../asn1/primitives.js'
import { MessageType, messageHeader } from './message-type.js'
import { PrincipalName } from './principal-name.js'

/**
 * A refusal. Nothing in it is protected: anybody on the network can forge one. Source: RFC 4120
 * section 5.9.1.
 *
 *     KRB-ERROR ::= [APPLICATION 30] SEQUENCE {
 *         pvno         [0] INTEGER (5),
 *         msg-type     [1] INTEGER (30),
 *         ctime        [2] KerberosTime OPTIONAL,
 *         cusec        [3] Microseconds OPTIONAL,
 *         stime        [4] KerberosTime,
 *         susec        [5] Microseconds,
 *         error-code   [6] Int32,
 *         crealm       [7] Realm OPTIONAL,
 *         cname        [8] PrincipalName OPTIONAL,
 *         realm        [9] Realm,
 *         sname       [10] PrincipalName,
 *         e-text      [11] KerberosString OPTIONAL,
 *         e-data      [12] OCTET STRING OPTIONAL
 *     }
 */
export interface KrbError {
  readonly ctime?: number
  readonly cusec?: number
  readonly stime: number
  readonly susec: number
  readonly errorCode: number
  readonly crealm?: string
  readonly cname?: PrincipalName
  readonly realm: string
  readonly sname: PrincipalName
  readonly eText?: string
  readonly eData?: Uint8Array
}

/** Reads and writes KRB-ERROR. Nothing authenticates it. Source: RFC 4120 section 5.9.1. */
export const KrbError: Codec<KrbError> = application(
  30,
  'KRB-ERROR',
  sequence<KrbError>(
    'KRB-ERROR',
    {
      ctime: optional(2, KerberosTime),
      cusec: optional(3, Microseconds),
      stime: field(4, KerberosTime),
      susec: field(5, Microseconds),
      errorCode: field(6, Int32),
      crealm: optional(7, KerberosString),
      cname: optional(8, PrincipalName),
      realm: field(9, KerberosString),
      sname: field(10, PrincipalName),
      eText: optional(11, DisplayString),
      eData: optional(12, OctetString),
    },
    { fixed: messageHeader(MessageType.KRB_ERROR) },
  ),
)

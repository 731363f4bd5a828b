import { type Codec } from '../asn1/codec.js'
import { field, sequence } from '../asn1/sequence.js'
import { sequenceOf } from '../asn1/sequence-of.js'
import { Int32, KerberosString } from '../asn1/primitives.js'

/**
 * Name types. Source: RFC 4120 section 6.2, RFC 6806 section 5, RFC 6111 section 3, MS-KILE section
 * 3.1.5.6.
 */
export const NameType = {
  UNKNOWN: 0,
  PRINCIPAL: 1,
  SRV_INST: 2,
  SRV_HST: 3,
  SRV_XHST: 4,
  UID: 5,
  X500_PRINCIPAL: 6,
  SMTP_NAME: 7,
  ENTERPRISE: 10,
  WELLKNOWN: 11,
  MS_PRINCIPAL: -128,
} as const

/**
 * A name within a realm: `{ nameType: 2, nameString: ['HTTP', 'web.ad.test'] }`. Two names are
 * equal if their components are; the type is only a hint. Source: RFC 4120 section 6.2.
 *
 *     PrincipalName ::= SEQUENCE {
 *         name-type    [0] Int32,
 *         name-string  [1] SEQUENCE OF KerberosString
 *     }
 */
export interface PrincipalName {
  readonly nameType: number
  readonly nameString: readonly string[]
}

/** Reads and writes PrincipalName. Source: RFC 4120 section 5.2.2. */
export const PrincipalName: Codec<PrincipalName> = sequence<PrincipalName>('PrincipalName', {
  nameType: field(0, Int32),
  nameString: field(1, sequenceOf(KerberosString)),
})

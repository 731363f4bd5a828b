import { type Codec } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { sequenceOf } from '../asn1/sequence-of.js'
import { application } from '../asn1/tagged.js'
import { Int32, KerberosFlags, KerberosString, KerberosTime, OctetString } from '../asn1/primitives.js'
import type { Key } from '../crypto/key.js'
import { AuthorizationData } from './authorization-data.js'
import { EncryptedData, EncryptionKey } from './encrypted-data.js'
import { PrincipalName } from './principal-name.js'

/**
 * Bit numbers of TicketFlags. Source: RFC 4120 section 5.3, RFC 6806 section 11, RFC 8062 section
 * 3.
 */
export const TicketFlag = {
  FORWARDABLE: 1,
  FORWARDED: 2,
  PROXIABLE: 3,
  PROXY: 4,
  MAY_POSTDATE: 5,
  POSTDATED: 6,
  INVALID: 7,
  RENEWABLE: 8,
  INITIAL: 9,
  PRE_AUTHENT: 10,
  HW_AUTHENT: 11,
  TRANSITED_POLICY_CHECKED: 12,
  OK_AS_DELEGATE: 13,
  ENC_PA_REP: 15,
  ANONYMOUS: 16,
} as const

/**
 * A ticket as everybody sees it. `realm` and `sname` are not protected: an attacker on the network
 * may have changed them. Source: RFC 4120 section 5.3.
 *
 *     Ticket ::= [APPLICATION 1] SEQUENCE {
 *         tkt-vno   [0] INTEGER (5),
 *         realm     [1] Realm,
 *         sname     [2] PrincipalName,
 *         enc-part  [3] EncryptedData -- EncTicketPart
 *     }
 */
export interface Ticket {
  readonly realm: string
  readonly sname: PrincipalName
  readonly encPart: EncryptedData
}

/** Reads and writes Ticket, whose part is still encrypted. Source: RFC 4120 section 5.3. */
export const Ticket: Codec<Ticket> = application(
  1,
  'Ticket',
  sequence<Ticket>(
    'Ticket',
    {
      realm: field(1, KerberosString),
      sname: field(2, PrincipalName),
      encPart: field(3, EncryptedData),
    },
    { fixed: [{ tag: 0xa0, name: 'tkt-vno', value: 5, code: 'KRB_AP_ERR_BADVERSION' }] },
  ),
)

/** A network address; its octets are in network order. Source: RFC 4120 section 5.2.5. */
export interface HostAddress {
  readonly addrType: number
  readonly address: Uint8Array
}

/** Reads and writes HostAddress. Source: RFC 4120 section 5.2.5. */
export const HostAddress: Codec<HostAddress> = sequence<HostAddress>('HostAddress', {
  addrType: field(0, Int32),
  address: field(1, OctetString),
})

/** The addresses from which a ticket may be used. Source: RFC 4120 section 5.2.5. */
export const HostAddresses: Codec<readonly HostAddress[]> = { ...sequenceOf(HostAddress), name: 'HostAddresses' }

/** The realms between the client and the KDC. Source: RFC 4120 section 5.3. */
export interface TransitedEncoding {
  readonly trType: number
  readonly contents: Uint8Array
}

/** The realms between the client and the KDC. Source: RFC 4120 section 5.3. */
export const TransitedEncoding: Codec<TransitedEncoding> = sequence<TransitedEncoding>('TransitedEncoding', {
  trType: field(0, Int32),
  contents: field(1, OctetString),
})

/**
 * What the KDC says about the client, sealed with the key of the service (key usage 2). Times are
 * milliseconds since the epoch. Source: RFC 4120 section 5.3.
 *
 *     EncTicketPart ::= [APPLICATION 3] SEQUENCE {
 *         flags               [0] TicketFlags,
 *         key                 [1] EncryptionKey,
 *         crealm              [2] Realm,
 *         cname               [3] PrincipalName,
 *         transited           [4] TransitedEncoding,
 *         authtime            [5] KerberosTime,
 *         starttime           [6] KerberosTime OPTIONAL,
 *         endtime             [7] KerberosTime,
 *         renew-till          [8] KerberosTime OPTIONAL,
 *         caddr               [9] HostAddresses OPTIONAL,
 *         authorization-data [10] AuthorizationData OPTIONAL
 *     }
 */
export interface EncTicketPart {
  readonly flags: KerberosFlags
  readonly key: Key
  readonly crealm: string
  readonly cname: PrincipalName
  readonly transited: TransitedEncoding
  readonly authtime: number
  readonly starttime?: number
  readonly endtime: number
  readonly renewTill?: number
  readonly caddr?: readonly HostAddress[]
  readonly authorizationData?: AuthorizationData
}

/** Reads and writes the decrypted part of a ticket. Source: RFC 4120 section 5.3. */
export const EncTicketPart: Codec<EncTicketPart> = application(
  3,
  'EncTicketPart',
  sequence<EncTicketPart>('EncTicketPart', {
    flags: field(0, KerberosFlags),
    key: field(1, EncryptionKey),
    crealm: field(2, KerberosString),
    cname: field(3, PrincipalName),
    transited: field(4, TransitedEncoding),
    authtime: field(5, KerberosTime),
    starttime: optional(6, KerberosTime),
    endtime: field(7, KerberosTime),
    renewTill: optional(8, KerberosTime),
    caddr: optional(9, HostAddresses),
    authorizationData: optional(10, AuthorizationData),
  }),
)

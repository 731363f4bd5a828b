import { type Codec } from '../../asn1/codec.js'
import { field, optional, sequence } from '../../asn1/sequence.js'
import { sequenceOf } from '../../asn1/sequence-of.js'
import { explicit } from '../../asn1/tagged.js'
import {
  Int32,
  KerberosFlags,
  KerberosString,
  KerberosTime,
  Microseconds,
  OctetString,
  UInt32,
} from '../../asn1/primitives.js'
import type { Key } from '../../crypto/key.js'
import { Checksum, EncryptedData, EncryptionKey } from '../encrypted-data.js'
import { KdcReqBody } from '../kdc-req.js'
import { PaData } from '../pa-data.js'
import { PrincipalName } from '../principal-name.js'

/**
 * The type of an armor that is an AP-REQ with the armor ticket. Source: RFC 6113 section 5.4.1.1.
 */
export const FX_FAST_ARMOR_AP_REQUEST = 1

/**
 * The armor of a request: a key that only the client's machine and the KDC know protects the
 * exchange. Source: RFC 6113 section 5.4.1.
 */
export interface KrbFastArmor {
  readonly armorType: number
  readonly armorValue: Uint8Array
}

/** Reads and writes KrbFastArmor. Source: RFC 6113 section 5.4.1. */
export const KrbFastArmor: Codec<KrbFastArmor> = sequence<KrbFastArmor>(
  'KrbFastArmor',
  { armorType: field(0, Int32), armorValue: field(1, OctetString) },
  { extensible: true },
)

/**
 * An armored request. `req-checksum` has key usage 50, `enc-fast-req` key usage 51. Source: RFC
 * 6113 section 5.4.2.
 */
export interface KrbFastArmoredReq {
  readonly armor?: KrbFastArmor
  readonly reqChecksum: Checksum
  readonly encFastReq: EncryptedData
}

/** PA-FX-FAST-REQUEST: a CHOICE whose only alternative is `armored-data [0]`. */
export const PaFxFastRequest: Codec<KrbFastArmoredReq> = explicit(
  0,
  'PA-FX-FAST-REQUEST',
  sequence<KrbFastArmoredReq>(
    'KrbFastArmoredReq',
    { armor: optional(0, KrbFastArmor), reqChecksum: field(1, Checksum), encFastReq: field(2, EncryptedData) },
    { extensible: true },
  ),
)

/** The request inside of the armor. Source: RFC 6113 section 5.4.2. */
export interface KrbFastReq {
  readonly fastOptions: KerberosFlags
  readonly padata: readonly PaData[]
  readonly reqBody: KdcReqBody
}

/** Reads and writes the decrypted request of FAST. Source: RFC 6113 section 5.4.2. */
export const KrbFastReq: Codec<KrbFastReq> = sequence<KrbFastReq>(
  'KrbFastReq',
  { fastOptions: field(0, KerberosFlags), padata: field(1, sequenceOf(PaData)), reqBody: field(2, KdcReqBody) },
  { extensible: true },
)

/** An armored reply. `enc-fast-rep` has key usage 52. Source: RFC 6113 section 5.4.3. */
export interface KrbFastArmoredRep {
  readonly encFastRep: EncryptedData
}

/** PA-FX-FAST-REPLY: a CHOICE whose only alternative is `armored-data [0]`. */
export const PaFxFastReply: Codec<KrbFastArmoredRep> = explicit(
  0,
  'PA-FX-FAST-REPLY',
  sequence<KrbFastArmoredRep>('KrbFastArmoredRep', { encFastRep: field(0, EncryptedData) }, { extensible: true }),
)

/**
 * Binds the reply to its ticket. `ticket-checksum` has key usage 53. Source: RFC 6113 section
 * 5.4.3.
 */
export interface KrbFastFinished {
  readonly timestamp: number
  readonly usec: number
  readonly crealm: string
  readonly cname: PrincipalName
  readonly ticketChecksum: Checksum
}

const KrbFastFinished = sequence<KrbFastFinished>(
  'KrbFastFinished',
  {
    timestamp: field(0, KerberosTime),
    usec: field(1, Microseconds),
    crealm: field(2, KerberosString),
    cname: field(3, PrincipalName),
    ticketChecksum: field(4, Checksum),
  },
  { extensible: true },
)

/** The reply inside of the armor. Source: RFC 6113 section 5.4.3. */
export interface KrbFastResponse {
  readonly padata: readonly PaData[]
  readonly strengthenKey?: Key
  readonly finished?: KrbFastFinished
  readonly nonce: number
}

/** The reply inside of the armor. Source: RFC 6113 section 5.4.3. */
export const KrbFastResponse: Codec<KrbFastResponse> = sequence<KrbFastResponse>(
  'KrbFastResponse',
  {
    padata: field(0, sequenceOf(PaData)),
    strengthenKey: optional(1, EncryptionKey),
    finished: optional(2, KrbFastFinished),
    nonce: field(3, UInt32),
  },
  { extensible: true },
)

/** One step of an authentication set that the KDC proposes. Source: RFC 6113 section 5.3. */
export interface PaAuthenticationSetElement {
  readonly paType: number
  readonly paHint?: Uint8Array
  readonly paValue?: Uint8Array
}

/** PA-AUTHENTICATION-SET: steps that belong together. Source: RFC 6113 section 5.3. */
export const PaAuthenticationSet: Codec<readonly PaAuthenticationSetElement[]> = {
  ...sequenceOf(
    sequence<PaAuthenticationSetElement>(
      'PA-AUTHENTICATION-SET-ELEM',
      { paType: field(0, Int32), paHint: optional(1, OctetString), paValue: optional(2, OctetString) },
      { extensible: true },
    ),
  ),
  name: 'PA-AUTHENTICATION-SET',
}

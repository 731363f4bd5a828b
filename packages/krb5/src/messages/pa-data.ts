import { type Codec } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { sequenceOf } from '../asn1/sequence-of.js'
import {
  Bool,
  Int32,
  KerberosFlags,
  KerberosString,
  KerberosTime,
  Microseconds,
  OctetString,
} from '../asn1/primitives.js'
import type { Key } from '../crypto/key.js'
import { EncryptionKey } from './encrypted-data.js'

/**
 * Pre-authentication data types. Source: RFC 4120 section 7.5.2, RFC 6113 section 7.1, RFC 6806,
 * MS-KILE section 2.2.10, MS-SFU section 2.2, RFC 6560 section 6.
 */
export const PaType = {
  TGS_REQ: 1,
  ENC_TIMESTAMP: 2,
  PW_SALT: 3,
  ETYPE_INFO: 11,
  PK_AS_REQ: 16,
  PK_AS_REP: 17,
  ETYPE_INFO2: 19,
  SVR_REFERRAL_INFO: 20,
  PAC_REQUEST: 128,
  FOR_USER: 129,
  S4U_X509_USER: 130,
  AS_CHECKSUM: 132,
  FX_COOKIE: 133,
  AUTHENTICATION_SET: 134,
  AUTH_SET_SELECTED: 135,
  FX_FAST: 136,
  FX_ERROR: 137,
  ENCRYPTED_CHALLENGE: 138,
  OTP_CHALLENGE: 141,
  OTP_REQUEST: 142,
  OTP_PIN_CHANGE: 144,
  PKINIT_KX: 147,
  REQ_ENC_PA_REP: 149,
  KERB_KEY_LIST_REQ: 161,
  KERB_KEY_LIST_REP: 162,
  SUPPORTED_ENCTYPES: 165,
  PAC_OPTIONS: 167,
} as const

/**
 * One element of pre-authentication data:
 * `SEQUENCE { padata-type [1] Int32, padata-value [2] OCTET STRING }`. Source: RFC 4120 section
 * 5.2.7.
 */
export interface PaData {
  readonly padataType: number
  readonly padataValue: Uint8Array
}

/** Reads and writes one PA-DATA. Source: RFC 4120 section 5.2.7. */
export const PaData: Codec<PaData> = sequence<PaData>('PA-DATA', {
  padataType: field(1, Int32),
  padataValue: field(2, OctetString),
})

/** The e-data of a KDC_ERR_PREAUTH_REQUIRED. Source: RFC 4120 section 5.9.1. */
export const MethodData: Codec<readonly PaData[]> = { ...sequenceOf(PaData), name: 'METHOD-DATA' }

/**
 * Returns the value of the first element of a type; undefined if there is none.
 *
 * @example
 * ```ts
 * import { findPaData, type KdcRep, PaType } from '@s4u/krb5'
 *
 * export const hintOf = ({ padata }: KdcRep) => findPaData(padata, PaType.ETYPE_INFO2)
 * ```
 */
export function findPaData(padata: readonly PaData[] | undefined, type: number): Uint8Array | undefined {
  return padata?.find(({ padataType }) => padataType === type)?.padataValue
}

/**
 * The contents of PA-ENC-TIMESTAMP before they are sealed (key usage 1). Source: RFC 4120 section
 * 5.2.7.2.
 */
export interface PaEncTsEnc {
  readonly patimestamp: number
  readonly pausec?: number
}

/** Reads and writes PA-ENC-TS-ENC, the decrypted time stamp. Source: RFC 4120 section 5.2.7.2. */
export const PaEncTsEnc: Codec<PaEncTsEnc> = sequence<PaEncTsEnc>('PA-ENC-TS-ENC', {
  patimestamp: field(0, KerberosTime),
  pausec: optional(1, Microseconds),
})

/**
 * How the KDC derives the key of the client from the password: one entry for each encryption type,
 * best first. Source: RFC 4120 section 5.2.7.5.
 */
export interface EtypeInfo2Entry {
  readonly etype: number
  readonly salt?: string
  readonly s2kparams?: Uint8Array
}

/** Reads and writes one entry of ETYPE-INFO2. Source: RFC 4120 section 5.2.7.5. */
export const EtypeInfo2Entry: Codec<EtypeInfo2Entry> = sequence<EtypeInfo2Entry>('ETYPE-INFO2-ENTRY', {
  etype: field(0, Int32),
  salt: optional(1, KerberosString),
  s2kparams: optional(2, OctetString),
})

/** PA-ETYPE-INFO2: how the key of the client is derived. Source: RFC 4120 section 5.2.7.5. */
export const EtypeInfo2: Codec<readonly EtypeInfo2Entry[]> = { ...sequenceOf(EtypeInfo2Entry), name: 'ETYPE-INFO2' }

/**
 * The older form of EtypeInfo2Entry, with a salt of octets and without parameters. Source: RFC 4120
 * section 5.2.7.4.
 */
export interface EtypeInfoEntry {
  readonly etype: number
  readonly salt?: Uint8Array
}

/** PA-ETYPE-INFO, the older form of PA-ETYPE-INFO2. Source: RFC 4120 section 5.2.7.4. */
export const EtypeInfo: Codec<readonly EtypeInfoEntry[]> = {
  ...sequenceOf(
    sequence<EtypeInfoEntry>('ETYPE-INFO-ENTRY', { etype: field(0, Int32), salt: optional(1, OctetString) }),
  ),
  name: 'ETYPE-INFO',
}

/** Asks for a ticket with a PAC, or without one. Source: MS-KILE section 2.2.3. */
export interface PaPacRequest {
  readonly includePac: boolean
}

/** Reads and writes KERB-PA-PAC-REQUEST. Source: MS-KILE section 2.2.3. */
export const PaPacRequest: Codec<PaPacRequest> = sequence<PaPacRequest>('KERB-PA-PAC-REQUEST', {
  includePac: field(0, Bool),
})

/** Bit numbers of PA-PAC-OPTIONS. Source: MS-KILE section 2.2.10, MS-SFU section 2.2.5. */
export const PacOption = {
  CLAIMS: 0,
  BRANCH_AWARE: 1,
  FORWARD_TO_FULL_DC: 2,
  RESOURCE_BASED_CONSTRAINED_DELEGATION: 3,
} as const

/** PA-PAC-OPTIONS: what a client wants of the PAC. Source: MS-KILE section 2.2.10. */
export interface PaPacOptions {
  readonly flags: KerberosFlags
}

/** PA-PAC-OPTIONS: what a client wants of the PAC. Source: MS-KILE section 2.2.10. */
export const PaPacOptions: Codec<PaPacOptions> = sequence<PaPacOptions>('PA-PAC-OPTIONS', {
  flags: field(0, KerberosFlags),
})

/**
 * KERB-KEY-LIST-REQ (padata 161): the encryption types of which a client wants its long-term keys.
 * Source: MS-KILE section 2.2.11.
 */
export const KerbKeyListReq: Codec<readonly number[]> = { ...sequenceOf(Int32), name: 'KERB-KEY-LIST-REQ' }

/** KERB-KEY-LIST-REP (padata 162): the keys. Source: MS-KILE section 2.2.12. */
export const KerbKeyListRep: Codec<readonly Key[]> = { ...sequenceOf(EncryptionKey), name: 'KERB-KEY-LIST-REP' }

/**
 * TYPED-DATA: data that an error carries in addition to its text. Source: RFC 4120 section 5.9.1.
 */
export interface TypedDataElement {
  readonly dataType: number
  readonly dataValue?: Uint8Array
}

/**
 * TYPED-DATA: data that an error carries in addition to its text. Source: RFC 4120 section 5.9.1.
 */
export const TypedData: Codec<readonly TypedDataElement[]> = {
  ...sequenceOf(
    sequence<TypedDataElement>('TYPED-DATA', { dataType: field(0, Int32), dataValue: optional(1, OctetString) }),
    1,
  ),
  name: 'TYPED-DATA',
}

/**
 * KERB-ERROR-DATA. A `data-type` of 3 means that the value contains an NTSTATUS. Source: MS-KILE
 * section 2.2.1.
 */
export interface KerbErrorData {
  readonly dataType: number
  readonly dataValue?: Uint8Array
}

/** Reads and writes KERB-ERROR-DATA. Source: MS-KILE section 2.2.1. */
export const KerbErrorData: Codec<KerbErrorData> = sequence<KerbErrorData>('KERB-ERROR-DATA', {
  dataType: field(1, Int32),
  dataValue: optional(2, OctetString),
})

/**
 * Messages for one-time passwords. Unlike other modules of Kerberos, this one has IMPLICIT TAGS.
 * Source: RFC 6560 appendix A.
 */

import { type Codec } from '../../asn1/codec.js'
import { sequenceOf } from '../../asn1/sequence-of.js'
import { DerFault } from '../../asn1/der.js'
import { implicitField, implicitOptional, implicitSequence } from '../../asn1/implicit.js'
import { Int32, KerberosFlags, KerberosString, OctetString } from '../../asn1/primitives.js'
import { EncryptedData } from '../encrypted-data.js'

/** Bit numbers of OTPFlags. Source: RFC 6560 section 4.1. */
export const OtpFlag = {
  NEXT_OTP: 1,
  COMBINE: 2,
  COLLECT_PIN: 3,
  DO_NOT_COLLECT_PIN: 4,
  MUST_ENCRYPT_NONCE: 5,
  SEPARATE_PIN_REQUIRED: 6,
  CHECK_DIGIT: 7,
} as const

/** OTPFormat. Source: RFC 6560 section 4.1. */
export const OtpFormat = { DECIMAL: 0, HEXADECIMAL: 1, ALPHANUMERIC: 2, BINARY: 3, BASE64: 4 } as const

const Utf8String: Codec<string> = { name: 'UTF8String', tag: 0x0c, ...textUnder(0x0c) }

function textUnder(tag: number): Pick<Codec<string>, 'read' | 'write'> {
  return {
    read(reader) {
      const octets = reader.contents(tag)
      try {
        return new TextDecoder('utf-8', { fatal: true }).decode(octets)
      } catch {
        throw new DerFault('UTF-8', 'other octets')
      }
    },
    write(writer, value) {
      const mark = writer.written
      writer.octets(new TextEncoder().encode(value))
      writer.header(tag, mark)
    },
  }
}

/** An AlgorithmIdentifier as octets: s4u does not use it. */
const AnyAlgorithm: Codec<Uint8Array> = {
  name: 'AlgorithmIdentifier',
  tag: 0x30,
  read(reader) {
    const start = reader.position
    reader.skip()
    return reader.bytes.subarray(start, reader.position)
  },
  write: (writer, value) => writer.octets(value),
}

/** A token from which the KDC accepts values. Source: RFC 6560 section 4.1. */
export interface OtpTokenInfo {
  readonly flags: KerberosFlags
  readonly vendor?: string
  readonly challenge?: Uint8Array
  readonly length?: number
  readonly format?: number
  readonly tokenId?: Uint8Array
  readonly algId?: string
  readonly supportedHashAlg?: readonly Uint8Array[]
  readonly iterationCount?: number
}

const OtpTokenInfo = implicitSequence<OtpTokenInfo>('OTP-TOKENINFO', {
  flags: implicitField(0, KerberosFlags),
  vendor: implicitOptional(1, Utf8String),
  challenge: implicitOptional(2, OctetString),
  length: implicitOptional(3, Int32),
  format: implicitOptional(4, Int32),
  tokenId: implicitOptional(5, OctetString),
  algId: implicitOptional(6, Utf8String),
  supportedHashAlg: implicitOptional(7, sequenceOf(AnyAlgorithm)),
  iterationCount: implicitOptional(8, Int32),
})

/** The challenge of the KDC: the tokens that the user may use. Source: RFC 6560 section 4.1. */
export interface PaOtpChallenge {
  readonly nonce: Uint8Array
  readonly service?: string
  readonly tokenInfo: readonly OtpTokenInfo[]
  readonly salt?: string
  readonly s2kparams?: Uint8Array
}

/** Reads and writes PA-OTP-CHALLENGE. Source: RFC 6560 section 4.1. */
export const PaOtpChallenge: Codec<PaOtpChallenge> = implicitSequence<PaOtpChallenge>('PA-OTP-CHALLENGE', {
  nonce: implicitField(0, OctetString),
  service: implicitOptional(1, Utf8String),
  tokenInfo: implicitField(2, sequenceOf(OtpTokenInfo, 1)),
  salt: implicitOptional(3, KerberosString),
  s2kparams: implicitOptional(4, OctetString),
})

/**
 * The answer to a challenge. `encData` has key usage 45. The fields for hashed values, counters and
 * times are left out. Source: RFC 6560 section 4.2.
 */
export interface PaOtpRequest {
  readonly flags: KerberosFlags
  readonly nonce?: Uint8Array
  readonly encData: EncryptedData
  readonly value?: Uint8Array
  readonly pin?: string
  readonly challenge?: Uint8Array
  readonly format?: number
  readonly tokenId?: Uint8Array
  readonly algId?: string
  readonly vendor?: string
}

/** Reads and writes PA-OTP-REQUEST. Source: RFC 6560 section 4.2. */
export const PaOtpRequest: Codec<PaOtpRequest> = implicitSequence<PaOtpRequest>('PA-OTP-REQUEST', {
  flags: implicitField(0, KerberosFlags),
  nonce: implicitOptional(1, OctetString),
  encData: implicitField(2, EncryptedData),
  value: implicitOptional(5, OctetString),
  pin: implicitOptional(6, Utf8String),
  challenge: implicitOptional(7, OctetString),
  format: implicitOptional(10, Int32),
  tokenId: implicitOptional(11, OctetString),
  algId: implicitOptional(12, Utf8String),
  vendor: implicitOptional(13, Utf8String),
})

/** The contents of `encData`: the nonce of the challenge. Source: RFC 6560 section 4.2. */
export interface PaOtpEncRequest {
  readonly nonce: Uint8Array
}

/** Reads and writes PA-OTP-ENC-REQUEST. Source: RFC 6560 section 4.2. */
export const PaOtpEncRequest: Codec<PaOtpEncRequest> = implicitSequence<PaOtpEncRequest>('PA-OTP-ENC-REQUEST', {
  nonce: implicitField(0, OctetString),
})

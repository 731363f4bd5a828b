/**
 * What Active Directory adds to padata, errors and authorization data in structures that are not
 * ASN.1: a row of little-endian numbers.
 */

import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import { ConfigurationError } from '../errors/errors.js'

/**
 * Bits of PA-SUPPORTED-ENCTYPES (165) and of msDS-SupportedEncryptionTypes. Source: MS-KILE section
 * 2.2.7.
 */
export const SupportedEnctype = {
  DES_CBC_CRC: 0x1,
  DES_CBC_MD5: 0x2,
  RC4_HMAC: 0x4,
  AES128_CTS_HMAC_SHA1_96: 0x8,
  AES256_CTS_HMAC_SHA1_96: 0x10,
  /** The tickets of the account have AES session keys, whatever keys the account itself has. */
  AES256_CTS_HMAC_SHA1_96_SK: 0x20,
  FAST_SUPPORTED: 0x1_0000,
  COMPOUND_IDENTITY_SUPPORTED: 0x2_0000,
  CLAIMS_SUPPORTED: 0x4_0000,
  RESOURCE_SID_COMPRESSION_DISABLED: 0x8_0000,
} as const

/**
 * Reads PA-SUPPORTED-ENCTYPES: what the service of the ticket supports. Source: MS-KILE section
 * 2.2.8.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeSupportedEnctypes, SupportedEnctype } from '@s4u/krb5'
 *
 * export const takesClaims = (octets: Uint8Array) =>
 *   (decodeSupportedEnctypes(octets) & SupportedEnctype.CLAIMS_SUPPORTED) !== 0
 * ```
 */
export function decodeSupportedEnctypes(octets: Uint8Array): number {
  const reader = new ByteReader(octets, 'PA-SUPPORTED-ENCTYPES')
  const bits = reader.u32le('')
  reader.expectEnd()
  return bits
}

/**
 * Returns the octets of PA-SUPPORTED-ENCTYPES.
 *
 * @example
 * ```ts
 * import { encodeSupportedEnctypes, supportedEnctypeBits } from '@s4u/krb5'
 *
 * encodeSupportedEnctypes(supportedEnctypeBits([17, 18]))
 * ```
 */
export function encodeSupportedEnctypes(bits: number): Uint8Array {
  return new ByteWriter(4).u32le(bits).toBytes()
}

/**
 * Returns the bits of encryption types. Types without a bit are left out.
 *
 * @example
 * ```ts
 * import { supportedEnctypeBits } from '@s4u/krb5'
 *
 * supportedEnctypeBits([17, 18]) // 24
 * ```
 */
export function supportedEnctypeBits(etypes: readonly number[]): number {
  return etypes.reduce((bits, etype) => bits | (BITS.get(etype) ?? 0), 0)
}

/**
 * KERB_EXT_ERROR: the reason of a refusal by Windows, as an NTSTATUS. Source: MS-KILE section
 * 2.2.2.
 */
export interface KerbExtError {
  readonly status: number
  readonly flags: number
}

/**
 * The `data-type` of a KERB-ERROR-DATA, or the type of a METHOD-DATA, that contains a
 * KERB_EXT_ERROR. Source: MS-KILE section 2.2.1.
 */
export const KERB_ERR_TYPE_EXTENDED = 3

/**
 * Reads a KERB_EXT_ERROR.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeKerbExtError } from '@s4u/krb5'
 *
 * export const statusOf = (octets: Uint8Array) => decodeKerbExtError(octets).status
 * ```
 */
export function decodeKerbExtError(octets: Uint8Array): KerbExtError {
  const reader = new ByteReader(octets, 'KERB_EXT_ERROR')
  const status = reader.u32le('Status')
  reader.skip(4, 'Reserved')
  const flags = reader.u32le('Flags')
  reader.expectEnd()
  return { status, flags }
}

/**
 * Returns the octets of a KERB_EXT_ERROR.
 *
 * @example
 * ```ts
 * import { encodeKerbExtError } from '@s4u/krb5'
 *
 * encodeKerbExtError({ status: 0xc000_0072, flags: 1 })
 * ```
 */
export function encodeKerbExtError({ status, flags }: KerbExtError): Uint8Array {
  return new ByteWriter(12).u32le(status).u32le(0).u32le(flags).toBytes()
}

/**
 * LSAP_TOKEN_INFO_INTEGRITY, in a KERB-AD-RESTRICTION-ENTRY of type 0: the token of the logon of
 * the client. Source: MS-KILE section 2.2.5.
 */
export interface TokenInfoIntegrity {
  /** Bit 0: the token was restricted by User Account Control. */
  readonly flags: number
  /** A number of `TokenIntegrityLevel`. */
  readonly integrityLevel: number
  /**
   * 32 random octets that the machine of the client chose when it started. If they are equal to
   * those of this machine, the client is on this machine.
   */
  readonly machineId: Uint8Array
}

/** Integrity levels of Windows. MS-KILE section 2.2.5. */
export const TokenIntegrityLevel = {
  UNTRUSTED: 0x0000,
  LOW: 0x1000,
  MEDIUM: 0x2000,
  HIGH: 0x3000,
  SYSTEM: 0x4000,
  PROTECTED_PROCESS: 0x5000,
} as const

/**
 * Reads an LSAP_TOKEN_INFO_INTEGRITY. Octets behind it belong to later versions and are skipped.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeTokenInfoIntegrity } from '@s4u/krb5'
 *
 * export const machineOf = (octets: Uint8Array) => decodeTokenInfoIntegrity(octets).machineId
 * ```
 */
export function decodeTokenInfoIntegrity(octets: Uint8Array): TokenInfoIntegrity {
  const reader = new ByteReader(octets, 'LSAP_TOKEN_INFO_INTEGRITY')
  const flags = reader.u32le('Flags')
  const integrityLevel = reader.u32le('TokenIL')
  return { flags, integrityLevel, machineId: reader.bytes(MACHINE_ID_LENGTH, 'MachineID') }
}

/**
 * Returns the octets of an LSAP_TOKEN_INFO_INTEGRITY.
 *
 * @throws ConfigurationError if `machineId` does not have 32 octets
 *
 * @example
 * ```ts
 * import { encodeTokenInfoIntegrity, TokenIntegrityLevel } from '@s4u/krb5'
 *
 * const machineId = new Uint8Array(32)
 * encodeTokenInfoIntegrity({ flags: 0, integrityLevel: TokenIntegrityLevel.MEDIUM, machineId })
 * ```
 */
export function encodeTokenInfoIntegrity({ flags, integrityLevel, machineId }: TokenInfoIntegrity): Uint8Array {
  if (machineId.length !== MACHINE_ID_LENGTH) {
    throw new ConfigurationError(`a machine identifier has ${MACHINE_ID_LENGTH} octets, this one ${machineId.length}`)
  }
  return new ByteWriter(8 + MACHINE_ID_LENGTH).u32le(flags).u32le(integrityLevel).bytes(machineId).toBytes()
}

const MACHINE_ID_LENGTH = 32

const BITS: ReadonlyMap<number, number> = new Map([
  [1, SupportedEnctype.DES_CBC_CRC],
  [3, SupportedEnctype.DES_CBC_MD5],
  [23, SupportedEnctype.RC4_HMAC],
  [17, SupportedEnctype.AES128_CTS_HMAC_SHA1_96],
  [18, SupportedEnctype.AES256_CTS_HMAC_SHA1_96],
])

import { primitives } from '#primitives'
import { joinOctets, uint32LittleEndian, utf8 } from '../algorithms/octets.js'

/** The checksum type number of KERB_CHECKSUM_HMAC_MD5 (RFC 4757 section 4). */
export const HMAC_MD5_CHECKSUM = -138

/** The octets of this checksum. */
export const HMAC_MD5_LENGTH = 16

/** Computes KERB_CHECKSUM_HMAC_MD5 (RFC 4757 section 4) with these octets as the key. */
export function hmacMd5(keyValue: Uint8Array, usage: number, data: Uint8Array): Uint8Array {
  const signingKey = primitives.hmac('md5', keyValue, utf8('signaturekey\0'))
  const digest = primitives.digest('md5', joinOctets(rc4MessageType(usage), data))
  const checksum = primitives.mac('md5', signingKey, digest)
  signingKey.fill(0)
  return checksum
}

/**
 * Returns the message type T that stands for a key usage number (RFC 4757 section 3), as four
 * octets.
 *
 * Usage 9 is not changed to 8: an erratum of that section says so, and Windows and MIT do so.
 */
export function rc4MessageType(usage: number): Uint8Array {
  return uint32LittleEndian(MESSAGE_TYPES.get(usage) ?? usage)
}

const MESSAGE_TYPES: ReadonlyMap<number, number> = new Map([
  [3, 8],
  [23, 13],
])

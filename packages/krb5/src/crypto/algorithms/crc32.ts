import { uint32LittleEndian } from './octets.js'

/**
 * Computes the CRC-32 of Kerberos (RFC 3961 section 6.1.3): the polynomial of ISO 3309 with nothing
 * complemented, least significant octet first. It protects from accidents, and from no attacker.
 */
export function kerberosCrc32(data: Uint8Array): Uint8Array {
  let remainder = 0
  for (const octet of data) {
    remainder ^= octet
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0)
  }
  return uint32LittleEndian(remainder)
}

import type { RandomSource } from '@s4u/krb5'

/**
 * Returns a first sequence number of 30 bits: implementations that keep it in 32 signed bits then
 * have room to count. Source: RFC 4120 section 5.5.1.
 */
export function randomSequenceNumber(random: RandomSource): number {
  const [a, b, c, d] = random(4)
  return ((a & 0x3f) << 24) | (b << 16) | (c << 8) | d
}

import { primitives } from '#primitives'

/**
 * Tells whether two arrays have the same octets. Checksums and keys are compared only here.
 *
 * The comparison takes the same time wherever the first difference is: otherwise an attacker could
 * find a checksum octet by octet. Only a difference in length shows, and lengths are public.
 */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && primitives.sameOctets(a, b)
}

/** Throws `refusal()` unless the received checksum is the computed one. */
export function requireSameChecksum(computed: Uint8Array, received: Uint8Array, refusal: () => Error): void {
  if (!equalInConstantTime(computed, received)) throw refusal()
}

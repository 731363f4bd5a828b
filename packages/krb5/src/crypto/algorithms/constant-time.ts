import { primitives } from '#primitives'

/**
 * The one place where checksums and keys are compared.
 *
 * Takes the same time wherever the first difference is; only a difference in length, which is public, shows.
 */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && primitives.sameOctets(a, b)
}

/** Returns when the received checksum is the computed one, throws `refusal()` when it is not. */
export function requireSameChecksum(computed: Uint8Array, received: Uint8Array, refusal: () => Error): void {
  if (!equalInConstantTime(computed, received)) throw refusal()
}

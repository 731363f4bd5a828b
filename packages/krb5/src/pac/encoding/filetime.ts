/** A time in steps of 100 nanoseconds since 1601-01-01 UTC. MS-DTYP section 2.3.3. */
export type Filetime = bigint

/**
 * The FILETIME that means "never": an account that does not expire, or a user who need not log off.
 * MS-PAC section 2.5.
 */
export const FILETIME_NEVER: Filetime = 0x7fff_ffff_ffff_ffffn

/**
 * Converts to milliseconds since 1970. "Never" becomes `Infinity`, so that comparisons still work.
 *
 * @example
 * ```ts
 * import { millisecondsOfFiletime } from '@s4u/krb5'
 *
 * millisecondsOfFiletime(116_444_736_000_000_000n) // 0
 * ```
 */
export function millisecondsOfFiletime(filetime: Filetime): number {
  return filetime >= FILETIME_NEVER ? Infinity : Number(filetime / STEPS_PER_MILLISECOND - MILLISECONDS_TO_1970)
}

/**
 * Converts milliseconds since 1970. `Infinity` becomes {@link FILETIME_NEVER}.
 *
 * @example
 * ```ts
 * import { filetimeOfMilliseconds } from '@s4u/krb5'
 *
 * filetimeOfMilliseconds(0) // 116444736000000000n
 * ```
 */
export function filetimeOfMilliseconds(milliseconds: number): Filetime {
  if (milliseconds === Infinity) return FILETIME_NEVER
  return (BigInt(Math.floor(milliseconds)) + MILLISECONDS_TO_1970) * STEPS_PER_MILLISECOND
}

const STEPS_PER_MILLISECOND = 10_000n
const MILLISECONDS_TO_1970 = 11_644_473_600_000n

/** 100-nanosecond steps since 1601-01-01 UTC. MS-DTYP section 2.3.3. */
export type Filetime = bigint

/** The FILETIME that says "never": an account that does not expire, a user who need not log off. MS-PAC section 2.5. */
export const FILETIME_NEVER: Filetime = 0x7fff_ffff_ffff_ffffn

/** Milliseconds since 1970; `Infinity` for never, so that comparisons still hold. */
export function millisecondsOfFiletime(filetime: Filetime): number {
  return filetime >= FILETIME_NEVER ? Infinity : Number(filetime / STEPS_PER_MILLISECOND - MILLISECONDS_TO_1970)
}

/** The FILETIME of milliseconds since 1970; {@link FILETIME_NEVER} for `Infinity`. */
export function filetimeOfMilliseconds(milliseconds: number): Filetime {
  if (milliseconds === Infinity) return FILETIME_NEVER
  return (BigInt(Math.floor(milliseconds)) + MILLISECONDS_TO_1970) * STEPS_PER_MILLISECOND
}

const STEPS_PER_MILLISECOND = 10_000n
const MILLISECONDS_TO_1970 = 11_644_473_600_000n

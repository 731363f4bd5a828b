import type { Pac } from '@s4u/krb5'

/** A value of a claim. */
export type ClaimValue = string | boolean | bigint

/**
 * What the directory says of a user, by claim id (`ad://ext/department:88d06a3b`). Integers are
 * bigint, because they have 64 bits.
 */
export interface UserClaims {
  readonly [id: string]: readonly ClaimValue[] | undefined
}

/**
 * Returns the claims of a PAC, of all its sources together. They are decoded on first use.
 * @throws MalformedTokenError
 */
export function userClaimsOf(pac: Pac | undefined): UserClaims {
  if (pac?.clientClaims === undefined) return NO_CLAIMS
  const before = known.get(pac)
  if (before !== undefined) return before
  const claims = pac.clientClaims.flatMap((array) => array.claims)
  const frozen = frozenClaims(claims.map(({ id, values }) => [id, values]))
  known.set(pac, frozen)
  return frozen
}

/**
 * Returns a frozen copy. It has no prototype, so that an id such as `__proto__` is an id like any
 * other.
 */
export function frozenClaims(entries: Iterable<readonly [string, readonly ClaimValue[] | undefined]>): UserClaims {
  const claims: Record<string, readonly ClaimValue[]> = Object.create(null)
  for (const [id, values = []] of entries) claims[id] = Object.freeze([...(claims[id] ?? []), ...values])
  return Object.freeze(claims)
}

/** Returns the claims for JSON, which has no integers of 64 bits: they become text. */
export function printableClaims(claims: UserClaims): object {
  const printable = (value: ClaimValue): string | boolean => (typeof value === 'bigint' ? String(value) : value)
  return Object.fromEntries(Object.entries(claims).map(([id, values = []]) => [id, values.map(printable)]))
}

const known = new WeakMap<Pac, UserClaims>()

const NO_CLAIMS = frozenClaims([])

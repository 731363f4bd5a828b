import type { Pac } from '@s4u/krb5'

export type ClaimValue = string | boolean | bigint

/**
 * What the directory says of a user, by claim id (`ad://ext/department:88d06a3b`). Integers are
 * bigint, as they are 64 bits long.
 */
export interface UserClaims {
  readonly [id: string]: readonly ClaimValue[] | undefined
}

/**
 * The claims of a PAC, of all sources together. Decoded when they are asked for first. @throws
 * MalformedTokenError
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
 * A copy that nobody can change. Whatever an id is called (`__proto__`), it is an id and nothing
 * else.
 */
export function frozenClaims(entries: Iterable<readonly [string, readonly ClaimValue[] | undefined]>): UserClaims {
  const claims: Record<string, readonly ClaimValue[]> = Object.create(null)
  for (const [id, values = []] of entries) claims[id] = Object.freeze([...(claims[id] ?? []), ...values])
  return Object.freeze(claims)
}

/** The same for JSON, which has no integers of this size: they become text. */
export function printableClaims(claims: UserClaims): object {
  const printable = (value: ClaimValue): string | boolean => (typeof value === 'bigint' ? String(value) : value)
  return Object.fromEntries(Object.entries(claims).map(([id, values = []]) => [id, values.map(printable)]))
}

const known = new WeakMap<Pac, UserClaims>()

const NO_CLAIMS = frozenClaims([])

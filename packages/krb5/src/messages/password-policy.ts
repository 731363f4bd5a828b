/**
 * Reads the password policy that Active Directory sends with a refusal in place of a text: a row of
 * big-endian numbers behind two zero octets. Microsoft does not document it; MIT krb5 does
 * (`ad_policy_info` in `src/lib/krb5/krb/chpw.c`).
 */

import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'

/**
 * What a domain demands of passwords. Durations are milliseconds; 0 means that there is no such
 * rule.
 */
export interface PasswordPolicy {
  /** The least number of characters. */
  readonly minimumLength: number
  /** How many of the last passwords must not be used again. */
  readonly historyLength: number
  /** The bits as they were sent: DOMAIN_PASSWORD_COMPLEX is 1. Source: MS-SAMR section 2.2.3.9. */
  readonly properties: number
  /**
   * True if a password needs three kinds of characters and must not contain the name of the user.
   */
  readonly complexity: boolean
  /** How long a password is valid. */
  readonly maximumAge: number
  /** How old a password must be before it may be changed again. */
  readonly minimumAge: number
}

/**
 * Returns the policy in the text of a result; undefined if it is a text for people.
 *
 * @example
 * ```ts
 * import { decodePasswordPolicy, type KpasswdResult } from '@s4u/krb5'
 *
 * export const lengthOf = ({ text }: KpasswdResult) => decodePasswordPolicy(text)?.minimumLength
 * ```
 */
export function decodePasswordPolicy(octets: Uint8Array): PasswordPolicy | undefined {
  if (octets.length !== LENGTH || octets[0] !== 0 || octets[1] !== 0) return undefined
  const reader = new ByteReader(octets.subarray(2), 'password policy')
  const minimumLength = reader.u32be('min-length')
  const historyLength = reader.u32be('history')
  const properties = reader.u32be('properties')
  const maximumAge = milliseconds(reader.u64be('max-age'))
  const minimumAge = milliseconds(reader.u64be('min-age'))
  const complexity = (properties & DOMAIN_PASSWORD_COMPLEX) !== 0
  return { minimumLength, historyLength, properties, complexity, maximumAge, minimumAge }
}

/**
 * Returns the octets that Active Directory sends for a policy.
 *
 * @example
 * ```ts
 * import { decodePasswordPolicy, encodePasswordPolicy } from '@s4u/krb5'
 *
 * export const copyOf = (octets: Uint8Array) => {
 *   const policy = decodePasswordPolicy(octets)
 *   return policy && encodePasswordPolicy(policy)
 * }
 * ```
 */
export function encodePasswordPolicy(policy: Omit<PasswordPolicy, 'complexity'>): Uint8Array {
  const { minimumLength, historyLength, properties, maximumAge, minimumAge } = policy
  const writer = new ByteWriter(LENGTH).u16be(0).u32be(minimumLength).u32be(historyLength).u32be(properties)
  return writer.u64be(ticks(maximumAge)).u64be(ticks(minimumAge)).toBytes()
}

const LENGTH = 30
const DOMAIN_PASSWORD_COMPLEX = 1
/** Durations are counted in units of 100 ns. */
const TICKS_PER_MILLISECOND = 10_000n
/** The number that stands for "never": the least number of 64 bits with a sign. */
const NEVER = 1n << 63n

function milliseconds(value: bigint): number {
  return value >= NEVER ? 0 : Number(value / TICKS_PER_MILLISECOND)
}

function ticks(duration: number): bigint {
  return BigInt(Math.round(duration)) * TICKS_PER_MILLISECOND
}

/**
 * The rules for passwords that Active Directory sends with a refusal, in place of a text: numbers in
 * a row, big-endian, behind two octets of zero. No document of Microsoft has it; MIT krb5 has (`ad_policy_info` in
 * `src/lib/krb5/krb/chpw.c`).
 */

import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'

/** What a domain asks of passwords. Durations in milliseconds, 0 where there is no such rule. */
export interface PasswordPolicy {
  /** Characters at least. */
  readonly minimumLength: number
  /** How many of the last passwords may not be used again. */
  readonly historyLength: number
  /** The bits as they were sent: DOMAIN_PASSWORD_COMPLEX is 1. Source: MS-SAMR section 2.2.3.9. */
  readonly properties: number
  /** Characters of three kinds, and nothing of the user's name. */
  readonly complexity: boolean
  /** How long a password is good. */
  readonly maximumAge: number
  /** How long it must be kept before it may be changed again. */
  readonly minimumAge: number
}

/** The policy in the text of a result; undefined where it is a text. */
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

export function encodePasswordPolicy(policy: Omit<PasswordPolicy, 'complexity'>): Uint8Array {
  const { minimumLength, historyLength, properties, maximumAge, minimumAge } = policy
  const writer = new ByteWriter(LENGTH).u16be(0).u32be(minimumLength).u32be(historyLength).u32be(properties)
  return writer.u64be(ticks(maximumAge)).u64be(ticks(minimumAge)).toBytes()
}

const LENGTH = 30
const DOMAIN_PASSWORD_COMPLEX = 1
/** Durations are counted in units of 100 ns. */
const TICKS_PER_MILLISECOND = 10_000n
/** "Never" is written so, the least number of 64 bits with its sign. */
const NEVER = 1n << 63n

function milliseconds(value: bigint): number {
  return value >= NEVER ? 0 : Number(value / TICKS_PER_MILLISECOND)
}

function ticks(duration: number): bigint {
  return BigInt(Math.round(duration)) * TICKS_PER_MILLISECOND
}

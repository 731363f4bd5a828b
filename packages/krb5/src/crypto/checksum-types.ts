/**
 * Checksums by their number on the wire (RFC 3961 section 8), for messages that say which type they
 * carry.
 *
 * This is a list of what is allowed: a keyed checksum counts only if its type is the one that
 * belongs to the key. Believing whatever type the peer wrote was CVE-2016-2126 and CVE-2018-16860.
 */
import { primitives } from '#primitives'
import { ConfigurationError, RejectedTokenError } from '../errors/errors.js'
import { requireSameChecksum } from './algorithms/constant-time.js'
import { kerberosCrc32 } from './algorithms/crc32.js'
import { hmacMd5Checksum } from './hmac-md5.js'
import { modified } from './key.js'
import { md4 } from './algorithms/md4.js'
import { HMAC_MD5_CHECKSUM } from './encryption-types/rc4-checksum.js'
import type { Key } from './key.js'

export { hmacMd5Checksum }

export interface ChecksumPolicy {
  /**
   * Whether KERB_CHECKSUM_HMAC_MD5 (-138) may be made with a key of any type, as MS-SFU section
   * 2.2.1 demands. Default: false.
   */
  readonly hmacMd5WithAnyKey?: boolean
}

/**
 * Computes the checksum of `data` with a type that is given by its number.
 *
 * @throws ConfigurationError KDC_ERR_SUMTYPE_NOSUPP if the type does not belong to the key
 *
 * @example
 * ```ts
 * import { Key, KeyUsage, makeChecksum } from '@s4u/krb5'
 *
 * makeChecksum(Key.random(18), 16, KeyUsage.KRB_SAFE, new Uint8Array(3))
 * ```
 */
export function makeChecksum(
  key: Key,
  type: number,
  usage: number,
  data: Uint8Array,
  policy: ChecksumPolicy = {},
): Uint8Array {
  const checksum = checksumOfType(key, type, usage, data, policy)
  if (checksum !== undefined) return checksum
  throw new ConfigurationError(`the checksum type ${checksumTypeName(type)} does not fit ${key.encryptionType.name}`, {
    code: 'KDC_ERR_SUMTYPE_NOSUPP',
  })
}

/**
 * Throws unless `checksum` is the checksum of `data`, made with this key.
 *
 * @throws RejectedTokenError KRB_AP_ERR_INAPP_CKSUM if the type does not belong to the key (an
 * unkeyed type never does); KRB_AP_ERR_MODIFIED if the checksum is wrong
 *
 * @example
 * ```ts
 * import { type Checksum, type Key, verifyChecksumOfType } from '@s4u/krb5'
 *
 * export function check(key: Key, data: Uint8Array, { cksumtype, checksum }: Checksum): void {
 *   verifyChecksumOfType(key, cksumtype, 15, data, checksum)
 * }
 * ```
 */
export function verifyChecksumOfType(
  key: Key,
  type: number,
  usage: number,
  data: Uint8Array,
  checksum: Uint8Array,
  policy: ChecksumPolicy = {},
): void {
  const computed = checksumOfType(key, type, usage, data, policy)
  if (computed === undefined) {
    const what = type in UNKEYED ? 'is not keyed, so anyone can make it' : `does not fit ${key.encryptionType.name}`
    throw new RejectedTokenError(`the checksum type ${checksumTypeName(type)} ${what}`, {
      code: 'KRB_AP_ERR_INAPP_CKSUM',
    })
  }
  requireSameChecksum(computed, checksum, modified)
}

/**
 * Computes an unkeyed checksum: crc32 (1), rsa-md4 (2), rsa-md5 (7), sha1 (10 and 14). It proves
 * nothing about who made the data, and may stand only inside of something that is encrypted.
 *
 * @throws ConfigurationError KDC_ERR_SUMTYPE_NOSUPP for other types
 *
 * @example
 * ```ts
 * import { makeUnkeyedChecksumThatProvesNothing } from '@s4u/krb5'
 *
 * makeUnkeyedChecksumThatProvesNothing(7, new Uint8Array(3)) // MD5
 * ```
 */
export function makeUnkeyedChecksumThatProvesNothing(type: number, data: Uint8Array): Uint8Array {
  if (type in UNKEYED) return UNKEYED[type].compute(data)
  throw new ConfigurationError(`the checksum type ${checksumTypeName(type)} is not an unkeyed one`, {
    code: 'KDC_ERR_SUMTYPE_NOSUPP',
  })
}

/**
 * Returns the name of a checksum type, for messages: `hmac-sha1-96-aes256`, `cksumtype 99`.
 *
 * @example
 * ```ts
 * import { checksumTypeName } from '@s4u/krb5'
 *
 * checksumTypeName(16) // 'hmac-sha1-96-aes256'
 * ```
 */
export function checksumTypeName(type: number): string {
  return KEYED_NAMES.get(type) ?? UNKEYED[type]?.name ?? `cksumtype ${type}`
}

function checksumOfType(
  key: Key,
  type: number,
  usage: number,
  data: Uint8Array,
  policy: ChecksumPolicy,
): Uint8Array | undefined {
  if (type === key.checksumType) return key.checksum(usage, data)
  if (type === HMAC_MD5_CHECKSUM && policy.hmacMd5WithAnyKey) return hmacMd5Checksum(key, usage, data)
  return undefined
}

interface UnkeyedChecksum {
  readonly name: string
  compute(data: Uint8Array): Uint8Array
}

const sha1: UnkeyedChecksum = { name: 'sha1', compute: (data) => primitives.digest('sha1', data) }

const UNKEYED: Readonly<Record<number, UnkeyedChecksum>> = {
  1: { name: 'crc32', compute: kerberosCrc32 },
  2: { name: 'rsa-md4', compute: md4 },
  7: { name: 'rsa-md5', compute: (data) => primitives.digest('md5', data) },
  10: sha1,
  14: sha1,
}

const KEYED_NAMES: ReadonlyMap<number, string> = new Map([
  [12, 'hmac-sha1-des3-kd'],
  [15, 'hmac-sha1-96-aes128'],
  [16, 'hmac-sha1-96-aes256'],
  [17, 'cmac-camellia128'],
  [18, 'cmac-camellia256'],
  [19, 'hmac-sha256-128-aes128'],
  [20, 'hmac-sha384-192-aes256'],
  [HMAC_MD5_CHECKSUM, 'hmac-md5'],
])

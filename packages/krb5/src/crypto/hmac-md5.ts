import { hmacMd5 } from './encryption-types/rc4-checksum.js'
import type { Key } from './key.js'

/**
 * Computes KERB_CHECKSUM_HMAC_MD5 (-138, RFC 4757 section 4) with a key of any encryption type.
 * MS-SFU section 2.2.1 demands it in PA-FOR-USER, whatever type the session key has.
 *
 * @example
 * ```ts
 * import { hmacMd5Checksum, KeyUsage } from '@s4u/krb5'
 *
 * const data = new TextEncoder().encode('aliceAD.TESTKerberos')
 * console.log(hmacMd5Checksum(new Uint8Array(16), KeyUsage.NON_KERB_CHECKSUM, data).length) // 16
 * ```
 */
export function hmacMd5Checksum(key: Key | Uint8Array, usage: number, data: Uint8Array): Uint8Array {
  const value = key instanceof Uint8Array ? key.slice() : key.exposeSecretBytes()
  const checksum = hmacMd5(value, usage, data)
  value.fill(0)
  return checksum
}

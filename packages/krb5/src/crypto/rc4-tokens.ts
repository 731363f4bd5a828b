import { primitives } from '#primitives'
import { rc4 } from './algorithms/rc4.js'
import type { Key } from './key.js'

/**
 * Applies one of the two ciphers of the GSS-API tokens of rc4-hmac (RFC 4757 section 7.3), which
 * are RC4 with derived keys. The checksums of these tokens are `key.checksum` with usage 15 for MIC
 * tokens and 13 for Wrap tokens, cut to 8 octets.
 *
 * @param purpose `sequence` hides SND_SEQ; `seal` hides confounder and message
 * @param salt for `sequence` the checksum of the token; for `seal` the sequence number, most
 * significant octet first
 *
 * @example
 * ```ts
 * import { type Key, rc4TokenCipher } from '@s4u/krb5'
 *
 * export function hideNumber(key: Key, checksum: Uint8Array, number: Uint8Array): Uint8Array {
 *   return rc4TokenCipher(key, 'sequence', checksum, number)
 * }
 * ```
 */
export function rc4TokenCipher(key: Key, purpose: 'sequence' | 'seal', salt: Uint8Array, data: Uint8Array): Uint8Array {
  const value = key.exposeSecretBytes()
  if (purpose === 'seal') for (let i = 0; i < value.length; i++) value[i] ^= 0xf0
  const local = primitives.hmac('md5', value, new Uint8Array(4))
  const cipherKey = primitives.hmac('md5', local, salt)
  const output = rc4(cipherKey, data)
  for (const secret of [value, local, cipherKey]) secret.fill(0)
  return output
}

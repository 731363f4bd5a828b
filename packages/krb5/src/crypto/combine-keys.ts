import { Key } from './key.js'
import { joinOctets, utf8 } from './algorithms/octets.js'

/**
 * Computes KRB-FX-CF2 (RFC 6113 section 5.1): a key of the type of `first` that only somebody who
 * knows both keys can have.
 *
 * @example
 * ```ts
 * import { combineKeys, type Key } from '@s4u/krb5'
 *
 * export const armorKey = (subkey: Key, sessionKey: Key) =>
 *   combineKeys(subkey, sessionKey, 'subkeyarmor', 'ticketarmor')
 * ```
 */
export function combineKeys(first: Key, second: Key, firstPepper: string, secondPepper: string): Key {
  const { etype, keyLength } = first.encryptionType
  const seed = prfPlus(first, utf8(firstPepper), keyLength)
  const other = prfPlus(second, utf8(secondPepper), keyLength)
  for (let i = 0; i < keyLength; i++) seed[i] ^= other[i]
  const combined = new Key(etype, seed)
  seed.fill(0)
  other.fill(0)
  return combined
}

/**
 * Computes PRF+ (RFC 6113 section 5.1): prf(1 | pepper), prf(2 | pepper), … up to `length` octets.
 */
function prfPlus(key: Key, pepper: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(length)
  for (let at = 0, counter = 1; at < length; counter++) {
    const part = key.prf(joinOctets(Uint8Array.of(counter), pepper)).subarray(0, length - at)
    output.set(part, at)
    at += part.length
  }
  return output
}

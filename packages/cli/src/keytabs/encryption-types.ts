import { encryptionTypeByName } from '@s4u/krb5'
import { UsageError } from '../usage-error.js'

/**
 * Returns the numbers of the named encryption types; undefined without names. @throws UsageError
 */
export function encryptionTypesOf(names: readonly string[]): readonly number[] | undefined {
  if (names.length === 0) return undefined
  return names.map((name) => {
    const type = encryptionTypeByName(name)
    if (type !== undefined) return type.etype
    throw new UsageError(
      'an encryption type is not known',
      'Write it as klist -e shows it: aes256-cts-hmac-sha1-96, aes128-cts-hmac-sha1-96, rc4-hmac.',
    )
  })
}

/**
 * Reads lists of encryption types as krb5.conf writes them. Source: MIT krb5 documentation,
 * "krb5.conf", permitted_enctypes, and "kdc.conf", Encryption types.
 */

import { DEFAULT_ETYPES, ENCRYPTION_TYPES, encryptionTypesByName } from '../crypto/registry.js'
import { ConfigurationError } from '../errors/errors.js'

export interface EncryptionTypeList {
  /** The numbers, best first, each once. */
  readonly etypes: readonly number[]
  /** The words of the list that add no type: unknown, refused, or weak where nothing allows it. */
  readonly leftOut: readonly string[]
}

/**
 * Reads a list such as `aes256-cts aes128-cts`, `aes, -aes128-cts` or `DEFAULT +rc4-hmac`. Unknown
 * words are left out, as MIT does, and so are weak types unless `weak` is true.
 */
export function readEncryptionTypeList(text: string, { weak }: { readonly weak: boolean }): EncryptionTypeList {
  const etypes: number[] = []
  const leftOut: string[] = []
  for (const word of text.split(/[\s,]+/).filter((one) => one !== '')) {
    const isRemoved = word.startsWith('-')
    const named = etypesNamed(word.replace(/^[+-]/, ''))
    const usable = named.filter((etype) => weak || !WEAK.has(etype))
    if (usable.length === 0) leftOut.push(word)
    for (const etype of usable) {
      const at = etypes.indexOf(etype)
      if (isRemoved && at >= 0) etypes.splice(at, 1)
      if (!isRemoved && at < 0) etypes.push(etype)
    }
  }
  return { etypes, leftOut }
}

const WEAK: ReadonlySet<number> = new Set(ENCRYPTION_TYPES.filter(({ weak }) => weak).map(({ etype }) => etype))

function etypesNamed(name: string): readonly number[] {
  if (name.toLowerCase() === 'default') return DEFAULT_ETYPES
  try {
    return encryptionTypesByName(name).map(({ etype }) => etype)
  } catch (error) {
    if (error instanceof ConfigurationError) return []
    throw error
  }
}

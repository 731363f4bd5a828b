import { ConfigurationError } from '../errors/errors.js'
import { shownInput } from '../errors/shown-input.js'
import { aes128Sha1, aes256Sha1 } from './encryption-types/aes-sha1.js'
import { aes128Sha2, aes256Sha2 } from './encryption-types/aes-sha2.js'
import { camellia128, camellia256 } from './encryption-types/camellia.js'
import { rc4Hmac } from './encryption-types/rc4-hmac.js'
import type { EncryptionType } from './encryption-types/encryption-type.js'

/**
 * Every encryption type that works, in the order of preference: first the types that Active
 * Directory, MIT, Heimdal and FreeIPA all have, then the SHA-2 types, then Camellia, then the weak
 * one.
 */
export const ENCRYPTION_TYPES: readonly EncryptionType[] = Object.freeze([
  aes256Sha1,
  aes128Sha1,
  aes256Sha2,
  aes128Sha2,
  camellia256,
  camellia128,
  rc4Hmac,
])

/**
 * The numbers of the encryption types to offer and to accept if nothing else is configured: all but
 * the weak ones, best first. The list is frozen, since every client of the process offers it.
 */
export const DEFAULT_ETYPES: readonly number[] = Object.freeze(
  ENCRYPTION_TYPES.filter((type) => !type.weak).map(({ etype }) => etype),
)

/**
 * Types that are known by name, so that a keytab or the offer of a KDC can be printed, and that are
 * never used: number, names.
 */
const REFUSED: readonly (readonly [number, ...string[]])[] = [
  [1, 'des-cbc-crc'],
  [2, 'des-cbc-md4'],
  [3, 'des-cbc-md5', 'des'],
  [5, 'des3-cbc-md5'],
  [7, 'des3-cbc-sha1'],
  [16, 'des3-cbc-sha1-kd', 'des3-hmac-sha1', 'des3'],
  [24, 'rc4-hmac-exp', 'arcfour-hmac-exp', 'arcfour-hmac-md5-exp'],
]

/** The families of types that have a name in krb5.conf of MIT. */
const FAMILIES: ReadonlyMap<string, readonly EncryptionType[]> = new Map([
  ['aes', [aes256Sha1, aes128Sha1, aes256Sha2, aes128Sha2]],
  ['camellia', [camellia256, camellia128]],
  ['rc4', [rc4Hmac]],
])

const byNumber: ReadonlyMap<number, EncryptionType> = new Map(ENCRYPTION_TYPES.map((type) => [type.etype, type]))
const byName: ReadonlyMap<string, EncryptionType> = new Map(
  ENCRYPTION_TYPES.flatMap((type) => [type.name, ...type.aliases].map((name) => [name, type])),
)
const refusedByNumber: ReadonlyMap<number, string> = new Map(REFUSED.map(([etype, name]) => [etype, name]))
const refusedByName: ReadonlyMap<string, string> = new Map(
  REFUSED.flatMap(([, ...names]) => names.map((name) => [name, names[0]])),
)

/**
 * Returns the encryption type of a number; undefined if it is unknown or refused.
 *
 * @example
 * ```ts
 * import { findEncryptionType } from '@s4u/krb5'
 *
 * findEncryptionType(18)?.keyLength // 32
 * ```
 */
export function findEncryptionType(etype: number): EncryptionType | undefined {
  return byNumber.get(etype)
}

/**
 * Returns the encryption type of a number.
 *
 * @throws ConfigurationError KDC_ERR_ETYPE_NOSUPP if it is unknown or refused
 */
export function requireEncryptionType(etype: number): EncryptionType {
  const type = byNumber.get(etype)
  if (type !== undefined) return type
  const name = refusedByNumber.get(etype)
  throw name === undefined ? unknownType(`${etype}`) : refusedType(name)
}

/**
 * Returns the encryption type of a name or an alias, in any letter case. The name of a family
 * stands for its best member.
 *
 * @throws ConfigurationError KDC_ERR_ETYPE_NOSUPP if it is unknown or refused
 *
 * @example
 * ```ts
 * import { encryptionTypeByName } from '@s4u/krb5'
 *
 * encryptionTypeByName('aes256-cts').etype // 18
 * ```
 */
export function encryptionTypeByName(name: string): EncryptionType {
  return encryptionTypesByName(name)[0]
}

/**
 * Returns all members of a family (`aes`, `camellia`, `rc4`), best first, or the one type of
 * another name.
 *
 * @throws ConfigurationError KDC_ERR_ETYPE_NOSUPP if the name is unknown or refused
 *
 * @example
 * ```ts
 * import { encryptionTypesByName } from '@s4u/krb5'
 *
 * encryptionTypesByName('aes').map(({ etype }) => etype)
 * ```
 */
export function encryptionTypesByName(name: string): readonly EncryptionType[] {
  const lower = name.toLowerCase()
  const family = FAMILIES.get(lower)
  if (family !== undefined) return family
  const type = byName.get(lower)
  if (type !== undefined) return [type]
  const refused = refusedByName.get(lower)
  throw refused === undefined ? unknownType(shownInput(name)) : refusedType(refused)
}

/**
 * Returns the name of an encryption type, for messages, also of a type that does not work:
 * `aes256-cts-hmac-sha1-96`, `etype 99`.
 *
 * @example
 * ```ts
 * import { encryptionTypeName } from '@s4u/krb5'
 *
 * encryptionTypeName(18) // 'aes256-cts-hmac-sha1-96'
 * ```
 */
export function encryptionTypeName(etype: number): string {
  return byNumber.get(etype)?.name ?? refusedByNumber.get(etype) ?? `etype ${etype}`
}

function unknownType(what: string): ConfigurationError {
  return new ConfigurationError(`the encryption type ${what} is not known`, {
    code: 'KDC_ERR_ETYPE_NOSUPP',
    hint: `Known are ${ENCRYPTION_TYPES.map(({ name, etype }) => `${name} (${etype})`).join(', ')}.`,
  })
}

function refusedType(name: string): ConfigurationError {
  return new ConfigurationError(`the encryption type ${name} is refused: it can be broken by anyone`, {
    code: 'KDC_ERR_ETYPE_NOSUPP',
    hint: 'DES (RFC 6649), triple DES and the export variant of RC4 (RFC 8429) are not implemented. Give the account AES keys: set msDS-SupportedEncryptionTypes to 24 or more and change its password, or write a new keytab.',
  })
}

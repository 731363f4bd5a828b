import { describe, expect, test } from 'vitest'
import {
  DEFAULT_ETYPES,
  ENCRYPTION_TYPES,
  encryptionTypeByName,
  encryptionTypeName,
  encryptionTypesByName,
  findEncryptionType,
  requireEncryptionType,
} from './registry.js'

describe('the encryption types', () => {
  test('are found by number, by name and by every alias', () => {
    for (const type of ENCRYPTION_TYPES) {
      expect(findEncryptionType(type.etype)).toBe(type)
      expect(requireEncryptionType(type.etype)).toBe(type)
      for (const name of [type.name, ...type.aliases]) {
        expect(encryptionTypeByName(name)).toBe(type)
        expect(encryptionTypeByName(name.toUpperCase())).toBe(type)
      }
    }
  })

  test.each([
    ['aes256-cts', 18],
    ['aes256-cts-hmac-sha1-96', 18],
    ['aes128-cts', 17],
    ['aes', 18],
    ['aes256-sha2', 20],
    ['rc4', 23],
    ['rc4-hmac', 23],
    ['arcfour-hmac', 23],
    ['camellia', 26],
    ['camellia128-cts', 25],
  ])('are known to krb5.conf as %s', (name, etype) => {
    expect(encryptionTypeByName(name).etype).toBe(etype)
  })

  test('come in families', () => {
    expect(encryptionTypesByName('aes').map(({ etype }) => etype)).toEqual([18, 17, 20, 19])
    expect(encryptionTypesByName('aes256-cts').map(({ etype }) => etype)).toEqual([18])
  })

  test('are offered best first, and the weak ones never unasked', () => {
    expect(DEFAULT_ETYPES).toEqual([18, 17, 20, 19, 26, 25])
    expect(ENCRYPTION_TYPES.filter(({ weak }) => weak).map(({ etype }) => etype)).toEqual([23])
  })

  test('cannot be changed by one user of the process for all others', () => {
    expect(() => Reflect.apply(Array.prototype.push, DEFAULT_ETYPES, [23])).toThrow(TypeError)
    expect(() => Reflect.apply(Array.prototype.pop, ENCRYPTION_TYPES, [])).toThrow(TypeError)
  })

  test.each(['des-cbc-crc', 'des-cbc-md4', 'des-cbc-md5', 'des3-cbc-sha1', 'DES3-CBC-SHA1-KD', 'arcfour-hmac-exp'])(
    'do not include %s, and say why',
    (name) => {
      expect(() => encryptionTypeByName(name)).toThrow(/is refused/)
    },
  )

  test.each([1, 2, 3, 16, 24])('refuse number %i and still print its name', (etype) => {
    expect(findEncryptionType(etype)).toBeUndefined()
    expect(() => requireEncryptionType(etype)).toThrow(/is refused/)
    expect(encryptionTypeName(etype)).toMatch(/^(des|rc4)/)
  })

  test('do not include what nobody knows', () => {
    const unknown = expect.objectContaining({ name: 'ConfigurationError', code: 'KDC_ERR_ETYPE_NOSUPP' })
    expect(() => encryptionTypeByName('rot13')).toThrow(unknown)
    expect(() => encryptionTypeByName('__proto__')).toThrow(unknown)
    expect(() => requireEncryptionType(0)).toThrow(unknown)
    expect(encryptionTypeName(0)).toBe('etype 0')
  })
})

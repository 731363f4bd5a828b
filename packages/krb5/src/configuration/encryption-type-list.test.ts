import { expect, test } from 'vitest'
import { DEFAULT_ETYPES } from '../crypto/registry.js'
import { readEncryptionTypeList } from './encryption-type-list.js'

test.each([
  ['aes256-cts-hmac-sha1-96 aes128-cts', [18, 17], []],
  ['aes256-cts,aes128-cts', [18, 17], []],
  ['aes256-cts, aes128-cts\taes256-cts', [18, 17], []],
  ['AES256-CTS', [18], []],
  ['aes', [18, 17, 20, 19], []],
  ['aes -aes256-cts', [17, 20, 19], []],
  ['DEFAULT', DEFAULT_ETYPES, []],
  ['default -camellia', [18, 17, 20, 19], []],
  ['+aes128-cts +aes256-cts', [17, 18], []],
  ['-aes128-cts', [], []],
  ['des-cbc-crc des3-cbc-sha1 aes256-cts nonsense', [18], ['des-cbc-crc', 'des3-cbc-sha1', 'nonsense']],
  ['rc4-hmac aes128-cts', [17], ['rc4-hmac']],
  ['', [], []],
])('%j stands for %j, without %j', (text, etypes, leftOut) => {
  expect(readEncryptionTypeList(text, { weak: false })).toEqual({ etypes, leftOut })
})

test('rc4-hmac counts where it is allowed', () => {
  expect(readEncryptionTypeList('aes128-cts arcfour-hmac', { weak: true })).toEqual({ etypes: [17, 23], leftOut: [] })
  expect(readEncryptionTypeList('DEFAULT', { weak: true }).etypes).toEqual(DEFAULT_ETYPES)
})

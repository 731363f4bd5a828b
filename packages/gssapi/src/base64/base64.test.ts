import { describe, expect, test } from 'vitest'
import { text } from '../fixtures/octets.js'
import * as node from './node.js'
import * as portable from './portable.js'

describe.each([
  ['Node', node],
  ['any platform', portable],
])('on %s', (_platform, { decodeBase64, encodeBase64 }) => {
  // Source: RFC 4648 section 10.
  test.each([
    ['\0', 'AA=='],
    ['\0\0', 'AAA='],
    ['\0\0\0', 'AAAA'],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('%s is %s', (plain, encoded) => {
    expect(encodeBase64(text(plain))).toBe(encoded)
    expect(decodeBase64(encoded)).toEqual(text(plain))
  })

  test('every octet survives, in every place', () => {
    for (let offset = 0; offset < 3; offset++) {
      const octets = Uint8Array.from({ length: 256 + offset }, (_, index) => (index * 7 + offset) & 0xff)
      expect(encodeBase64(octets)).toBe(Buffer.from(octets).toString('base64'))
      expect(decodeBase64(encodeBase64(octets))).toEqual(octets)
    }
  })

  test('what is encoded in several parts is one text', () => {
    for (const length of [3_071, 3_072, 3_073, 6_146]) {
      const octets = Uint8Array.from({ length }, (_, index) => (index * 31) & 0xff)
      expect(encodeBase64(octets)).toBe(Buffer.from(octets).toString('base64'))
    }
  })

  test.each([
    '',
    '=',
    '====',
    'Zg',
    'Zg=',
    'Zg===',
    'Zh==',
    'Zm9=',
    'Z g=',
    'Zm9v\n',
    'Zm9\u0080',
    '\u0080m9v',
    'Z\u0080==',
    'Zm9\u007f',
    'Zm9\u00e9',
    'Zm9\u4e00',
    'Zm-_',
    'Zg==Zg==',
    '=Zg=',
    'Z===',
    'Zm9vé===',
  ])('%j is not base64', (encoded) => {
    expect(decodeBase64(encoded)).toBeUndefined()
  })
})

import { describe, expect, test } from 'vitest'
import {
  checksumTypeName,
  makeChecksum,
  makeUnkeyedChecksumThatProvesNothing,
  verifyChecksumOfType,
} from './checksum-types.js'
import { hmacMd5Checksum } from './hmac-md5.js'
import { Key } from './key.js'
import { ENCRYPTION_TYPES } from './registry.js'

const data = new TextEncoder().encode('some data')
const keys = ENCRYPTION_TYPES.map(({ etype, name }) => ({ name, key: Key.random(etype) }))
const inappropriate = expect.objectContaining({ name: 'RejectedTokenError', code: 'KRB_AP_ERR_INAPP_CKSUM' })
const modified = expect.objectContaining({ name: 'RejectedTokenError', code: 'KRB_AP_ERR_MODIFIED' })

describe.each(keys)('checksums under a key of $name', ({ key }) => {
  test('are made and verified when they are of its own type', () => {
    const checksum = makeChecksum(key, key.checksumType, 6, data)
    expect(checksum).toEqual(key.checksum(6, data))
    expect(verifyChecksumOfType(key, key.checksumType, 6, data, checksum)).toBeUndefined()
    expect(() => verifyChecksumOfType(key, key.checksumType, 7, data, checksum)).toThrow(modified)
  })

  test('are refused when they are of any other type', () => {
    for (const type of [-138, 3, 4, 8, 12, 15, 16, 17, 18, 19, 20, 99].filter((type) => type !== key.checksumType)) {
      expect(() => verifyChecksumOfType(key, type, 6, data, key.checksum(6, data))).toThrow(inappropriate)
      expect(() => makeChecksum(key, type, 6, data)).toThrow(
        expect.objectContaining({ code: 'KDC_ERR_SUMTYPE_NOSUPP' }),
      )
    }
  })

  test('are refused when they are not keyed, even correct ones', () => {
    for (const type of [1, 2, 7, 10, 14]) {
      const checksum = makeUnkeyedChecksumThatProvesNothing(type, data)
      expect(() => verifyChecksumOfType(key, type, 6, data, checksum)).toThrow(inappropriate)
      expect(() => verifyChecksumOfType(key, type, 6, data, checksum)).toThrow(/not keyed/)
    }
  })

  test('may be hmac-md5 where the caller says so', () => {
    const policy = { hmacMd5WithAnyKey: true }
    const checksum = makeChecksum(key, -138, 17, data, policy)
    expect(checksum).toEqual(hmacMd5Checksum(key, 17, data))
    expect(checksum).toEqual(hmacMd5Checksum(key.exposeSecretBytes(), 17, data))
    expect(verifyChecksumOfType(key, -138, 17, data, checksum, policy)).toBeUndefined()
    expect(() => verifyChecksumOfType(key, -138, 17, data.subarray(1), checksum, policy)).toThrow(modified)
  })
})

describe('unkeyed checksums', () => {
  test('are made by the function that says what they are worth', () => {
    expect(makeUnkeyedChecksumThatProvesNothing(7, new Uint8Array(0))).toEqual(
      Uint8Array.from(Buffer.from('d41d8cd98f00b204e9800998ecf8427e', 'hex')),
    )
    expect(() => makeUnkeyedChecksumThatProvesNothing(16, data)).toThrow(/not an unkeyed one/)
  })
})

test('checksum types have names', () => {
  expect([16, -138, 7, 99].map(checksumTypeName)).toEqual([
    'hmac-sha1-96-aes256',
    'hmac-md5',
    'rsa-md5',
    'cksumtype 99',
  ])
})

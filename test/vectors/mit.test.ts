import { describe, expect, test } from 'vitest'
import { verifyChecksumOfType } from '../../packages/krb5/src/crypto/checksum-types.js'
import { combineKeys } from '../../packages/krb5/src/crypto/combine-keys.js'
import { hmacMd5Checksum } from '../../packages/krb5/src/crypto/hmac-md5.js'
import { Key } from '../../packages/krb5/src/crypto/key.js'
import { Vectors, number, octets, text } from './vectors.js'
import type { Vector } from './vectors.js'

const vectors = new Vectors('mit-vectors.json')

const keyOf = (v: Vector): Key => new Key(number(v, 'etype'), octets(v, 'key'))

describe('what libk5crypto computes', () => {
  vectors.each('string-to-key', async (v) => {
    const key = await Key.fromPassword(number(v, 'etype'), text(v, 'password'), text(v, 'salt'))
    expect(key.equals(keyOf(v))).toBe(true)
  })

  vectors.each('encryption', (v) => {
    const key = keyOf(v)
    const [usage, plaintext, ciphertext] = [number(v, 'usage'), octets(v, 'plaintext'), octets(v, 'ciphertext')]
    expect(key.open(usage, ciphertext)).toEqual(plaintext)
    expect(key.open(usage, key.seal(usage, plaintext))).toEqual(plaintext)
    expect(key.seal(usage, plaintext).length).toBe(ciphertext.length)
  })

  vectors.each('checksum', (v) => {
    const key = keyOf(v)
    expect(key.checksumType).toBe(number(v, 'checksumType'))
    expect(key.checksum(number(v, 'usage'), octets(v, 'data'))).toEqual(octets(v, 'checksum'))
  })

  vectors.each('hmac-md5-any-key', (v) => {
    const [key, usage, data, checksum] = [keyOf(v), number(v, 'usage'), octets(v, 'data'), octets(v, 'checksum')]
    expect(hmacMd5Checksum(key, usage, data)).toEqual(checksum)
    verifyChecksumOfType(key, -138, usage, data, checksum, { hmacMd5WithAnyKey: true })
  })

  vectors.each('prf', (v) => {
    expect(keyOf(v).prf(octets(v, 'input'))).toEqual(octets(v, 'output'))
  })

  vectors.each('cf2', (v) => {
    const first = new Key(number(v, 'etype'), octets(v, 'key1'))
    const second = new Key(number(v, 'etype2'), octets(v, 'key2'))
    const combined = combineKeys(first, second, text(v, 'pepper1'), text(v, 'pepper2'))
    expect(combined.etype).toBe(first.etype)
    expect(combined.exposeSecretBytes()).toEqual(octets(v, 'output'))
  })
})

test('every group of vectors is read', () => {
  expect(vectors.unread).toEqual([])
})

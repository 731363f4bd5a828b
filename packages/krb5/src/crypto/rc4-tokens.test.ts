import { expect, test } from 'vitest'
import { Key } from './key.js'
import { rc4TokenCipher } from './rc4-tokens.js'

const key = Key.random(23)
const data = new TextEncoder().encode('a message')

test('a token cipher undoes itself', () => {
  const sealed = rc4TokenCipher(key, 'seal', Uint8Array.of(0, 0, 0, 1), data)
  expect(sealed).not.toEqual(data)
  expect(rc4TokenCipher(key, 'seal', Uint8Array.of(0, 0, 0, 1), sealed)).toEqual(data)
})

test('each purpose and each salt has a key stream of its own', () => {
  const streams = [
    rc4TokenCipher(key, 'seal', Uint8Array.of(0, 0, 0, 1), data),
    rc4TokenCipher(key, 'seal', Uint8Array.of(0, 0, 0, 2), data),
    rc4TokenCipher(key, 'sequence', Uint8Array.of(0, 0, 0, 1), data),
  ]
  expect(new Set(streams.map((stream) => stream.join())).size).toBe(3)
})

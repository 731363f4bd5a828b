import { primitives } from '#primitives'
import { describe, expect, test } from 'vitest'
import { camelliaCbc } from './camellia.js'
import { primitives as node } from './node.js'
import { primitives as noble } from './noble.js'
import type { CbcCipher, DigestName, HashName } from './primitives.js'

/** Returns the same octets in every run, from a small generator: a failure must be repeatable. */
function generator(seed: number): (length: number) => Uint8Array {
  let state = seed
  return (length) =>
    Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state >>> 24
    })
}

const octets = generator(20260101)
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
const hashes: readonly HashName[] = ['md5', 'sha1', 'sha256', 'sha384']

test('the run is on the implementation that it is named after', () => {
  expect(primitives).toBe(process.env.S4U_PRIMITIVES === 'noble' ? noble : node)
})

const digests: readonly DigestName[] = [
  ...(['sha512', 'sha224', 'sha512-224', 'sha512-256', 'sha3-224', 'sha3-256', 'sha3-384', 'sha3-512'] as const),
]

describe('node and noble agree on', () => {
  test.each(digests)('the digest %s', (hash) => {
    for (const length of [0, 1, 55, 64, 71, 72, 135, 136, 144, 1000]) {
      const data = octets(length)
      expect(plain(node.digest(hash, data))).toEqual(plain(noble.digest(hash, data)))
    }
  })

  test.each(hashes)('digest and HMAC with %s', (hash) => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 128, 1000]) {
      const [data, key] = [octets(length), octets(1 + (length % 200))]
      expect(plain(node.digest(hash, data))).toEqual(plain(noble.digest(hash, data)))
      expect(plain(node.hmac(hash, key, data))).toEqual(plain(noble.hmac(hash, key, data)))
      expect(plain(node.hmac(hash, key, data, key))).toEqual(plain(noble.hmac(hash, key, data, key)))
    }
  })

  test.each(hashes)('a MAC with %s, of messages and keys of every length that is treated in another way', (hash) => {
    const block = hash === 'sha384' ? 128 : 64
    for (const keyLength of [0, 1, 16, 32, block - 1, block, block + 1, 200]) {
      for (const length of [0, 1, 180, 2_047 - block, 2_048 - block, 2_049 - block, 5_000]) {
        const [data, key] = [octets(length), octets(keyLength)]
        expect(plain(node.mac(hash, key, data))).toEqual(plain(noble.mac(hash, key, data)))
        expect(plain(node.mac(hash, key, data, octets(1).fill(7)))).toEqual(
          plain(noble.mac(hash, key, data, Uint8Array.of(7))),
        )
      }
    }
  })

  test.each(hashes)('PBKDF2 with %s', async (hash) => {
    const [password, salt] = [octets(9), octets(20)]
    expect(await node.pbkdf2(hash, password, salt, 20, 40)).toEqual(await noble.pbkdf2(hash, password, salt, 20, 40))
  })

  test('comparison', () => {
    for (const { sameOctets } of [node, noble]) {
      expect(sameOctets(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3))).toBe(true)
      expect(sameOctets(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 2))).toBe(false)
      expect(sameOctets(Uint8Array.of(0, 2, 3), Uint8Array.of(1, 2, 3))).toBe(false)
    }
  })

  test.each([
    ['AES', 16, node.aesCbc, noble.aesCbc],
    ['AES', 32, node.aesCbc, noble.aesCbc],
    ['Camellia', 16, node.camelliaCbc, camelliaCbc],
    ['Camellia', 32, node.camelliaCbc, camelliaCbc],
  ])('%s in CBC mode with keys of %i octets, message after message', (_, keyLength, native, portable) => {
    const key = octets(keyLength)
    const ciphers: readonly CbcCipher[] = [native(key), portable(key)]
    for (let i = 0; i < 60; i++) {
      const [iv, message] = [i % 3 === 0 ? new Uint8Array(16) : octets(16), octets(16 * (1 + (i % 9)))]
      const [first, second] = ciphers.map((cipher) => plain(cipher.encrypt(iv, message.slice())))
      expect(first).toEqual(second)
      const received = Buffer.from(first)
      for (const cipher of ciphers) expect(plain(cipher.decrypt(iv, received))).toEqual(message)
      expect(plain(received)).toEqual(first)
    }
  })
})

describe.each([
  ['node', node],
  ['noble', noble],
])('the primitives of %s', (_, primitives) => {
  test('give as many random octets as they are asked for, others each time', () => {
    expect(primitives.randomBytes(16).length).toBe(16)
    expect(primitives.randomBytes(16)).not.toEqual(primitives.randomBytes(16))
  })

  test('take whole blocks only, and work after having refused others', () => {
    for (const cipher of [primitives.aesCbc(octets(16)), primitives.camelliaCbc(octets(16))]) {
      const iv = new Uint8Array(16)
      const message = octets(32)
      expect(() => cipher.encrypt(iv, octets(17))).toThrow(RangeError)
      expect(() => cipher.decrypt(iv, new Uint8Array(0))).toThrow(RangeError)
      expect(plain(cipher.decrypt(iv, cipher.encrypt(iv, message.slice())))).toEqual(message)
    }
  })

  test('copy the keys they are given', () => {
    for (const make of [primitives.aesCbc, primitives.camelliaCbc]) {
      const key = Buffer.from(octets(32))
      const cipher = make(key)
      const expected = make(key).encrypt(new Uint8Array(16), new Uint8Array(16))
      key.fill(0)
      expect(plain(cipher.encrypt(new Uint8Array(16), new Uint8Array(16)))).toEqual(plain(expected))
    }
  })

  test('work out PBKDF2 while other things happen', async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    await primitives.pbkdf2('sha1', octets(8), octets(8), 30_000, 32)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(0)
  })
})

import { expect, test } from 'vitest'
import { platformRandom } from './random.js'

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

test('gives as many octets as are asked for, each time others', () => {
  const seen = new Set<string>()
  // 600 times 16 octets use up a pool of 4,096 octets more than twice.
  for (let round = 0; round < 600; round++) seen.add(hex(platformRandom(16)))
  expect(seen.size).toBe(600)
  for (const length of [0, 1, 32, 511, 512, 513, 4096, 10_000]) expect(platformRandom(length).length).toBe(length)
  expect(new Set(platformRandom(10_000)).size).toBe(256)
})

test('what was handed out belongs to the caller alone', () => {
  const first = platformRandom(16)
  const before = hex(first)
  const second = platformRandom(16)
  second.fill(0)
  expect(hex(first)).toBe(before)
  // Neither buffer shows the octets that other callers get.
  expect(first.buffer.byteLength).toBe(16)
})

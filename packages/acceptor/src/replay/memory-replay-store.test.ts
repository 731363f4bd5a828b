import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { NOW } from '../fixtures/issued-token.js'
import { MemoryReplayStore } from './memory-replay-store.js'

const digestOf = (text: string | number) => new Uint8Array(createHash('sha256').update(String(text)).digest())

describe('the replay store in memory', () => {
  test('knows what it has seen, and nothing else', () => {
    const store = new MemoryReplayStore({ now: () => NOW })
    for (let i = 0; i < 5_000; i++) expect(store.remember(digestOf(i), NOW + (i % 600) * 1000)).toBe('fresh')
    for (let i = 0; i < 5_000; i++) expect(store.remember(digestOf(i), NOW + (i % 600) * 1000)).toBe('seen')
    expect(store.size).toBe(5_000)
  })

  test('keeps a digest of zeros as well', () => {
    const store = new MemoryReplayStore({ now: () => NOW })
    expect(store.remember(new Uint8Array(32), NOW)).toBe('fresh')
    expect(store.remember(new Uint8Array(32), NOW)).toBe('seen')
  })

  test('forgets by time and by nothing else', () => {
    let now = NOW
    const store = new MemoryReplayStore({ now: () => now })
    store.remember(digestOf('first'), NOW + 300_000)
    for (let i = 0; i < 10_000; i++) store.remember(digestOf(i), NOW + 600_000)
    expect(store.remember(digestOf('first'), NOW + 300_000)).toBe('seen')
    now = NOW + 330_000
    expect(store.remember(digestOf('other'), now + 1000)).toBe('fresh')
    expect(store.size).toBe(10_001)
    now = NOW + 700_000
    store.remember(digestOf('last'), now)
    expect(store.size).toBe(1)
  })

  test('does not open again when the clock is set back', () => {
    let now = NOW + 3_600_000
    const store = new MemoryReplayStore({ now: () => now })
    store.remember(digestOf('later'), now)
    now = NOW
    expect(store.remember(digestOf('old'), NOW + 300_000)).toBe('seen')
  })

  test('refuses when it is full, until something expires', () => {
    let now = NOW
    const store = new MemoryReplayStore({ maxEntries: 3, now: () => now })
    for (let i = 0; i < 3; i++) expect(store.remember(digestOf(i), NOW + 1000)).toBe('fresh')
    expect(store.remember(digestOf(3), NOW + 1000)).toBe('full')
    expect(store.remember(digestOf(0), NOW + 1000)).toBe('seen')
    now = NOW + 60_000
    expect(store.remember(digestOf(3), now)).toBe('fresh')
  })

  test('takes at most 32 octets for each of many entries', () => {
    const store = new MemoryReplayStore({ now: () => NOW })
    const digest = new Uint8Array(32)
    const words = new Uint32Array(digest.buffer)
    for (let i = 1; i <= 300_000; i++) {
      words.set([Math.imul(i, 0x9e3779b1), Math.imul(i, 0x85ebca6b), Math.imul(i, 0xc2b2ae35), i])
      store.remember(digest, NOW + (i % 600) * 1000)
    }
    expect(store.size).toBe(300_000)
    expect(store.byteLength / store.size).toBeLessThanOrEqual(32)
  })

  test('is emptied by clear', () => {
    const store = new MemoryReplayStore({ now: () => NOW })
    store.remember(digestOf(1), NOW)
    store.clear()
    expect([store.size, store.byteLength]).toEqual([0, 0])
    expect(store.remember(digestOf(1), NOW)).toBe('fresh')
  })

  test('tells digests apart by each of the first sixteen octets', () => {
    for (let at = 0; at < 16; at++) {
      for (const bit of [1, 0x80]) {
        const store = new MemoryReplayStore({ now: () => NOW })
        const [one, other] = [new Uint8Array(32).fill(0x55), new Uint8Array(32).fill(0x55)]
        other[at] ^= bit
        const verdicts = [one, other, one, other].map((each) => store.remember(each, NOW))
        expect(verdicts).toEqual(['fresh', 'fresh', 'seen', 'seen'])
      }
    }
  })

  test('grows by half when three quarters of its places are taken', () => {
    const store = new MemoryReplayStore({ now: () => NOW })
    const octetsAfter = (count: number): number => {
      while (store.size < count) expect(store.remember(digestOf(store.size), NOW)).toBe('fresh')
      return store.byteLength
    }
    const places = [0, 1, 48, 49, 72, 73, 547, 548].map((count) => octetsAfter(count) / 16)
    expect(places).toEqual([0, 64, 64, 96, 96, 144, 729, 1_094])
    for (let number = 0; number < 548; number++) expect(store.remember(digestOf(number), NOW)).toBe('seen')
    store.remember(digestOf('later'), NOW + 60_000)
    expect(store.byteLength / 16).toBe(1_094 + 64)
  })

  test('keeps what ends within the present slice of time', () => {
    let now = NOW
    const store = new MemoryReplayStore({ now: () => now })
    const [end, early] = [Math.ceil(NOW / 16_000) * 16_000 + 16_000, Math.ceil(NOW / 16_000) * 16_000]
    expect([store.remember(digestOf(1), end), store.remember(digestOf(2), early)]).toEqual(['fresh', 'fresh'])
    now = end
    expect(store.remember(digestOf(1), end)).toBe('seen')
    expect(store.size).toBe(1)
    expect(store.remember(digestOf(3), end)).toBe('fresh')
    expect(store.remember(digestOf(3), end - 1)).toBe('seen')
    now = end + 15_999
    expect(store.remember(digestOf(1), end)).toBe('seen')
  })

  test('tells whether it holds a digest, and remembers nothing thereby', () => {
    const store = new MemoryReplayStore({ now: () => NOW })
    expect(store.has(digestOf(1), NOW)).toBe(false)
    expect(store.size).toBe(0)
    store.remember(digestOf(1), NOW)
    expect(store.has(digestOf(1), NOW)).toBe(true)
    expect(store.has(digestOf(2), NOW)).toBe(false)
    expect(store.has(digestOf(1), NOW + 16_000)).toBe(false)
    expect(store.has(digestOf(1), NOW + 60_000)).toBe(false)
  })

  test('has the clock of the machine by default', () => {
    const store = new MemoryReplayStore()
    expect(store.remember(digestOf(1), Date.now() + 60_000)).toBe('fresh')
    expect(store.remember(digestOf(2), Date.now() - 60_000)).toBe('seen')
  })

  test.each([0, -1, 1.5, Number.NaN, 1e12, 100_000_001])('cannot have room for %s entries', (maxEntries) => {
    expect(() => new MemoryReplayStore({ maxEntries })).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: `maxEntries of the replay cache must be 1 to 100000000, not ${maxEntries}`,
      }),
    )
  })

  test.each([1, 100_000_000])('may have room for %s entries', (maxEntries) => {
    expect(new MemoryReplayStore({ maxEntries, now: () => NOW }).remember(digestOf(1), NOW)).toBe('fresh')
  })
})

test('an option that there is not is refused in the name of the store', () => {
  const options = { maxEntries: 5, maxEntrys: 5 }
  expect(() => new MemoryReplayStore(options)).toThrow(/MemoryReplayStore/)
})

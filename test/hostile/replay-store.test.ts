import { MemoryReplayStore } from '@s4u/acceptor'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'

const ENTRIES = 5_000_000
const NOW = Date.UTC(2026, 2, 1)
/** How long after now the last of them expires: as far as clocks may differ, in both directions. */
const SPREAD = 600_000

test('five million authenticators are remembered in 32 octets each, the next is refused, and all are forgotten in time', async () => {
  let now = NOW
  const store = new MemoryReplayStore({ now: () => now })
  const before = octetsInUse()
  const verdicts = { fresh: 0, seen: 0, full: 0 }
  for (let index = 0; index < ENTRIES; index++) verdicts[store.remember(digestOf(index), expiryOf(index))]++
  expect(verdicts).toEqual({ fresh: ENTRIES, seen: 0, full: 0 })
  expect(store.byteLength / ENTRIES).toBeLessThanOrEqual(32)
  expect((octetsInUse() - before) / ENTRIES).toBeLessThanOrEqual(33)

  for (let index = 0; index < ENTRIES; index += 997) {
    expect(store.remember(digestOf(index), expiryOf(index))).toBe('seen')
  }
  expect(store.remember(digestOf(ENTRIES), NOW + SPREAD)).toBe('full')

  now = NOW + SPREAD / 2
  expect(store.remember(digestOf(ENTRIES), NOW + SPREAD)).toBe('fresh')
  expect(store.size).toBeLessThan(ENTRIES * 0.55)
  now = NOW + 2 * SPREAD
  expect(store.remember(digestOf(0), now)).toBe('fresh')
  expect(store.size).toBe(1)
  const patience = { timeout: 10_000, interval: 250 }
  await expect.poll(() => octetsInUse() - before, patience).toBeLessThan(1_000_000)
})

const digest = new Uint8Array(32)
const words = new Uint32Array(digest.buffer)

/** Another one for each index, with its bits everywhere, as those of a hash are. */
function digestOf(index: number): Uint8Array {
  words.set([Math.imul(index + 1, 0x9e3779b1), Math.imul(index, 0x85ebca6b), Math.imul(index, 0xc2b2ae35), index])
  return digest
}

const expiryOf = (index: number): number => NOW + (index % 600) * (SPREAD / 600)

/** Of what typed arrays stand on. */
function octetsInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
  return process.memoryUsage().arrayBuffers
}

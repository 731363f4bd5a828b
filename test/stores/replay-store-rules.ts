import type { ReplayStore } from '@s4u/acceptor'
import { deepEqual, equal } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** One thing that every store must do. `check` rejects when it does not. */
export interface StoreRule {
  readonly name: string
  check(): Promise<void>
}

/**
 * Returns what a replay store must do so that no token is accepted twice, whichever instance it is
 * shown to. It needs no test runner: call each `check` in a test of your own.
 *
 * @param openInstance returns the store as one instance of a service has it. All that are opened
 * share one memory, as instances on several machines do.
 */
export function replayStoreRules(openInstance: () => ReplayStore): readonly StoreRule[] {
  return Object.entries(REPLAY_RULES).map(([name, check]) => ({ name, check: () => check(openInstance) }))
}

type Check = (openInstance: () => ReplayStore) => Promise<void>

const soon = (): number => Date.now() + 60_000

const REPLAY_RULES: Readonly<Record<string, Check>> = {
  'a digest is fresh once, and seen from then on': async (openInstance) => {
    const [store, digest, end] = [openInstance(), randomBytes(32), soon()]
    equal(await store.remember(digest, end, Date.now()), 'fresh')
    for (const _ of [1, 2, 3]) equal(await store.remember(digest, end, Date.now()), 'seen')
  },
  'a digest that one instance has seen is seen by another': async (openInstance) => {
    const [digest, end] = [randomBytes(32), soon()]
    equal(await openInstance().remember(digest, end), 'fresh')
    equal(await openInstance().remember(digest, end), 'seen')
  },
  'of many calls at the same time, through two instances, exactly one is fresh': async (openInstance) => {
    const instances = [openInstance(), openInstance()]
    const [digest, end] = [randomBytes(32), soon()]
    const calls = Array.from({ length: 100 }, async (_, at) => instances[at % 2].remember(digest, end))
    const verdicts = await Promise.all(calls)
    equal(verdicts.filter((verdict) => verdict === 'fresh').length, 1)
    equal(verdicts.filter((verdict) => verdict === 'seen').length, 99)
  },
  // A digest has 32 octets, of which a store may keep the first 16.
  'digests that differ in one bit of their first half are different ones': async (openInstance) => {
    const [store, end] = [openInstance(), soon()]
    const base = randomBytes(32)
    for (const at of [0, 1, 8, 15]) {
      const other = Uint8Array.from(base)
      other[at] ^= 1
      equal(await store.remember(other, end), 'fresh')
    }
    equal(await store.remember(base, end), 'fresh')
  },
  'any octets are a digest: zeros, ones, line ends, a part of a larger buffer that is written over later': async (
    openInstance,
  ) => {
    const [store, end] = [openInstance(), soon()]
    const marked = (octet: number): Uint8Array => Uint8Array.from(randomBytes(32)).fill(octet, 4)
    for (const octet of [0, 0xff, 0x0a, 0x0d, 0x27, 0x5c]) {
      const digest = marked(octet)
      equal(await store.remember(digest, end), 'fresh')
      equal(await store.remember(digest, end), 'seen')
    }
    const buffer = randomBytes(96)
    const kept = Uint8Array.from(buffer.subarray(32, 64))
    const verdict = store.remember(buffer.subarray(32, 64), end)
    buffer.fill(0)
    equal(await verdict, 'fresh')
    equal(await store.remember(kept, end), 'seen')
  },
  'a digest is seen until its end, whatever came meanwhile': async (openInstance) => {
    const [store, digest] = [openInstance(), randomBytes(32)]
    const end = Date.now() + 600
    equal(await store.remember(digest, end), 'fresh')
    for (let round = 0; round < 3; round++) {
      await Promise.all(Array.from({ length: 100 }, async () => store.remember(randomBytes(32), soon())))
      if (Date.now() < end - 100) equal(await store.remember(digest, end), 'seen')
      await sleep(120)
    }
  },
  'three hundred at once are all answered, and all remembered': async (openInstance) => {
    const [store, end] = [openInstance(), soon()]
    const digests = Array.from({ length: 300 }, () => randomBytes(32))
    const verdicts = await Promise.all(digests.map(async (digest) => store.remember(digest, end)))
    deepEqual(new Set(verdicts), new Set(['fresh']))
    const again = await Promise.all(digests.map(async (digest) => store.remember(digest, end)))
    deepEqual(new Set(again), new Set(['seen']))
  },
}

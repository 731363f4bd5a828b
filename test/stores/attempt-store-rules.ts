import type { AttemptRule, AttemptStore } from '@s4u/negotiate'
import { deepEqual, equal, ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StoreRule } from './replay-store-rules.js'

/**
 * Returns what a store of attempts to sign in must do, so that no directory locks an account
 * because somebody tries passwords.
 *
 * @param openInstance returns the store as one instance of a service has it
 */
export function attemptStoreRules(openInstance: () => AttemptStore): readonly StoreRule[] {
  return Object.entries(ATTEMPT_RULES).map(([name, check]) => ({ name, check: () => check(openInstance) }))
}

type Check = (openInstance: () => AttemptStore) => Promise<void>

const USER: AttemptRule = { kind: 'user', limit: 3, window: 60_000, runsFrom: 'last' }
const ADDRESS: AttemptRule = { kind: 'address', limit: 3, window: 60_000, runsFrom: 'first' }
const keyOf = (): string => randomBytes(32).toString('base64url')

async function take(store: AttemptStore, key: string, rule: AttemptRule): Promise<number | undefined> {
  const taken = await store.take(key, rule)
  return taken.allowed ? taken.takenAt : undefined
}

const ATTEMPT_RULES: Readonly<Record<string, Check>> = {
  'as many attempts as the limit says are allowed, through all instances together': async (openInstance) => {
    const [one, other, key] = [openInstance(), openInstance(), keyOf()]
    for (const store of [one, other, one]) ok((await store.take(key, USER)).allowed)
    const refused = await other.take(key, USER)
    ok(!refused.allowed && refused.retryAfter > 50_000 && refused.retryAfter <= 60_000)
  },
  'of many attempts at the same time no more are allowed than of the same in a row': async (openInstance) => {
    const [instances, key] = [[openInstance(), openInstance()], keyOf()]
    const taken = await Promise.all(Array.from({ length: 50 }, async (_, at) => instances[at % 2].take(key, USER)))
    equal(taken.filter(({ allowed }) => allowed).length, 3)
  },
  'keys, and the two kinds of keys, are counted apart': async (openInstance) => {
    const [store, key] = [openInstance(), keyOf()]
    for (const _ of [1, 2, 3]) ok((await store.take(key, USER)).allowed)
    ok((await store.take(keyOf(), USER)).allowed)
    ok((await store.take(key, ADDRESS)).allowed)
    ok(!(await store.take(key, USER)).allowed)
  },
  'an attempt that is spared does not count': async (openInstance) => {
    for (const rule of [USER, ADDRESS]) {
      const [store, key] = [openInstance(), keyOf()]
      for (let round = 0; round < 10; round++) {
        const takenAt = await take(store, key, rule)
        ok(takenAt !== undefined)
        await store.settle(key, rule, takenAt, 'spared')
      }
    }
  },
  'an attempt that fails counts, and one that is refused does not': async (openInstance) => {
    const [store, key] = [openInstance(), keyOf()]
    const first = await take(store, key, USER)
    for (const _ of [2, 3]) await store.settle(key, USER, (await take(store, key, USER)) ?? 0, 'failed')
    for (const _ of [1, 2, 3]) ok(!(await store.take(key, USER)).allowed)
    await store.settle(key, USER, first ?? 0, 'spared')
    ok((await store.take(key, USER)).allowed)
    ok(!(await store.take(key, USER)).allowed)
  },
  'the window of a user begins again with each failure, and that of an address does not': async (openInstance) => {
    const rules: readonly AttemptRule[] = [USER, ADDRESS].map((rule) => ({ ...rule, limit: 1, window: 500 }))
    const allowed = await Promise.all(
      rules.map(async (rule) => {
        const [store, key] = [openInstance(), keyOf()]
        const takenAt = (await take(store, key, rule)) ?? 0
        await sleep(300)
        await store.settle(key, rule, takenAt, 'failed')
        await sleep(350)
        return (await store.take(key, rule)).allowed
      }),
    )
    deepEqual(allowed, [false, true])
  },
  'all is forgotten when the window is over': async (openInstance) => {
    const [store, key] = [openInstance(), keyOf()]
    const rule: AttemptRule = { ...USER, limit: 1, window: 200 }
    ok((await store.take(key, rule)).allowed)
    ok(!(await store.take(key, rule)).allowed)
    await sleep(300)
    ok((await store.take(key, rule)).allowed)
  },
}

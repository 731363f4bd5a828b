import { describe, expect, test } from 'vitest'
import { keyOfAddress, keyOfUser } from './attempt-keys.js'
import type { AttemptRule } from './attempt-store.js'
import { MemoryAttemptStore } from './memory-attempt-store.js'

const OF_USER: AttemptRule = { kind: 'user', limit: 3, window: 100, runsFrom: 'last' }
const OF_ADDRESS: AttemptRule = { kind: 'address', limit: 3, window: 100, runsFrom: 'first' }

function storeAt() {
  let now = 1_000
  const store = new MemoryAttemptStore({ now: () => now })
  const attempt = (rule: AttemptRule, outcome?: 'failed' | 'spared', key = 'alice') => {
    const taken = store.take(key, rule)
    if (taken.allowed && outcome !== undefined) store.settle(key, rule, taken.takenAt, outcome)
    return taken
  }
  return { store, attempt, wait: (milliseconds: number) => void (now += milliseconds) }
}

describe('attempts of a user', () => {
  test('end at the limit, until the window after the last failure is over', () => {
    const { attempt, wait } = storeAt()
    for (const _ of [1, 2, 3]) {
      expect(attempt(OF_USER, 'failed')).toMatchObject({ allowed: true })
      wait(50)
    }
    expect(attempt(OF_USER)).toEqual({ allowed: false, retryAfter: 50 })
    wait(49)
    expect(attempt(OF_USER)).toEqual({ allowed: false, retryAfter: 1 })
    wait(1)
    expect(attempt(OF_USER)).toMatchObject({ allowed: true })
  })

  test('that come slowly add up, as a directory counts them', () => {
    const { attempt, wait } = storeAt()
    for (const _ of [1, 2, 3]) {
      attempt(OF_USER, 'failed')
      wait(99)
    }
    expect(attempt(OF_USER)).toEqual({ allowed: false, retryAfter: 1 })
  })

  test('count while they are under way, and not any more when they were right', () => {
    const { attempt, store } = storeAt()
    const three = [1, 2, 3].map(() => attempt(OF_USER))
    expect(attempt(OF_USER).allowed).toBe(false)
    for (const taken of three) if (taken.allowed) store.settle('alice', OF_USER, taken.takenAt, 'spared')
    for (const _ of [1, 2, 3, 4]) expect(attempt(OF_USER, 'spared').allowed).toBe(true)
  })

  test('that were right do not make others count for longer', () => {
    const { attempt, wait } = storeAt()
    for (const _ of [1, 2]) attempt(OF_USER, 'failed')
    wait(99)
    attempt(OF_USER, 'spared')
    wait(1)
    for (const _ of [1, 2, 3]) expect(attempt(OF_USER, 'failed').allowed).toBe(true)
  })

  test('that end after their window take nothing from the next', () => {
    const { attempt, store, wait } = storeAt()
    const old = attempt(OF_USER)
    wait(101)
    for (const _ of [1, 2, 3]) attempt(OF_USER, 'failed')
    if (old.allowed) store.settle('alice', OF_USER, old.takenAt, 'spared')
    expect(attempt(OF_USER).allowed).toBe(false)
  })
})

test('attempts of an address are forgotten a window after the first', () => {
  const { attempt, wait } = storeAt()
  for (const _ of [1, 2, 3]) {
    attempt(OF_ADDRESS, 'failed')
    wait(30)
  }
  expect(attempt(OF_ADDRESS)).toEqual({ allowed: false, retryAfter: 10 })
  wait(10)
  expect(attempt(OF_ADDRESS).allowed).toBe(true)
})

test('users, addresses and other users count for themselves', () => {
  const { attempt } = storeAt()
  for (const _ of [1, 2, 3]) attempt(OF_USER, 'failed')
  expect([attempt(OF_USER, 'failed', 'bob').allowed, attempt(OF_ADDRESS).allowed]).toEqual([true, true])
})

test('a flood of names drives out nothing that is known', () => {
  const { attempt } = storeAt()
  for (const _ of [1, 2, 3]) attempt(OF_USER, 'failed')
  for (let name = 0; name < 20_000; name++) attempt(OF_USER, 'failed', `made-up-${name}`)
  expect(attempt(OF_USER).allowed).toBe(false)
  const others = Array.from({ length: 200 }, (_, at) => attempt(OF_USER, 'failed', `real-${at}`).allowed)
  expect(others.filter((allowed) => !allowed).length).toBeLessThan(5)
})

describe('the key of a user', () => {
  test('is the same however the name is written', () => {
    const alice = keyOfUser('alice')
    for (const name of ['ALICE', ' alice ', 'alice@AD.TEST', 'AD\\alice', 'a\u0301lice', 'álice', 'ａｌｉｃｅ'])
      expect(keyOfUser(name)).toBe(alice)
    for (const name of ['alice2', '@alice', 'bob@alice', '']) expect(keyOfUser(name)).not.toBe(alice)
  })

  test.each([
    ['ΑΛΕΞΗΣ', ['αλεξης', 'αλεξησ', 'Αλεξης@AD.TEST']],
    ['GROSS', ['groß', 'AD\\Gross']],
    ['SIGMASIGMA', ['ſigmaſigma']],
  ])('is the same for the small letters of one capital: %s', (name, others) => {
    for (const other of others) expect(keyOfUser(other)).toBe(keyOfUser(name))
  })

  test('does not show the name', () => expect(keyOfUser('alice')).toMatch(/^[\w-]{43}$/))
})

test('the key of an address is that of the network which a customer has', () => {
  const same = (one: string, other: string): boolean => keyOfAddress(one) === keyOfAddress(other)
  expect(same('2001:db8:0:1::7', '2001:db8:0:1:ffff::')).toBe(true)
  expect(same('2001:db8::1:0:0:0:7', '2001:db8:0:1::7')).toBe(true)
  expect(same('2001:db8:0:1::7', '2001:db8:0:2::7')).toBe(false)
  expect(same('::1', '::2')).toBe(true)
  expect(same('::ffff:192.0.2.7', '192.0.2.7')).toBe(true)
  expect(same('192.0.2.7', '192.0.2.8')).toBe(false)
  expect(same('fe80::1%eth0', 'fe80::2%eth0')).toBe(true)
})

import type { CheckedKey, KeyState } from '@s4u/kdc-client'
import { Key, Keytab, type KeytabEntry, parsePrincipal } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { prunedKeytab } from './pruning.js'

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 10, 30)
const LIFETIME = 10 * HOUR

const checkedKey = (kvno: number, state: KeyState, hoursAgo: number | 'no time', name = 'svc-web'): CheckedKey => ({
  entry: {
    principal: parsePrincipal(`${name}@CORP.TEST`),
    kvno,
    key: new Key(18, new Uint8Array(32).fill(kvno)),
    timestamp: hoursAgo === 'no time' ? 0 : NOW - hoursAgo * HOUR,
  },
  state,
  why: '',
})

const prune = (...checked: CheckedKey[]) => {
  const keytab = new Keytab(checked.map(({ entry }) => entry))
  const pruned = prunedKeytab({ keytab, checked, lifetime: LIFETIME, now: NOW })
  const kvnos = (entries: readonly KeytabEntry[]) => entries.map(({ kvno }) => kvno)
  return {
    left: kvnos(pruned.keytab.entries),
    dropped: kvnos(pruned.dropped),
    staying: pruned.staying.map(({ entry, until }) => [entry.kvno, until]),
  }
}

test('drops a version whose successor is in use longer than a ticket lives, and the clocks may differ', () => {
  expect(prune(checkedKey(3, 'current', 11), checkedKey(2, 'old', 500))).toEqual({
    ...{ left: [3], dropped: [2], staying: [] },
  })
  const [recent, skewed] = [prune(checkedKey(3, 'current', 9), checkedKey(2, 'old', 500)), 10 + 4 / 60]
  expect(recent).toEqual({ left: [3, 2], dropped: [], staying: [[2, NOW + HOUR + 300_000]] })
  expect(prune(checkedKey(3, 'current', skewed), checkedKey(2, 'old', 500)).dropped).toEqual([])
})

test('of three versions drops the oldest alone where the second was replaced a moment ago', () => {
  const found = prune(checkedKey(4, 'current', 0), checkedKey(3, 'old', 400), checkedKey(2, 'old', 800))
  expect(found).toMatchObject({ left: [4, 3], dropped: [2] })
})

test('keeps what was written without a time, and keys that are not old', () => {
  expect(prune(checkedKey(3, 'current', 'no time'), checkedKey(2, 'old', 500))).toMatchObject({
    ...{ dropped: [], staying: [[2, undefined]] },
  })
  for (const state of ['wrong', 'not-checked', 'refused', 'version-differs'] as const)
    expect(prune(checkedKey(3, 'current', 99), checkedKey(2, state, 500)).dropped).toEqual([])
})

test('keeps an old version where the keytab has no key in use of that name', () => {
  expect(prune(checkedKey(3, 'old', 99), checkedKey(2, 'old', 500)).dropped).toEqual([])
  expect(prune(checkedKey(3, 'current', 99, 'svc-api'), checkedKey(2, 'old', 500)).dropped).toEqual([])
})

import { expect, test } from 'vitest'
import { refusalOf } from '../fixtures/octets.js'
import { SequenceWindow } from './sequence-window.js'

const REPEATED = 'KRB_AP_ERR_REPEAT: the message was seen before, or is too old to tell'
const MISSING = 'KRB_AP_ERR_BADORDER: messages before this one are missing'

function outcomes(window: SequenceWindow, numbers: readonly (number | bigint)[]): string[] {
  return numbers.map((number) => refusalOf(() => window.accept(BigInt(number))))
}

test('without rules every number is accepted', () => {
  expect(outcomes(new SequenceWindow(5n, { ordered: false, unique: false }), [5, 5, 1, 900])).toEqual(
    Array(4).fill('nothing'),
  )
})

test('in order, each number must be the next', () => {
  const window = new SequenceWindow(5n, { ordered: true, unique: false })
  expect(outcomes(window, [5, 6, 8, 7, 7, 5, 4, 8])).toEqual([
    'nothing',
    'nothing',
    MISSING,
    'nothing',
    REPEATED,
    REPEATED,
    REPEATED,
    'nothing',
  ])
})

test('in any order, each number counts once', () => {
  const window = new SequenceWindow(5n, { ordered: false, unique: true })
  expect(outcomes(window, [7, 5, 6, 7, 5, 4, 8])).toEqual([
    'nothing',
    'nothing',
    'nothing',
    REPEATED,
    REPEATED,
    REPEATED,
    'nothing',
  ])
})

test('what is too old to be remembered is refused', () => {
  const window = new SequenceWindow(0n, { ordered: false, unique: true })
  expect(outcomes(window, [100, 37, 36, 37])).toEqual(['nothing', 'nothing', REPEATED, REPEATED])
  expect(outcomes(window, [1_000_000, 100, 999_999])).toEqual(['nothing', REPEATED, 'nothing'])
})

test('a gap that is as wide as the memory forgets all but the last', () => {
  for (const ahead of [63, 64, 65, 66, 1000]) {
    const window = new SequenceWindow(0n, { ordered: false, unique: true })
    expect(outcomes(window, [0, ahead, 0])).toEqual(['nothing', 'nothing', REPEATED])
    // What was in the gap is still taken, once, as far back as the memory goes.
    const oldest = Math.max(1, ahead - 63)
    expect(outcomes(window, [oldest, oldest, ahead - 1, ahead - 1, ahead])).toEqual([
      'nothing',
      REPEATED,
      'nothing',
      REPEATED,
      REPEATED,
    ])
    expect(outcomes(window, [ahead - 64])).toEqual([REPEATED])
  }
})

test('what came before the first number counts as seen, however the first ones come', () => {
  const window = new SequenceWindow(100n, { ordered: false, unique: true })
  expect(outcomes(window, [99, 36, 130, 99, 100, 101, 99])).toEqual([
    REPEATED,
    REPEATED,
    'nothing',
    REPEATED,
    'nothing',
    'nothing',
    REPEATED,
  ])
})

test('in order, a gap is refused and nothing of it is noted', () => {
  const window = new SequenceWindow(1n, { ordered: true, unique: true })
  expect(outcomes(window, [3, 2, 1, 2, 3, 2])).toEqual([MISSING, MISSING, 'nothing', 'nothing', 'nothing', REPEATED])
})

test('a gap may be as wide as the numbers are', () => {
  const window = new SequenceWindow(0n, { ordered: false, unique: true })
  expect(outcomes(window, [2n ** 64n - 1n, 2n ** 64n - 1n, 2n ** 64n - 2n])).toEqual(['nothing', REPEATED, 'nothing'])
})

test('numbers have 64 bits', () => {
  const window = new SequenceWindow(2n ** 32n - 1n, { ordered: true, unique: true })
  window.accept(2n ** 32n - 1n)
  window.accept(2n ** 32n)
  expect(refusalOf(() => window.accept(2n ** 64n - 1n))).toBe(MISSING)
})

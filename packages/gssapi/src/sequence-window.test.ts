import { expect, test } from 'vitest'
import { codeOf } from './fixtures/octets.js'
import { SequenceWindow } from './sequence-window.js'

const REPEATED = 'KRB_AP_ERR_REPEAT'
const OUT_OF_ORDER = 'KRB_AP_ERR_BADORDER'

function outcomes(window: SequenceWindow, numbers: readonly number[]): string[] {
  return numbers.map((number) => codeOf(() => window.accept(BigInt(number))))
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
    OUT_OF_ORDER,
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

test('numbers have 64 bits', () => {
  const window = new SequenceWindow(2n ** 32n - 1n, { ordered: true, unique: true })
  window.accept(2n ** 32n - 1n)
  window.accept(2n ** 32n)
  expect(codeOf(() => window.accept(2n ** 64n - 1n))).toBe(OUT_OF_ORDER)
})

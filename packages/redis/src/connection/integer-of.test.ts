import { expect, test } from 'vitest'
import { integerOf } from './integer-of.js'

test.each([
  [7, 7],
  ['1700000000000', 1_700_000_000_000],
  [Buffer.from('12'), 12],
  [-1, -1],
  [5n, 5],
])('%s is the integer %i', (answer, expected) => {
  expect(integerOf(answer)).toBe(expected)
})

test.each([null, undefined, true, '', ' 1', '1e3', '0x10', Number.NaN, 1.5, [1], {}, Object.create(null), Symbol('1')])(
  'what is no integer is undefined (%#)',
  (answer) => {
    expect(integerOf(answer)).toBeUndefined()
  },
)

import { expect, test } from 'vitest'
import { generalizedTime } from './root-dse.js'

test.each([
  ['20261130025100.0Z', Date.UTC(2026, 10, 30, 2, 51)],
  ['20261130025100Z', Date.UTC(2026, 10, 30, 2, 51)],
  ['00261130025100.0Z', undefined],
  ['20261130025100+0100', undefined],
  ['', undefined],
  [undefined, undefined],
])('the time %s of a directory is %s', (text, expected) => {
  expect(generalizedTime(text)).toBe(expected)
})

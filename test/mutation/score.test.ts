import { expect, test } from 'vitest'
import { fileLines, percent, scoreLine, scoreOf, survivorText } from './score.mjs'

const survivor = { file: 'a.ts', line: 7, mutator: 'M', fate: 'survived', before: 'a < b', after: 'a <= b' }
const killed = { ...survivor, fate: 'killed' }

test('the score is told with and without the equivalent mutants', () => {
  const verdict = { killed: 95, survivors: Array.from({ length: 5 }, () => survivor), equivalent: 25, faults: [] }
  expect(scoreOf(verdict)).toEqual({ all: 76, meaningful: 95, reached: true })
  expect(scoreLine('gssapi', verdict)).toBe(
    'gssapi: 95 of 125 mutants killed, 76.0 %; 95.0 % without the 25 that are equivalent',
  )
})

test('a survivor too many misses the aim', () => {
  const verdict = { killed: 94, survivors: Array.from({ length: 5 }, () => survivor), equivalent: 0, faults: [] }
  expect(scoreOf(verdict).reached).toBe(false)
})

test('a list of equivalents that is not true misses the aim', () => {
  expect(scoreOf({ killed: 1, survivors: [], equivalent: 0, faults: ['gone'] }).reached).toBe(false)
})

test('equivalent mutants alone are no fault', () => {
  expect(scoreOf({ killed: 0, survivors: [], equivalent: 3, faults: [] })).toEqual({
    all: 0,
    meaningful: 100,
    reached: true,
  })
})

test('a figure is rounded down', () => {
  expect([percent(94.99), percent(100)]).toEqual(['94.9 %', '100.0 %'])
})

test('a survivor is shown with its place, before and after', () => {
  expect(survivorText(survivor)).toBe('a.ts:7  (M)\n  - a < b\n  + a <= b')
  expect(survivorText({ ...survivor, fate: 'uncovered' })).toMatch('a.ts:7  (M; no test runs it)')
})

test('files are told weakest first', () => {
  const weak = { ...survivor, file: 'b.ts' }
  expect(
    fileLines([killed, survivor, weak, { ...weak, fate: 'timeout' }, { ...weak, fate: 'timeout' }], [survivor, weak]),
  ).toEqual([' 50.0 %  1 left  a.ts', ' 66.6 %  1 left  b.ts'])
})

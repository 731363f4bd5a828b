import { expect, test } from 'vitest'
import { headerOf, runPlainly } from './outcome.js'
import { requestWith } from '../fixtures/requests.js'

test('a header is one value, the first where there are several', () => {
  expect(headerOf(requestWith({ cookie: 'a=1' }), 'cookie')).toBe('a=1')
  expect(headerOf(requestWith({ cookie: ['a=1', 'b=2'] }), 'cookie')).toBe('a=1')
  expect(headerOf(requestWith(), 'cookie')).toBeUndefined()
})

test('what is run plainly gets no argument and gives its value back', () => {
  expect(runPlainly((...args: unknown[]) => args.length)).toBe(0)
})

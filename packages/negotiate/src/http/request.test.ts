import { expect, test } from 'vitest'
import { requestWith } from '../fixtures/requests.js'
import { headerOf } from './request.js'

test('a header is one value, the first where there are several', () => {
  expect(headerOf(requestWith({ cookie: 'a=1' }), 'cookie')).toBe('a=1')
  expect(headerOf(requestWith({ cookie: ['a=1', 'b=2'] }), 'cookie')).toBe('a=1')
  expect(headerOf(requestWith(), 'cookie')).toBeUndefined()
})

import { expect, test } from 'vitest'
import { readDer, readTime } from './read-der.js'

const timeOf = (text: string): number =>
  readDer('time', Buffer.concat([Buffer.of(0x18, text.length), Buffer.from(text)]), readTime)

test('a time is that which is written', () => {
  expect(timeOf('20260131235959Z')).toBe(Date.UTC(2026, 0, 31, 23, 59, 59))
})

test.each([
  '20260031000000Z',
  '00261130095959Z',
  '20261301000000Z',
  '20260631000000Z',
  '20260100000000Z',
  '20260101240000Z',
])('%s is a date or hour that there is not', (text) => {
  expect(() => timeOf(text)).toThrow('time: expected a time, found a date or hour that there is not')
})

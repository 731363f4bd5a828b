import { expect, test } from 'vitest'
import { fromHex } from '../fixtures/octets.js'
import { concat, sameOctets } from './octets.js'

test('octets are the same when there are as many and each is the same', () => {
  expect(sameOctets(fromHex('0102'), fromHex('0102'))).toBe(true)
  expect(sameOctets(fromHex(''), fromHex(''))).toBe(true)
  expect(sameOctets(fromHex('0102'), fromHex('0103'))).toBe(false)
  expect(sameOctets(fromHex('0102'), fromHex('010203'))).toBe(false)
  expect(sameOctets(fromHex('010203'), fromHex('0102'))).toBe(false)
})

test('octets are put together in order, in memory of their own', () => {
  const first = fromHex('0102')
  const whole = concat(first, fromHex(''), fromHex('03'))
  expect(whole).toEqual(fromHex('010203'))
  first[0] = 9
  expect(whole[0]).toBe(1)
  expect(concat()).toEqual(fromHex(''))
})

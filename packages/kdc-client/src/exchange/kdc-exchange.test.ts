import { expect, test } from 'vitest'
import { KdcClock } from './kdc-clock.js'
import { kerberosMoment, newNonce } from './kdc-exchange.js'

test('a clock is moved by what was tried with success, not by what was supposed', () => {
  const clock = new KdcClock(() => 1_000_000)
  const supposed = clock.supposing(9_000_000)
  expect(supposed.now()).toBe(9_000_000)
  expect(clock.now()).toBe(1_000_000)
  clock.adopt(supposed)
  expect(clock.now()).toBe(9_000_000)
})

test('a sealed reply sets the clock, unless it agrees well enough', () => {
  const clock = new KdcClock(() => 1_000_000)
  clock.confirm(1_020_000)
  expect(clock.now()).toBe(1_000_000)
  clock.confirm(1_400_000)
  expect(clock.now()).toBe(1_400_000)
})

test('nonces have 31 bits, which every KDC reads as the same number', () => {
  expect(newNonce(() => Uint8Array.of(255, 255, 255, 255))).toBe(0x7fffffff)
  expect(newNonce(() => Uint8Array.of(0, 0, 0, 1))).toBe(1)
})

test('a moment is whole seconds and microseconds', () => {
  expect(kerberosMoment(1_234_567)).toEqual({ time: 1_234_000, usec: 567_000 })
})

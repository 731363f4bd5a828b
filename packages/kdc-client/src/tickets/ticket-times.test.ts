import { expect, test } from 'vitest'
import { refreshTime, usableUntil } from './ticket-times.js'

const HOUR = 3_600_000

test('a ticket is used until a minute before its end, and got anew in the last fifth of its life', () => {
  const times = { startsAt: 0, expiresAt: 10 * HOUR }
  expect(usableUntil(times)).toBe(10 * HOUR - 60_000)
  expect(refreshTime(times)).toBe(8 * HOUR)
})

test('a ticket that lives for a minute is used for most of it', () => {
  const times = { startsAt: 0, expiresAt: 60_000 }
  expect(usableUntil(times)).toBe(54_000)
  expect(refreshTime(times)).toBe(48_000)
})

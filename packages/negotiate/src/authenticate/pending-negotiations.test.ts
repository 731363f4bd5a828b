import { expect, test } from 'vitest'
import { connection } from '../fixtures/requests.js'
import { isContinuation, PendingNegotiations } from './pending-negotiations.js'

const MINUTE = 60_000

test('keeps a negotiation for its connection, for one more token', () => {
  const pending = new PendingNegotiations(() => 0)
  const [one, other] = [connection(), connection()]
  const negotiation = { expiresAt: MINUTE }
  expect(pending.keep(one, negotiation)).toBe(true)
  expect(pending.take(other)).toBeUndefined()
  expect(pending.take(undefined)).toBeUndefined()
  expect(pending.take(one)).toBe(negotiation)
  expect(pending.take(one)).toBeUndefined()
})

test('keeps neither of two on one connection', () => {
  const pending = new PendingNegotiations(() => 0)
  const shared = connection()
  pending.keep(shared, { expiresAt: MINUTE })
  expect(pending.keep(shared, { expiresAt: MINUTE })).toBe(false)
  expect(pending.take(shared)).toBeUndefined()
  expect(pending.keep(shared, { expiresAt: MINUTE })).toBe(true)
})

test('forgets what took too long', () => {
  let now = 0
  const pending = new PendingNegotiations(() => now)
  const slow = connection()
  pending.keep(slow, { expiresAt: MINUTE })
  now = MINUTE + 1
  expect(pending.take(slow)).toBeUndefined()
  expect(pending.size).toBe(0)
})

test('refuses more than a thousand, until some have ended or their connections have', () => {
  let now = 0
  const pending = new PendingNegotiations(() => now)
  const open = Array.from({ length: 1_000 }, connection)
  for (const one of open) expect(pending.keep(one, { expiresAt: MINUTE })).toBe(true)
  expect(pending.keep(connection(), { expiresAt: MINUTE })).toBe(false)
  open[500].destroyed = true
  expect(pending.keep(connection(), { expiresAt: MINUTE })).toBe(true)
  expect(pending.size).toBe(1_000)
  now = MINUTE + 1
  expect(pending.keep(connection(), { expiresAt: 2 * MINUTE })).toBe(true)
  expect(pending.size).toBe(1)
  pending.clear()
  expect(pending.size).toBe(0)
})

test('tells a later leg from a first token', () => {
  expect(isContinuation(Uint8Array.of(0xa1, 0x03))).toBe(true)
  expect(isContinuation(Uint8Array.of(0x60, 0x03))).toBe(false)
  expect(isContinuation(new Uint8Array(0))).toBe(false)
})

test('a negotiation lives until its very end, and not a millisecond longer', () => {
  let now = 0
  const pending = new PendingNegotiations(() => now)
  const [one, other] = [connection(), connection()]
  const negotiation = { expiresAt: MINUTE }
  pending.keep(one, negotiation)
  pending.keep(other, negotiation)
  now = MINUTE
  expect(pending.take(one)).toBe(negotiation)
  now++
  expect(pending.take(other)).toBeUndefined()
})

test('what has ended makes room, and the first that has not ends the search while there is room', () => {
  const pending = new PendingNegotiations(() => 0)
  const [first, second, third] = [connection(), connection(), {}]
  for (const one of [first, second, third]) pending.keep(one, { expiresAt: MINUTE })
  second.destroyed = true
  expect(pending.take(undefined)).toBeUndefined()
  expect(pending.take(first)).toBeDefined()
  expect(pending.size).toBe(2)
  pending.keep(connection(), { expiresAt: MINUTE })
  expect(pending.size).toBe(2)
})

test('who waits for nothing costs nothing', () => {
  let asked = 0
  const pending = new PendingNegotiations(() => asked++)
  expect(pending.take(connection())).toBeUndefined()
  expect(asked).toBe(0)
})

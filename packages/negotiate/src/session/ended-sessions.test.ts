import { expect, test } from 'vitest'
import { endedSessions, MemoryEndedSessions, revokedOrEnded } from './ended-sessions.js'
import type { Session } from './session-revocation.js'

const session = (id: string): Session => ({
  ...{ kind: 'cookie', id, principal: 'alice@AD.TEST', authenticationMethod: 'form', startedAt: 0, expiresAt: 10 },
})

test('what has ended is known, and forgotten when it would have ended by itself', () => {
  let now = 0
  const store = new MemoryEndedSessions({ now: () => now })
  store.end('a', 10)
  expect([store.isEnded('a'), store.isEnded('b')]).toEqual([true, false])
  now = 10
  store.end('b', 20)
  expect([store.isEnded('a'), store.isEnded('b')]).toEqual([false, true])
})

test('of a hundred thousand the first is forgotten for one more', () => {
  const store = new MemoryEndedSessions({ now: () => 0 })
  for (let id = 0; id <= 100_000; id++) store.end(String(id), 10)
  expect([store.isEnded('0'), store.isEnded('1'), store.isEnded('100000')]).toEqual([false, true, true])
})

test('the app is asked about what has not ended', async () => {
  const store = new MemoryEndedSessions()
  store.end('a', Infinity)
  const isRevoked = revokedOrEnded(store, ({ id }) => id === 'b')
  expect([isRevoked(session('a')), isRevoked(session('b')), isRevoked(session('c'))]).toEqual([true, true, false])
  const late = revokedOrEnded({ end: () => {}, isEnded: (id) => Promise.resolve(id === 'a') }, ({ id }) => id === 'b')
  expect([await late(session('a')), await late(session('b')), await late(session('c'))]).toEqual([true, true, false])
})

test('all negotiators of a process share one memory, unless they have a clock or a store of their own', () => {
  const shared = endedSessions(undefined, undefined)
  expect(endedSessions(undefined, undefined)).toBe(shared)
  expect(endedSessions(undefined, () => 0)).not.toBe(shared)
  const own = new MemoryEndedSessions()
  expect(endedSessions(own, undefined)).toBe(own)
  expect(() => endedSessions({ end: () => {} }, undefined)).toThrow('session.ended must have end and isEnded')
})

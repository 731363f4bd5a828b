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

const of = (user: string, id: string, startedAt = 0): Session => ({
  ...{ kind: 'cookie', id, principal: `${user}@AD.TEST`, sid: `S-1-5-21-1-2-3-${user.length}` },
  ...{ authenticationMethod: 'form', startedAt, expiresAt: 1_000 },
})

test('a user who ends many sessions ends the older ones of that user, and none that others have ended comes back', () => {
  let now = 1
  const store = new MemoryEndedSessions({ now: () => now })
  const [bobs, alices] = [of('bob', 'b'), of('alice', 'kept', 0)]
  store.end('b', 1_000, bobs)
  for (let id = 0; id < 100; id++) store.end(`a${id}`, 1_000, of('alice', `a${id}`))
  expect([store.isEnded('a0', of('alice', 'a0')), store.isEnded('kept', alices)]).toEqual([true, false])
  now = 2
  for (let id = 100; id < 100_000; id++) store.end(`a${id}`, 1_000, of('alice', `a${id}`))
  expect(store.isEnded('b', bobs)).toBe(true)
  expect(store.isEnded('other', of('bob', 'other'))).toBe(false)
  // Which of alice's have ended is not known any more: all that began before have.
  expect([store.isEnded('a0', of('alice', 'a0')), store.isEnded('kept', alices)]).toEqual([true, true])
  expect(store.isEnded('new', of('alice', 'new', 2))).toBe(false)
})

test('a session of a user stays ended for as long as it would have lasted, whatever else of the user has ended since', () => {
  let now = 0
  const store = new MemoryEndedSessions({ now: () => now })
  store.end('long', 1_000, of('alice', 'long'))
  store.end('short', 10, of('alice', 'short'))
  now = 11
  store.end('other', 1_000, of('bob', 'other'))
  expect([store.isEnded('long', of('alice', 'long')), store.isEnded('kept', of('alice', 'kept'))]).toEqual([
    true,
    false,
  ])
  now = 1_000
  store.end('next', 2_000, of('bob', 'next'))
  expect(store.isEnded('long', of('alice', 'long'))).toBe(false)
})

test('a user whose sessions have all but ended by themselves ends no other with the next', () => {
  let now = 0
  const store = new MemoryEndedSessions({ now: () => now })
  for (let id = 0; id < 99; id++) store.end(`a${id}`, 10, of('alice', `a${id}`))
  store.end('long', 1_000, of('alice', 'long'))
  now = 10
  store.end('next', 1_000, of('alice', 'next'))
  const isEnded = (id: string): boolean => store.isEnded(id, of('alice', id))
  expect([isEnded('long'), isEnded('next'), isEnded('kept')]).toEqual([true, true, false])
})

test('the hundredth session of a user is known by itself, and the next one ends all that began before its time', () => {
  const store = new MemoryEndedSessions({ now: () => 5 })
  const isEnded = (startedAt: number): boolean => store.isEnded('kept', of('alice', 'kept', startedAt))
  for (let id = 0; id < 100; id++) store.end(`a${id}`, 10, of('alice', `a${id}`))
  expect(isEnded(4)).toBe(false)
  store.end('a100', 10, of('alice', 'a100'))
  expect([isEnded(4), isEnded(5)]).toEqual([true, false])
})

test('a user is known by SID under every name, and by name where there is no SID', () => {
  const store = new MemoryEndedSessions({ now: () => 5 })
  const [before, renamed] = [of('alice', 'a'), { ...of('alice', 'a'), principal: 'alice.smith@AD.TEST' }]
  store.end('a', 10, before)
  expect(store.isEnded('a', renamed)).toBe(true)
  for (let id = 0; id < 101; id++) store.end(`s${id}`, 10, session(`s${id}`))
  const bob = { ...session('b'), principal: 'bob@AD.TEST' }
  expect([store.isEnded('kept', session('kept')), store.isEnded('b', bob)]).toEqual([true, false])
})

test('of more than a hundred thousand sessions those of the first users have all ended', () => {
  const store = new MemoryEndedSessions({ now: () => 5 })
  const nth = (index: number, id = `s${index}`): Session => ({ ...of('u', id), sid: `S-1-5-21-1-2-3-${index}` })
  for (let index = 0; index < 1_001; index++)
    for (let id = 0; id < 100; id++) store.end(`${index} ${id}`, 10, nth(index, `${index} ${id}`))
  expect(store.isEnded('0 7', nth(0, '0 7'))).toBe(true)
  expect([store.isEnded('other', nth(0, 'other')), store.isEnded('other', nth(900, 'other'))]).toEqual([true, false])
  expect(store.isEnded('900 7', nth(900, '900 7'))).toBe(true)
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
  const incomplete = [
    { end: () => {} },
    { end: () => {}, isEnded: true },
    { end: 1, isEnded: () => false },
    null,
    'redis',
  ]
  for (const given of incomplete)
    expect(() => endedSessions(given, undefined)).toThrow('session.ended must have end and isEnded')
})

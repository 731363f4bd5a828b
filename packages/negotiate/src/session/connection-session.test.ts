import { expect, test } from 'vitest'
import { ConnectionSession } from './connection-session.js'
import { callerWith, HOUR, NOW } from '../fixtures/identities.js'
import { connection, requestWith } from '../fixtures/requests.js'

const PERSISTENT = { 'Persistent-Auth': 'true', 'Cache-Control': 'private, no-store', Vary: '*' }
const alice = callerWith()
const bob = callerWith({ principal: 'bob@AD.TEST' })

test('the caller of a connection is known on it, and nowhere else', () => {
  const sessions = new ConnectionSession(() => NOW)
  const socket = connection()
  expect(sessions.begin(requestWith({}, { socket }), alice).headers).toEqual(PERSISTENT)
  expect(sessions.find(requestWith({}, { socket }))).toBe(alice)
  expect(sessions.find(requestWith({}, { socket: connection() }))).toBeUndefined()
  expect(sessions.find(requestWith())).toBeUndefined()
})

test('a proxy ends it for good, whether it shows before, with or after the token', () => {
  const sessions = new ConnectionSession(() => NOW)
  const proxied = { via: '1.1 proxy' }
  const socket = connection()
  expect(sessions.begin(requestWith(proxied, { socket }), alice).headers).toEqual({})
  expect(sessions.begin(requestWith({}, { socket }), alice).headers).toEqual({})
  const other = connection()
  sessions.begin(requestWith({}, { socket: other }), alice)
  expect(sessions.find(requestWith(proxied, { socket: other }))).toBeUndefined()
  sessions.end(requestWith({}, { socket: other }))
  expect(sessions.begin(requestWith({}, { socket: other }), alice).headers).toEqual({})
})

test('a second user ends it for good, the same one does not', () => {
  const sessions = new ConnectionSession(() => NOW)
  const request = requestWith({}, { socket: connection() })
  sessions.begin(request, alice)
  expect(sessions.begin(request, alice).headers).toEqual(PERSISTENT)
  expect(sessions.begin(request, bob).headers).toEqual({})
  expect(sessions.find(request)).toBeUndefined()
  expect(sessions.begin(request, alice).headers).toEqual({})
})

test('nobody is bound over HTTP/2', () => {
  const sessions = new ConnectionSession(() => NOW)
  const request = requestWith({}, { socket: connection(), httpVersionMajor: 2 })
  expect(sessions.begin(request, alice).headers).toEqual({})
  expect(sessions.find(request)).toBeUndefined()
})

test('it ends with the ticket, and when it is ended', () => {
  let now = NOW
  const sessions = new ConnectionSession(() => now)
  const request = requestWith({}, { socket: connection() })
  sessions.begin(request, alice)
  now = NOW + 9 * HOUR
  expect(sessions.find(request)).toBeUndefined()
  now = NOW
  sessions.begin(request, alice)
  sessions.end(request)
  expect(sessions.find(request)).toBeUndefined()
})

test('each has an id of its own, its user, and its times', () => {
  const sessions = new ConnectionSession(() => NOW)
  const [one, other] = [alice, bob].map((caller) => {
    sessions.begin(requestWith({}, { socket: connection() }), caller)
    return sessions.sessionOf(caller)
  })
  expect(one).toEqual({
    kind: 'connection',
    id: expect.stringMatching(/^[\w-]{24}$/),
    principal: 'alice@AD.TEST',
    authenticationMethod: 'kerberos',
    startedAt: NOW,
    expiresAt: NOW + 9 * HOUR,
  })
  expect(sessions.sessionOf(alice)).toBe(one)
  expect(other.id).not.toBe(one.id)
})

test('a session is of the user whom the ticket names by a SID, where it does', () => {
  const sessions = new ConnectionSession(() => NOW)
  const known = { kind: 'connection', id: expect.any(String), principal: 'alice@AD.TEST' }
  const times = { authenticationMethod: 'kerberos', startedAt: NOW, expiresAt: NOW + 9 * HOUR }
  expect(sessions.sessionOf(alice)).toStrictEqual({ ...known, ...times })
  const sid = 'S-1-5-21-1-2-3-1104'
  expect(sessions.sessionOf(callerWith({ sid }))).toStrictEqual({ ...known, sid, ...times })
  expect(Object.isFrozen(sessions.sessionOf(alice))).toBe(true)
})

test('a caller is known until the very end of the ticket, and not bound any more then', () => {
  let now = NOW
  const sessions = new ConnectionSession(() => now)
  const request = requestWith({}, { socket: connection() })
  sessions.begin(request, alice)
  now = NOW + 9 * HOUR - 1
  expect(sessions.find(request)).toBe(alice)
  now++
  expect(sessions.find(request)).toBeUndefined()
  // Nobody is there any more, so that another user may come.
  expect(sessions.begin(request, bob).headers).toEqual(PERSISTENT)
})

test('who came over HTTP/2, or with no connection, says nothing about the next one', () => {
  const sessions = new ConnectionSession(() => NOW)
  const socket = connection()
  expect(sessions.find(requestWith({}, { socket, httpVersionMajor: 2 }))).toBeUndefined()
  expect(sessions.begin(requestWith({}, { socket, httpVersionMajor: 2 }), bob).headers).toEqual({})
  expect(sessions.begin(requestWith({ via: '1.1 proxy' }), alice).headers).toEqual({})
  expect(sessions.begin(requestWith({}, { socket }), alice).headers).toEqual(PERSISTENT)
  sessions.end(requestWith())
  expect(sessions.find(requestWith({}, { socket }))).toBe(alice)
})

test('a proxy that shows first makes a connection nobody’s', () => {
  const sessions = new ConnectionSession(() => NOW)
  const socket = connection()
  expect(sessions.find(requestWith({ via: '1.1 proxy' }, { socket }))).toBeUndefined()
  expect(sessions.begin(requestWith({}, { socket }), alice).headers).toEqual({})
  expect(sessions.find(requestWith({}, { socket }))).toBeUndefined()
})

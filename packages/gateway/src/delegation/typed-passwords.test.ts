import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import type { CallerIdentity, Session } from '@s4u/negotiate'
import { beforeEach, expect, test } from 'vitest'
import { requestOf } from '../fixtures/requests.js'
import { TypedPassword } from './typed-password.js'
import { TypedPasswords } from './typed-passwords.js'

let now = 0
let passwords: TypedPasswords

beforeEach(() => {
  now = 0
  passwords = new TypedPasswords({ lifetime: 1_000, secure: true, now: () => now, random: randomBytes })
})

const keep = (principal: string, password = 'wonderland') =>
  String(passwords.keep(principal, new TypedPassword(principal.split('@')[0], password))['Set-Cookie']).split(';')[0]

/** Only the name of the caller and the id of the session are looked at. */
function asked(principal: string, cookie: string | undefined, id?: string): string | undefined {
  const caller = { principal } as CallerIdentity
  const session = id === undefined ? undefined : ({ id } as Session)
  const header = passwords.of(requestOf({ caller, session, headers: { cookie } }))?.authorization()
  return header && Buffer.from(header.slice(6), 'base64').toString()
}

const [ALICE, BOB] = ['alice@AD.TEST', 'bob@AD.TEST']

test('the password comes back with the cookie of its user, as it was typed', () => {
  const cookie = keep(ALICE, 'pässwörd: with\0 all')
  expect(asked(ALICE, `x=1; ${cookie}`)).toBe('alice:pässwörd: with\0 all')
})

test('the cookie is for this host, over TLS, and for no script', () => {
  const line = passwords.keep(ALICE, new TypedPassword('alice', 'x'))['Set-Cookie']
  expect(line).toMatch(/^__Host-s4u-typed=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/)
  const plain = new TypedPasswords({ lifetime: 1, secure: false, now: () => now, random: randomBytes })
  expect(plain.keep(ALICE, new TypedPassword('alice', 'x'))['Set-Cookie']).toMatch(
    /^s4u-typed=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/,
  )
})

test('another user with the cookie gets nothing, and takes nothing away', () => {
  const cookie = keep(ALICE)
  expect(asked(BOB, cookie)).toBeUndefined()
  expect(asked(ALICE, cookie)).toBe('alice:wonderland')
})

test('each of two users gets the own password', () => {
  const [ofAlice, ofBob] = [keep(ALICE, 'a'), keep(BOB, 'b')]
  expect([asked(ALICE, ofAlice), asked(BOB, ofBob), asked(ALICE, ofBob)]).toEqual(['alice:a', 'bob:b', undefined])
})

test('a second session of the same user gets nothing with the cookie of the first', () => {
  const cookie = keep(ALICE)
  expect(asked(ALICE, cookie, 'first')).toBe('alice:wonderland')
  expect(asked(ALICE, cookie, 'second')).toBeUndefined()
  expect(asked(ALICE, cookie)).toBeUndefined()
  expect(asked(ALICE, cookie, 'first')).toBe('alice:wonderland')
})

test.each([
  ['none', undefined],
  ['another name', 'typed=abc'],
  ['a short one', '__Host-s4u-typed=abc'],
  ['a made up one', `__Host-s4u-typed=${Buffer.alloc(32).toString('base64url')}`],
])('%s in place of the cookie gets nothing', (_, cookie) => {
  keep(ALICE)
  expect(asked(ALICE, cookie)).toBeUndefined()
})

test('a cookie that comes twice gets nothing', () => {
  const cookie = keep(ALICE)
  expect(asked(ALICE, `${cookie}; ${cookie}`)).toBeUndefined()
})

test('it is gone some time after its last use', () => {
  const cookie = keep(ALICE)
  now = 999
  expect(asked(ALICE, cookie)).toBe('alice:wonderland')
  now = 1_998
  expect(asked(ALICE, cookie)).toBe('alice:wonderland')
  now = 2_998
  expect(asked(ALICE, cookie)).toBeUndefined()
})

test('it is gone after the sign-out of its browser, with the cookie, and after the end of the gateway', () => {
  const [cookie, other] = [keep(ALICE), keep(BOB)]
  expect(passwords.forget(requestOf({ headers: { cookie } }))).toEqual({
    'Set-Cookie': '__Host-s4u-typed=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax',
  })
  expect([asked(ALICE, cookie), asked(BOB, other)]).toEqual([undefined, 'bob:wonderland'])
  passwords.close()
  expect(asked(BOB, other)).toBeUndefined()
})

test('memory is bounded: what was used least recently has to be typed again', () => {
  const [first, second] = [keep(ALICE), keep(BOB)]
  for (let count = 0; count < 19_998; count++) keep(`other${count}@AD.TEST`)
  expect(asked(ALICE, first)).toBe('alice:wonderland')
  keep('other@AD.TEST')
  expect([asked(ALICE, first), asked(BOB, second)]).toEqual(['alice:wonderland', undefined])
})

test('neither memory nor a log shows the password', () => {
  keep(ALICE, 'hunter2')
  const typed = new TypedPassword('alice', 'hunter2')
  const shown = [
    inspect(passwords, { depth: 9, showHidden: true }),
    inspect(typed),
    JSON.stringify({ typed }),
    String(typed),
  ]
  expect(shown.join()).not.toContain('hunter2')
})

test('a user who signs in over and over pushes out the password of no other', () => {
  const ofBob = keep(BOB)
  const first = keep(ALICE)
  for (let count = 0; count < 20_000; count++) keep(ALICE)
  const last = keep(ALICE)
  expect([asked(BOB, ofBob), asked(ALICE, first), asked(ALICE, last)]).toEqual([
    'bob:wonderland',
    undefined,
    'alice:wonderland',
  ])
})

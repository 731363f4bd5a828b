import { ConfigurationError } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { checkRevocation, checkSession, type CookieSessionOptions, type SessionOption } from './session-options.js'

const cookie = (changes: Partial<CookieSessionOptions> = {}) => checkSession({ kind: 'cookie', ...changes })

test('no session unless asked for', () => {
  expect(checkSession()).toBeUndefined()
  expect(checkSession(false)).toBeUndefined()
})

test('connections are bound when asked for', () => {
  expect(checkSession('connection')).toBe('connection')
  expect(checkSession({ kind: 'connection' })).toBe('connection')
})

describe('a cookie', () => {
  test('is for this host alone, over TLS alone, and out of the reach of scripts', () => {
    expect(checkSession('cookie')).toEqual({
      keys: undefined,
      maxAge: 8 * 3_600_000,
      name: '__Host-s4u',
      secure: true,
      isRevoked: undefined,
      attributes: '; Path=/; HttpOnly; Secure; SameSite=Lax',
    })
  })

  test.each([
    [{ secure: false }, 's4u', '; Path=/; HttpOnly; SameSite=Lax'],
    [{ path: '/app' }, 's4u', '; Path=/app; HttpOnly; Secure; SameSite=Lax'],
    [{ domain: 'ad.test' }, 's4u', '; Path=/; Domain=ad.test; HttpOnly; Secure; SameSite=Lax'],
    [{ sameSite: 'strict', name: 'sid' }, 'sid', '; Path=/; HttpOnly; Secure; SameSite=Strict'],
    [{ sameSite: 'none' }, '__Host-s4u', '; Path=/; HttpOnly; Secure; SameSite=None'],
  ] as const)('with %j is %s%s', (changes, name, attributes) => {
    expect(cookie(changes)).toMatchObject({ name, attributes })
  })
})

test('keys of octets are copied: whoever changes them later changes no session', () => {
  const key = new Uint8Array(32).fill(7)
  const settings = cookie({ keys: [key] })
  key.fill(0)
  expect(settings).toMatchObject({ keys: [new Uint8Array(32).fill(7)] })
})

test('there is nothing to ask about revocation unless an option has it', () => {
  expect([checkRevocation(), checkRevocation(false), checkRevocation('cookie')]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})

test.each<[string, unknown]>([
  ['a word', 'forever'],
  ['a kind that is none', { kind: 'jwt' }],
  ['no keys', { kind: 'cookie', keys: [] }],
  ['a short key', { kind: 'cookie', keys: ['x'.repeat(32), 'short'] }],
  ['short octets', { kind: 'cookie', keys: [new Uint8Array(31)] }],
  ['no time at all', { kind: 'cookie', maxAge: 0 }],
  ['a time that is none', { kind: 'cookie', maxAge: Number.NaN }],
  ['a time that is text', { kind: 'cookie', maxAge: '3600000' }],
  ['no idle time at all', { kind: 'cookie', maxIdle: 0 }],
  ['an idle time that is none', { kind: 'cookie', maxIdle: Number.NaN }],
  ['an idle time that is text', { kind: 'cookie', maxIdle: '60000' }],
  ['numbers in place of octets', { kind: 'cookie', keys: [Array.from({ length: 32 }, () => 7)] }],
  ['a name with a space', { kind: 'cookie', name: 'a b' }],
  ['a name with an attribute', { kind: 'cookie', name: 'a;Domain=x' }],
  ['a path with an attribute', { kind: 'cookie', path: '/; Domain=x' }],
  ['a path that is none', { kind: 'cookie', path: 'app' }],
  ['a domain with a line break', { kind: 'cookie', domain: 'x\r\ny' }],
  ['a sameSite that is none', { kind: 'cookie', sameSite: 'maybe' }],
  ['a revocation that is no function', { kind: 'cookie', isRevoked: true }],
  ['cookies for other sites over plain HTTP', { kind: 'cookie', sameSite: 'none', secure: false }],
])('%s is refused', (_what, option) => {
  expect(() => checkSession(option as SessionOption)).toThrow(ConfigurationError)
})

test('either kind may be revoked', () => {
  const isRevoked = () => false
  expect(checkRevocation({ kind: 'cookie', isRevoked })).toBe(isRevoked)
  expect(checkRevocation({ kind: 'connection', isRevoked })).toBe(isRevoked)
  expect([undefined, false, 'cookie', 'connection'].map((one) => checkRevocation(one as SessionOption))).toEqual(
    Array(4).fill(undefined),
  )
  expect(() => checkRevocation({ kind: 'connection', isRevoked: 'no' } as unknown as SessionOption)).toThrow(
    ConfigurationError,
  )
})

test.each<[unknown, string, string | undefined]>([
  ['forever', "session must be false, 'cookie', 'connection' or options of one of these", undefined],
  [
    { kind: 'cookie', keys: [] },
    'session.keys must be secrets of at least 32 octets or characters',
    'Make one with: openssl rand -base64 32',
  ],
  [{ kind: 'cookie', maxAge: 0 }, 'session.maxAge must be a number of milliseconds, more than 0', undefined],
  [{ kind: 'cookie', maxIdle: 0 }, 'session.maxIdle must be a number of milliseconds, more than 0', undefined],
  [{ kind: 'cookie', sameSite: 'maybe' }, 'session.sameSite must be strict, lax or none', undefined],
  [
    { kind: 'cookie', sameSite: 'none', secure: false },
    'session.sameSite none needs a cookie that is secure',
    undefined,
  ],
  [{ kind: 'cookie', name: '' }, 'session: name, path or domain cannot stand in a cookie', undefined],
])('%j is refused in words', (option, message, hint) => {
  const error = expect.objectContaining({ name: 'ConfigurationError', message, hint })
  expect(() => checkSession(option as SessionOption)).toThrow(error)
})

test('a revocation that is no function is refused in words', () => {
  const message = 'session.isRevoked must be a function that answers true or false'
  for (const kind of ['cookie', 'connection'])
    expect(() => checkRevocation({ kind, isRevoked: 1 } as unknown as SessionOption)).toThrow(message)
})

test.each([
  { name: "!#$%&'*+.^_`|~09AZaz-" },
  { name: 'a' },
  { path: '/' },
  { path: '/ a:<~' },
  { path: '/app/x' },
  { domain: 'ad.test' },
  { domain: 'A-1.test' },
  { maxAge: 1 },
  { maxAge: Infinity },
  { keys: ['x'.repeat(32), new Uint8Array(32)] },
])('%j can stand in a cookie', (changes) => {
  expect(cookie(changes)).toMatchObject(changes.domain === undefined && changes.path === undefined ? changes : {})
})

test.each([
  { name: '' },
  { name: 'a b' },
  { name: ' a' },
  { name: 'a ' },
  { name: 'a=b' },
  { name: 'ä' },
  { path: '' },
  { path: 'a/b' },
  { path: ' /a' },
  { path: '/a;b' },
  { path: '/a\x1f' },
  { path: '/a\x7f' },
  { path: '/ä' },
  { domain: 'a b' },
  { domain: ' a' },
  { domain: 'a ' },
  { domain: 'a;b' },
  { domain: 'ä' },
])('%j cannot', (changes) => {
  expect(() => cookie(changes)).toThrow('session: name, path or domain cannot stand in a cookie')
})

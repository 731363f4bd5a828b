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

test.each<[string, unknown]>([
  ['a word', 'forever'],
  ['a kind that is none', { kind: 'jwt' }],
  ['no keys', { kind: 'cookie', keys: [] }],
  ['a short key', { kind: 'cookie', keys: ['x'.repeat(32), 'short'] }],
  ['short octets', { kind: 'cookie', keys: [new Uint8Array(31)] }],
  ['no time at all', { kind: 'cookie', maxAge: 0 }],
  ['a time that is none', { kind: 'cookie', maxAge: Number.NaN }],
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

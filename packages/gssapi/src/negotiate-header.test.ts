import { describe, expect, test } from 'vitest'
import { text } from './fixtures/octets.js'
import {
  findNegotiateChallenge,
  formatAuthorization,
  formatChallenge,
  MAX_TOKEN_OCTETS,
  parseAuthorization,
} from './negotiate-header.js'

describe('an Authorization header', () => {
  test.each([undefined, '', '  '])('that is %j is none', (header) => {
    expect(parseAuthorization(header)).toEqual({ status: 'none' })
  })

  test.each(['Negotiate Zm9v', 'negotiate Zm9v', 'NEGOTIATE   Zm9v', ' \tNegotiate Zm9v\t '])(
    '%j has a token',
    (header) => {
      expect(parseAuthorization(header)).toEqual({ status: 'token', token: text('foo') })
    },
  )

  test.each([
    ['Basic dTpw', 'Basic'],
    ['Bearer abc.def', 'Bearer'],
    ['NTLM TlRMTVNTUAAB', 'NTLM'],
    ['Kerberos Zm9v', 'Kerberos'],
    ['NegotiateX Zm9v', 'NegotiateX'],
    ['Digest username="u", realm="r"', 'Digest'],
  ])('%j is left to others', (header, scheme) => {
    expect(parseAuthorization(header)).toEqual({ status: 'other-scheme', scheme })
  })

  test.each([
    ['no token', 'Negotiate', 'a token after Negotiate, found nothing'],
    ['white space in the token', 'Negotiate Zm9v Zm9v', 'base64, found something else'],
    ['a line break in the token', 'Negotiate Zm9v\nZm9v', 'base64, found something else'],
    ['no padding', 'Negotiate Zg', 'base64, found something else'],
    ['too much padding', 'Negotiate Zm9v====', 'base64, found something else'],
    ['bits that no octet needs', 'Negotiate Zh==', 'base64, found something else'],
    ['the alphabet of URLs', 'Negotiate Zm-_', 'base64, found something else'],
    ['two schemes', 'Negotiate Zm9v, Basic dTpw', 'base64, found something else'],
    ['no scheme', '"Negotiate" Zm9v', 'a scheme, found another character'],
    ['a tab after the scheme', 'Negotiate\tZm9v', 'a scheme, found another character'],
  ])('with %s is malformed', (_, header, message) => {
    const parsed = parseAuthorization(header)
    expect(parsed).toMatchObject({
      status: 'malformed',
      error: { code: 'GSS_S_DEFECTIVE_TOKEN', message: `Authorization: expected ${message}` },
    })
    expect(JSON.stringify(parsed)).not.toContain('Zm9v')
  })

  test('with more octets than any token has is malformed', () => {
    const largest = parseAuthorization(`Negotiate ${Buffer.alloc(MAX_TOKEN_OCTETS - 2).toString('base64')}`)
    expect(largest.status).toBe('token')
    const larger = parseAuthorization(`Negotiate ${Buffer.alloc(MAX_TOKEN_OCTETS + 1).toString('base64')}`)
    expect(larger).toMatchObject({
      status: 'malformed',
      error: {
        code: 'KRB_ERR_FIELD_TOOLONG',
        message: 'Authorization: expected at most 131072 octets, found 174764 characters of base64',
      },
    })
  })

  test('is formatted as it is parsed', () => {
    expect(parseAuthorization(formatAuthorization(text('token')))).toEqual({ status: 'token', token: text('token') })
  })
})

test('a challenge has a token or none', () => {
  expect(formatChallenge()).toBe('Negotiate')
  expect(formatChallenge(text('foo'))).toBe('Negotiate Zm9v')
})

describe('Negotiate is found', () => {
  test.each<[string, string | readonly string[]]>([
    ['alone', 'Negotiate'],
    ['in any case', 'nEgOtIaTe'],
    ['among others', 'Basic realm="a, Negotiate Zm9v", Negotiate, NTLM'],
    [
      'after parameters with quotes',
      'Digest realm="say \\"Negotiate\\", x", nonce = "a=", qop="auth,auth-int", Negotiate',
    ],
    ['before others', 'Negotiate, Basic realm="x", charset=UTF-8'],
    ['in a header of its own', ['NTLM', 'Negotiate']],
    ['between empty elements', ', ,Negotiate,'],
    ['behind what is no scheme', '"x", Negotiate'],
  ])('%s, without a token', (_, header) => {
    expect(findNegotiateChallenge(header)).toEqual({})
  })

  test.each<[string, string | readonly string[]]>([
    ['alone', 'Negotiate Zm9v'],
    ['among others', 'Basic realm="x", negotiate Zm9v, NTLM'],
    ['in the second of two', ['Negotiate', 'Negotiate Zm9v']],
  ])('%s, with a token', (_, header) => {
    expect(findNegotiateChallenge(header)).toEqual({ token: text('foo') })
  })

  test('with padding that looks like a parameter', () => {
    expect(findNegotiateChallenge('Negotiate Zg==, Basic realm="x"')).toEqual({ token: text('f') })
  })
})

test.each([
  undefined,
  null,
  '',
  [],
  'Basic realm="Negotiate"',
  'Basic realm="a\\", Negotiate Zm9v, b"',
  'Negotiate="x"',
  'NTLM',
  'X-Negotiate Zm9v',
])('there is no Negotiate in %j', (header) => {
  expect(findNegotiateChallenge(header)).toBeUndefined()
})

test('a challenge whose token is not base64 is refused', () => {
  for (const header of [
    'Negotiate Zg',
    'Negotiate Zg, Basic realm="x"',
    'Negotiate Zm9v Zm9v',
    ['NTLM', 'Negotiate -'],
  ]) {
    expect(() => findNegotiateChallenge(header)).toThrow('WWW-Authenticate: expected base64, found something else')
  }
})

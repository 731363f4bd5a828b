import { MalformedTokenError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { isDigest, readDigestCredentials } from './digest-credentials.js'

const RESPONSE = 'a'.repeat(64)
const RIGHT = {
  username: '"alice"',
  realm: '"orders"',
  nonce: '"n"',
  uri: '"/orders?page=2"',
  algorithm: 'SHA-256',
  response: `"${RESPONSE}"`,
  cnonce: '"c"',
  nc: '0000000A',
  qop: 'auth',
}
const header = (changes: Record<string, string | undefined> = {}): string =>
  `Digest ${Object.entries({ ...RIGHT, ...changes })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')}`
const octets = (text: string): string => Buffer.from(text).toString('latin1')

test('what a client sends is read, each value as it enters the computation', () => {
  expect(readDigestCredentials(header())).toEqual({
    ...{ username: 'alice', isHashed: false, realm: 'orders', nonce: 'n', uri: '/orders?page=2', algorithm: 'SHA-256' },
    ...{ response: RESPONSE, cnonce: 'c', nc: '0000000A' },
  })
})

describe('names beyond ASCII', () => {
  test.each([
    ['in quotes, as octets', { username: octets('"zoé"') }, 'zoé'],
    ['with escapes', { username: String.raw`"CORP\\alice \"b\""` }, 'CORP\\alice "b"'],
    ['as RFC 8187 writes them', { username: undefined, 'username*': "UTF-8''J%C3%A4s%C3%B8n" }, 'Jäsøn'],
    ['so, with a language', { username: undefined, 'username*': "utf-8'de'zo%c3%a9" }, 'zoé'],
  ])('%s', (_how, changes, username) => {
    expect(readDigestCredentials(header(changes)).username).toBe(username)
  })
})

test.each([
  ['words in quotes, as python-requests writes them', { qop: '"auth"', algorithm: '"SHA-256"' }],
  ['an opaque that nobody asked for', { opaque: '"x"' }],
  ['a parameter that is not known', { 'x-more': '"x"' }],
  ['userhash=false', { userhash: 'false' }],
  ['USERHASH=FALSE in capitals', { userhash: 'FALSE' }],
  ['words in capitals', { qop: 'AUTH', algorithm: 'sha-256' }],
])('%s is taken', (_what, changes) => {
  expect(readDigestCredentials(header(changes)).username).toBe('alice')
})

test('blanks and tabs may stand around parameters', () => {
  expect(readDigestCredentials(header().replaceAll(', ', ' \t,\t')).nc).toBe('0000000A')
})

test('MD5 is meant where no algorithm is named', () => {
  const md5 = header({ algorithm: undefined, response: `"${'0'.repeat(32)}"` })
  expect(readDigestCredentials(md5).algorithm).toBe('MD5')
})

describe('is refused, with what was expected', () => {
  const refusal = (authorization: string): unknown => {
    try {
      return readDigestCredentials(authorization)
    } catch (error) {
      return error instanceof MalformedTokenError ? error.message : error
    }
  }

  test.each<[what: string, changes: Record<string, string | undefined>, message: string]>([
    [
      'no qop',
      { qop: undefined },
      'Digest.qop: expected auth, found nothing: without it (RFC 2069) a request can be replayed',
    ],
    [
      'auth-int',
      { qop: 'auth-int' },
      'Digest.qop: expected auth, found auth-int: the whole body would have to be read first',
    ],
    ['another qop', { qop: '"auth,auth-int"' }, 'Digest.qop: expected auth, found another'],
    ['another algorithm', { algorithm: 'SHA-256-sess' }, 'Digest.algorithm: expected SHA-256 or MD5, found'],
    ['another userhash', { userhash: 'yes' }, 'Digest.userhash: expected true or false, found another value'],
    ['a name that is no hash', { userhash: 'true' }, 'Digest.username: expected 64 hexadecimal digits, with userhash'],
    [
      'a hash of another algorithm',
      { userhash: 'true', username: `"${'0'.repeat(32)}"` },
      'Digest.username: expected 64 hexadecimal digits, with userhash, found another',
    ],
    [
      'a hash in username*',
      { userhash: 'true', username: undefined, 'username*': `UTF-8''${'0'.repeat(64)}` },
      'Digest.username*: expected username, with userhash, found username*',
    ],
    ['a short response', { response: '"abc"' }, 'Digest.response: expected 64 hexadecimal digits, found 3 characters'],
    [
      'capitals in the response',
      { response: `"${'A'.repeat(64)}"` },
      'Digest.response: expected 64 hexadecimal digits',
    ],
    ['nc of seven digits', { nc: '0000001' }, 'Digest.nc: expected eight hexadecimal digits, from 1, found others'],
    ['nc zero', { nc: '00000000' }, 'Digest.nc: expected eight hexadecimal digits, from 1, found others'],
    ['no nonce', { nonce: undefined }, 'Digest.nonce: expected a text in quotes, found nothing'],
    ['a name without quotes', { username: 'alice' }, 'Digest.username: expected a text in quotes, found one without'],
    ['two names', { 'username*': "UTF-8''alice" }, 'Digest.username: expected username or username*, found both'],
    ['an empty name', { username: '""' }, 'Digest.username: expected a name without controls and colons'],
    ['a name with a colon', { username: '"a:b"' }, 'Digest.username: expected a name without controls and colons'],
    [
      'a name with a line break',
      { username: '"a\nb"' },
      'Digest.username: expected a name without controls and colons',
    ],
    ['a name in Latin 1', { username: '"zo\u00e9"' }, 'Digest.username: expected UTF-8, found other octets'],
    [
      'username* in another charset',
      { username: undefined, 'username*': "ISO-8859-1''zo%E9" },
      "Digest.username*: expected UTF-8''",
    ],
    [
      'username* with a broken octet',
      { username: undefined, 'username*': "UTF-8''zo%E" },
      "Digest.username*: expected UTF-8''",
    ],
    ['a cnonce beyond ASCII', { cnonce: octets('"é"') }, 'Digest.cnonce: expected a text of ASCII, found another'],
    ['an empty cnonce', { cnonce: '""' }, 'Digest.cnonce: expected a text of ASCII, found another'],
    ['a quote that does not end', { cnonce: '"c' }, 'Digest.parameters: expected name=value'],
    ['text behind a quote', { nonce: '"n"x' }, 'Digest.parameters: expected name=value'],
    ['a bare name', { nonce: '' }, 'Digest.parameters: expected name=value'],
  ])('%s', (_what, changes, message) => {
    expect(refusal(header(changes))).toContain(message)
  })

  test.each([
    ['nothing', 'Digest'],
    ['base64', 'Digest YWxpY2U6cGFzc3dvcmQ='],
    ['a comma at the end', `${header()},`],
    ['two commas', header().replace(', ', ',,')],
    ['too many parameters', header(Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`p${at}`, 'x'])))],
  ])('%s', (_what, authorization) => {
    expect(refusal(authorization)).toContain(
      'Digest.parameters: expected name=value or name="value", separated by commas',
    )
  })

  test('a parameter twice, whatever its letters', () => {
    expect(refusal(`${header()}, NONCE="other"`)).toBe('Digest.nonce: expected each parameter once, found one twice')
  })

  test('nothing of what was sent is in the message', () => {
    expect(String(refusal(header({ algorithm: 'hunter2hunter2hunter2hunter2' })))).not.toContain('hunter2')
  })

  test('a header of 64 KB at once', () => {
    const begun = performance.now()
    for (const long of [
      `Digest a="${'\\'.repeat(65_535)}`,
      `Digest ${'a'.repeat(65_536)}`,
      `Digest ${' '.repeat(65_536)}`,
    ])
      expect(refusal(long)).toContain('Digest.parameters')
    expect(performance.now() - begun).toBeLessThan(5_000)
  })
})

test('the scheme is known by its name alone', () => {
  expect(['Digest a=b', 'digest', 'DIGEST\ta'].map(isDigest)).toEqual([true, true, true])
  expect(['Digested a=b', 'Basic Digest', undefined].map(isDigest)).toEqual([false, false, false])
})

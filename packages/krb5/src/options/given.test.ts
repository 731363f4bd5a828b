import { expect, test } from 'vitest'
import { type GivenKind, requireGiven } from './given.js'

const given = (value: unknown, kind: GivenKind) => () => requireGiven('the thing', value, kind, 'Write it.')

test.each<[GivenKind, unknown]>([
  ['text', ''],
  ['octets', new Uint8Array(0)],
  ['octets', Buffer.alloc(1)],
  ['function', () => {}],
  ['list of texts', []],
  ['list of texts', ['a']],
  [[], {}],
  [['a'], { a: undefined }],
  [['hostname'], new URL('http://a/')],
])('%j is %o', (kind, value) => {
  expect(given(value, kind)).not.toThrow()
})

test.each<[GivenKind, unknown, string]>([
  ['text', undefined, 'a text, and not undefined'],
  ['text', 42, 'a text, and not 42'],
  ['text', Symbol('x'), 'a text, and not a value of type symbol'],
  ['octets', [1], 'octets, and not a list'],
  ['octets', 'a secret key of mine', 'octets, and not a text of 20 characters, which is not shown'],
  ['function', null, 'a function, and not null'],
  ['list of texts', 'HTTP/web.ad.test', 'a list of texts, and not "HTTP/web.ad.test"'],
  ['list of texts', ['a', 1], 'a list of texts, and not a list'],
  [['a', 'b'], { a: 1 }, 'an object with a, b, and not a value of type object'],
  [[], null, 'an object, and not null'],
])('%j is not %o', (kind, value, message) => {
  const hint = 'Write it.'
  expect(given(value, kind)).toThrow(
    expect.objectContaining({ name: 'ConfigurationError', message: `the thing must be ${message}`, hint }),
  )
})

import { expect, test } from 'vitest'
import { decodeBasic } from './basic-credentials.js'

const LIMIT_MS = 200

test.each([
  ['with padding', 'Basic YWxpY2U6cHc=', { user: 'alice', password: 'pw' }],
  ['without padding', 'basic YWxpY2U6cHc', { user: 'alice', password: 'pw' }],
  ['with a colon in the password', 'Basic YTpiOmM=', { user: 'a', password: 'b:c' }],
])('a name and a password %s are read', (_how, header, expected) => {
  expect(decodeBasic(header)).toEqual(expected)
})

test('a header of 64 KB that is padding is refused at once', () => {
  const started = performance.now()
  expect(() => decodeBasic(`Basic ${'='.repeat(65_000)}A`)).toThrow(
    'Authorization: Basic: expected base64, found something else',
  )
  expect(performance.now() - started).toBeLessThan(LIMIT_MS)
})

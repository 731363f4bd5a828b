import { expect, test } from 'vitest'
import { takeSspi } from './sspi-token.js'

const sized = (type: number, body: Buffer): Buffer =>
  Buffer.concat([Buffer.of(type, body.length & 0xff, body.length >> 8), body])
const sspi = (token: string): Buffer => sized(0xed, Buffer.from(token))
const WELCOME = Buffer.concat([sized(0xe3, Buffer.alloc(7)), sized(0xad, Buffer.alloc(20)), Buffer.alloc(13, 0xfd)])

test.each(['', 'x', 'y'.repeat(200)])('the token %j is taken, and the driver sees one that it can read', (text) => {
  const answer = Buffer.concat([sized(0xab, Buffer.from('info')), sspi(text), WELCOME])
  const { shown, token } = takeSspi(answer)
  expect(token?.toString()).toBe(text)
  expect(shown.equals(Buffer.concat([sized(0xab, Buffer.from('info')), sized(0xed, Buffer.alloc(64)), WELCOME]))).toBe(
    true,
  )
})

test('an answer without a token is left as it is', () => {
  for (const answer of [Buffer.of(), WELCOME, Buffer.from('ae01ff', 'hex')])
    expect(takeSspi(answer)).toEqual({ shown: answer })
})

test.each([
  ['two tokens', Buffer.concat([sspi('a'), sspi('b')]), 'expected one SSPI token, found two'],
  ['a cut length', Buffer.from('ed05', 'hex'), 'expected a whole token, found 2 octets'],
  ['a token that is longer than the message', Buffer.from('edffff00', 'hex'), 'expected a whole token, found 4 octets'],
])('%s is refused', (_what, answer, message) => {
  expect(() => takeSspi(answer)).toThrow(message)
})

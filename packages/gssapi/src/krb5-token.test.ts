import { expect, test } from 'vitest'
import { fromHex, text } from './fixtures/octets.js'
import { frameKrb5Token, readInnerKrb5Token, readKrb5Token } from './krb5-token.js'
import { Mechanism } from './oids.js'
import { frame } from './token-framing.js'

test.each([
  ['ap-req', '0100'],
  ['ap-rep', '0200'],
  ['krb-error', '0300'],
] as const)('%s has the token identifier %s', (kind, id) => {
  const token = frameKrb5Token(kind, text('message'))
  expect(token.subarray(13, 15)).toEqual(fromHex(id))
  expect(readKrb5Token(token, kind)).toEqual({ kind, message: text('message') })
})

test('a KRB-ERROR may come without framing, where one may come', () => {
  expect(readKrb5Token(fromHex('7e00'), 'ap-rep', 'krb-error')).toEqual({ kind: 'krb-error', message: fromHex('7e00') })
  expect(() => readKrb5Token(fromHex('7e00'), 'ap-rep')).toThrow(/found a bare KRB-ERROR/)
})

test.each([
  ['of another kind than expected', frameKrb5Token('ap-rep', text('x')), /found TOK_ID 0200/],
  ['of no known kind', frame(Mechanism.KRB5, fromHex('0404')), /found TOK_ID 0404/],
  ['of one octet', frame(Mechanism.KRB5, fromHex('01')), /found 1 octets/],
  ['of another mechanism', frame(Mechanism.MS_KRB5, fromHex('0100')), /found 1\.2\.840\.48018/],
  ['without framing', fromHex('6e00'), /found a bare AP-REQ/],
  ['that is empty', fromHex(''), /found nothing/],
  ['that is something else', fromHex('ff'), /begins with octet 0xff/],
])('a token %s is refused', (_, token, message) => {
  expect(() => readKrb5Token(token, 'ap-req')).toThrow(message)
})

test('an inner token is read without framing', () => {
  expect(readInnerKrb5Token(fromHex('0100 6e'), 'ap-req')).toEqual({ kind: 'ap-req', message: fromHex('6e') })
})

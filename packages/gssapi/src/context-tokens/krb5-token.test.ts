import { expect, test } from 'vitest'
import { fromHex, refusalOf, text } from '../fixtures/octets.js'
import { frameKrb5Token, readInnerKrb5Token, readKrb5Token } from './krb5-token.js'
import { Mechanism } from '../framing/oids.js'
import { frame } from '../framing/token-framing.js'

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

const FRAMED = 'a token framed as in RFC 2743 section 3.1'

test.each([
  ['of another kind than expected', frameKrb5Token('ap-rep', text('x')), 'TOK_ID 0100 (ap-req), found TOK_ID 0200'],
  ['of no known kind', frame(Mechanism.KRB5, fromHex('0404')), 'TOK_ID 0100 (ap-req), found TOK_ID 0404'],
  ['of a kind with a small number', frame(Mechanism.KRB5, fromHex('0001')), 'TOK_ID 0100 (ap-req), found TOK_ID 0001'],
  ['of one octet', frame(Mechanism.KRB5, fromHex('01')), 'TOK_ID 0100 (ap-req), found 1 octets'],
  [
    'of another mechanism',
    frame(Mechanism.MS_KRB5, fromHex('0100')),
    'mechanism 1.2.840.113554.1.2.2, found 1.2.840.48018.1.2.2',
  ],
  ['without framing', fromHex('6e00'), `${FRAMED}, found a bare AP-REQ`],
  ['that is a bare AP-REP', fromHex('6f00'), `${FRAMED}, found a bare AP-REP`],
  ['that is empty', fromHex(''), `${FRAMED}, found nothing`],
  ['that is something else', fromHex('ff'), `${FRAMED}, found a token that begins with octet 0xff`],
  ['that begins with a small octet', fromHex('0f'), `${FRAMED}, found a token that begins with octet 0x0f`],
])('a token %s is refused', (_, token, message) => {
  expect(refusalOf(() => readKrb5Token(token, 'ap-req'))).toBe(
    `GSS_S_DEFECTIVE_TOKEN: krb5 context token: expected ${message}`,
  )
})

test('an inner token is read without framing', () => {
  expect(readInnerKrb5Token(fromHex('0100 6e'), 'ap-req')).toEqual({ kind: 'ap-req', message: fromHex('6e') })
})

test('a token may be of one of several kinds, all of which are named where it is of none', () => {
  expect(readKrb5Token(frameKrb5Token('krb-error', text('x')), 'ap-rep', 'krb-error').kind).toBe('krb-error')
  expect(refusalOf(() => readKrb5Token(frameKrb5Token('ap-req', text('x')), 'ap-rep', 'krb-error'))).toBe(
    'GSS_S_DEFECTIVE_TOKEN: krb5 context token: expected TOK_ID 0200 (ap-rep) or TOK_ID 0300 (krb-error), found TOK_ID 0100',
  )
})

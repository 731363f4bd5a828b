import { decode, encode } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { fromHex, refusalOf } from '../fixtures/octets.js'
import { isKerberos, Mechanism, ObjectIdentifier } from './oids.js'

test.each([
  [Mechanism.SPNEGO, '06062b0601050502'],
  [Mechanism.KRB5, '06092a864886f712010202'],
  [Mechanism.MS_KRB5, '06092a864882f712010202'],
  [Mechanism.NTLM, '060a2b06010401823702020a'],
  [Mechanism.NEGOEX, '060a2b06010401823702021e'],
  [Mechanism.IAKERB, '06062b0601050205'],
  ['2.999.3', '0603883703'],
  ['0.39', '060127'],
  ['1.2.16384', '06042a818000'],
  ['1.2.127', '06022a7f'],
  ['1.2.128', '06032a8100'],
  ['2.39', '060177'],
  ['2.40', '060178'],
  [`1.2${'.1'.repeat(63)}`, `06402a${'01'.repeat(63)}`],
  ['1.2.9007199254740991', '06092a8fffffffffffff7f'],
])('%s is encoded and decoded', (dotted, hex) => {
  expect(encode(ObjectIdentifier, dotted)).toEqual(fromHex(hex))
  expect(decode(ObjectIdentifier, fromHex(hex))).toBe(dotted)
})

test.each([
  ['no octets', '0600', 'an OBJECT IDENTIFIER of 1 to 64 octets, found 0'],
  ['an arc with a leading 80', '06032a8003', 'an arc in its shortest form, found a longer one'],
  ['a first arc with a leading 80', '06028001', 'an arc in its shortest form, found a longer one'],
  ['an arc that does not end', '06022a86', 'the last octet of an arc, found the end'],
  ['an arc beyond 2^53', '060a2affffffffffffffff7f', 'arcs below 2^53, found a larger one'],
  ['more octets than any mechanism has', `0641${'2a'.repeat(65)}`, 'an OBJECT IDENTIFIER of 1 to 64 octets, found 65'],
  ['another type', '04012a', 'OBJECT IDENTIFIER, found OCTET STRING'],
])('%s is refused', (_, hex, message) => {
  expect(refusalOf(() => decode(ObjectIdentifier, fromHex(hex)))).toBe(
    `GSS_S_DEFECTIVE_TOKEN: OBJECT IDENTIFIER: expected ${message}`,
  )
})

test.each([
  ...[
    '',
    '1',
    '3.1',
    '1.40',
    '0.40',
    '00.1',
    '10.1',
    '1.2.x',
    '1..2',
    '1..1.2',
    '1.2..3',
    'x1.2',
    '1.2x',
    '0x1.2',
    '1.2.1e1',
    '1.2.9007199254740992',
  ],
])('%j cannot be encoded', (dotted) => {
  expect(refusalOf(() => encode(ObjectIdentifier, dotted))).toBe(`ASN1_BAD_FORMAT: not an object identifier: ${dotted}`)
})

test('both numbers of Kerberos are Kerberos, and nothing else is', () => {
  expect(Object.values(Mechanism).filter(isKerberos)).toEqual([Mechanism.KRB5, Mechanism.MS_KRB5])
})

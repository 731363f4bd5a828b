import { decode, encode } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { fromHex } from './fixtures/octets.js'
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
])('%s is encoded and decoded', (dotted, hex) => {
  expect(encode(ObjectIdentifier, dotted)).toEqual(fromHex(hex))
  expect(decode(ObjectIdentifier, fromHex(hex))).toBe(dotted)
})

test.each([
  ['no octets', '0600'],
  ['an arc with a leading 80', '06032a8003'],
  ['an arc that does not end', '06022a86'],
  ['an arc beyond 2^53', '060a2affffffffffffffff7f'],
  ['more octets than any mechanism has', `0641${'2a'.repeat(65)}`],
  ['another type', '04012a'],
])('%s is refused', (_, hex) => {
  expect(() => decode(ObjectIdentifier, fromHex(hex))).toThrow(/OBJECT IDENTIFIER/)
})

test.each(['', '1', '3.1', '1.40', '1.2.x', '1..2'])('%j cannot be encoded', (dotted) => {
  expect(() => encode(ObjectIdentifier, dotted)).toThrow(/object identifier/)
})

test('both numbers of Kerberos are Kerberos, and nothing else is', () => {
  expect(Object.values(Mechanism).filter(isKerberos)).toEqual([Mechanism.KRB5, Mechanism.MS_KRB5])
})

import type { DerReader } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { der, oid, sequence, set, utf8 } from '../../../../../test/stories/fixtures/der.js'
import { directoryText, formatDistinguishedName, readName } from './distinguished-name.js'
import { readDer } from './read-der.js'

const attribute = (type: string, value: Uint8Array) => set(sequence(oid(type), value))
const nameOf = (...parts: Uint8Array[]) => readDer('Name', sequence(...parts), (reader: DerReader) => readName(reader))

describe('a name', () => {
  const name = nameOf(
    attribute('0.9.2342.19200300.100.1.25', der(0x16, Buffer.from('test'))),
    attribute('2.5.4.8', utf8('Bayern')),
    attribute('1.2.840.113549.1.9.1', der(0x16, Buffer.from('a@b'))),
    set(sequence(oid('2.5.4.3'), utf8('Zoë, a+b')), sequence(oid('2.5.4.99'), utf8('x'))),
  )

  test('is shown as RFC 4514 says, the person first', () => {
    expect(formatDistinguishedName(name)).toBe(
      String.raw`CN=Zoë\, a\+b+2.5.4.99=x,1.2.840.113549.1.9.1=a@b,ST=Bayern,DC=test`,
    )
  })

  test('is written as the directory has it, in the order of the certificate', () => {
    expect(directoryText(name)).toBe('DC=test,S=Bayern,E=a@b,CN="Zoë, a+b"+OID.2.5.4.99=x')
  })
})

test.each([
  ['a text of two octets each', 0x1e, Buffer.from('005a006f00eb', 'hex'), 'Zoë'],
  ['a text of an octet each', 0x14, Buffer.from('5a6feb', 'hex'), 'Zoë'],
  ['what is no text', 0x03, Buffer.from('00ff', 'hex'), '#00ff'],
])('%s is read', (_what, tag, octets, text) => {
  expect(nameOf(attribute('2.5.4.3', der(tag, octets)))[0][0].value).toBe(text)
})

test('a text whose octets are no characters is refused', () => {
  expect(() => nameOf(attribute('2.5.4.3', der(0x0c, Buffer.of(0xff))))).toThrow('octets that are no characters')
})

test.each([
  [' a', String.raw`\ a`],
  ['#a', String.raw`\#a`],
  ['a ', String.raw`a\ `],
  ['a\0b', String.raw`a\00b`],
])('%j is escaped at its ends', (value, shown) => {
  expect(formatDistinguishedName([[{ type: '2.5.4.3', value }]])).toBe(`CN=${shown}`)
})

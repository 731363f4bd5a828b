import { MalformedTokenError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { decodeResponse } from './response.js'

/** An element with its length in four octets, as Active Directory writes it. */
function element(tag: number, ...parts: readonly (Uint8Array | string)[]): Uint8Array {
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  const head = Buffer.alloc(6)
  head[0] = tag
  head[1] = 0x84
  head.writeUInt32BE(body.length, 2)
  return Buffer.concat([head, body])
}

const text = (value: string | Uint8Array): Uint8Array => element(4, value)
const number = (value: number, tag = 2): Uint8Array => element(tag, Uint8Array.of(value))
const message = (...parts: readonly Uint8Array[]): Uint8Array => element(0x30, number(7), ...parts)

describe('a message of a server', () => {
  test('an entry: names in any letter case, values as octets', () => {
    const attribute = element(0x30, text('objectSID'), element(0x31, text(Uint8Array.of(1, 0xfe)), text('b')))
    const response = decodeResponse(message(element(0x64, text('CN=a'), element(0x30, attribute))))
    expect(response).toMatchObject({ id: 7, kind: 'entry', entry: { dn: 'CN=a', names: ['objectSID'] } })
    if (response.kind !== 'entry') throw new Error('no entry')
    expect(response.entry.allOctets('objectsid').map((octets) => Buffer.from(octets).toString('hex'))).toEqual([
      '01fe',
      '62',
    ])
    expect(response.entry.text('nothing')).toBeUndefined()
    expect(response.entry.has('OBJECTSID')).toBe(true)
  })

  test('a text with 65,000 NULs is read at once', () => {
    const started = performance.now()
    const done = element(0x61, number(14, 0x0a), text(''), text(`${'\0'.repeat(65_000)}a\0`))
    expect(decodeResponse(message(done))).toMatchObject({ result: { diagnostic: `${'\0'.repeat(65_000)}a` } })
    expect(performance.now() - started).toBeLessThan(200)
  })

  test('the end of a bind, with octets that are no UTF-8', () => {
    const done = element(
      0x61,
      number(14, 0x0a),
      text(''),
      text('go on\0'),
      element(0x87, Uint8Array.of(7, 0xff, 0xfe, 0x80)),
    )
    expect(decodeResponse(message(done))).toEqual({
      id: 7,
      kind: 'result',
      operation: 0x61,
      result: { code: 14, matchedDn: '', diagnostic: 'go on', referrals: [] },
      credentials: Buffer.from([7, 0xff, 0xfe, 0x80]),
      name: undefined,
      controls: new Map(),
    })
  })

  test('the end of a search, with referrals and a control', () => {
    const done = element(
      0x65,
      number(10, 0x0a),
      text('DC=a'),
      text(''),
      element(0xa3, text('ldap://b'), text('ldap://c')),
    )
    const controls = element(
      0xa0,
      element(0x30, text('1.2.3'), number(255, 1), text('v')),
      element(0x30, text('1.2.4')),
    )
    expect(decodeResponse(message(done, controls))).toMatchObject({
      result: { code: 10, matchedDn: 'DC=a', referrals: ['ldap://b', 'ldap://c'] },
      controls: new Map([
        ['1.2.3', Buffer.from('v')],
        ['1.2.4', new Uint8Array(0)],
      ]),
    })
  })

  test('of an extension that nobody asked for is known as such', () => {
    expect(decodeResponse(message(element(0x79)))).toEqual({ id: 7, kind: 'unknown', operation: 0x79 })
  })

  test.each([
    [
      'a value that is longer than what encloses it',
      message(
        element(0x64, text('CN=a'), element(0x30, element(0x30, text('x'), Uint8Array.of(0x31, 5, 4, 9, 0, 0, 0)))),
      ),
    ],
    ['an entry without attributes', message(element(0x64, text('CN=a')))],
    ['an id of five octets', element(0x30, element(2, Buffer.alloc(5, 1)), element(0x65))],
    ['no operation', message()],
    ['a result without its words', message(element(0x65, number(0, 0x0a), text('')))],
  ])('is refused and loops nowhere: %s', (_what, octets) => {
    const decode = (): unknown => decodeResponse(octets)
    expect(decode).toThrow(MalformedTokenError)
    expect(decode).toThrow(/expected .*, found /)
  })

  test('cut anywhere is refused', () => {
    const attribute = element(0x30, text('cn'), element(0x31, text('a')))
    const whole = message(element(0x64, text('CN=a'), element(0x30, attribute)))
    for (let length = 0; length < whole.length; length++) {
      const decode = (): unknown => decodeResponse(whole.subarray(0, length))
      expect(decode, `${length} octets`).toThrow(/expected .*, found /)
    }
  })
})

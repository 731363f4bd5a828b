import { describe, expect, test } from 'vitest'
import { decodePasswordPolicy, encodePasswordPolicy } from './password-policy.js'

const DAY = 86_400_000
const octets = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const none = {
  minimumLength: 0,
  historyLength: 0,
  properties: 0,
  complexity: false,
  maximumAge: 0,
  minimumAge: 0,
}

/** Source: MIT krb5, src/tests/misc/test_chpw_message.c. */
describe('the policy that Active Directory sends', () => {
  test.each([
    [
      'complexity',
      '0000 00000000 00000000 00000001 0000000000000000 0000000000000000',
      { properties: 1, complexity: true },
    ],
    ['a length', '0000 0000000d 00000000 00000000 0000000000000000 0000000000000000', { minimumLength: 13 }],
    ['a history', '0000 00000000 00000009 00000000 0000000000000000 0000000000000000', { historyLength: 9 }],
    ['a least age', '0000 00000000 00000000 00000000 0000000000000000 0000019254d38000', { minimumAge: 2 * DAY }],
    [
      'all of them',
      '0000 00000005 0000000d 00000001 0000000000000000 000000c92a69c000',
      { minimumLength: 5, historyLength: 13, properties: 1, complexity: true, minimumAge: DAY },
    ],
  ])('is read: %s', (_what, bytes, expected) => {
    const policy = { ...none, ...expected }
    expect(decodePasswordPolicy(octets(bytes))).toEqual(policy)
    expect(encodePasswordPolicy(policy)).toEqual(octets(bytes))
  })

  test('may say that passwords never grow old', () => {
    const never = '0000 00000000 00000000 00000000 8000000000000000 ffffffffffffffff'
    expect(decodePasswordPolicy(octets(never))).toEqual(none)
    const nearly = '0000 00000000 00000000 00000000 7fffffffffffffff 0000000000000000'
    expect(decodePasswordPolicy(octets(nearly))?.maximumAge).toBe(922_337_203_685_477)
  })
})

test.each([
  ['a text', Buffer.from('Password too short, at least 4')],
  ['30 octets of text', Buffer.from('x'.repeat(30))],
  ['a second octet that is not zero', octets(`0001${'00'.repeat(28)}`)],
  ['a first octet that is not zero', octets(`0100${'00'.repeat(28)}`)],
  ['29 octets', new Uint8Array(29)],
  ['31 octets', new Uint8Array(31)],
  ['nothing', new Uint8Array(0)],
])('%s is no policy', (_what, bytes) => {
  expect(decodePasswordPolicy(bytes)).toBeUndefined()
})

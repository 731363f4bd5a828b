import { expect, test } from 'vitest'
import { base64Of, MAX_OCTETS, octetsOfText, octetsOfToken } from './base64.js'
import { saslChoice } from './sasl-choice.js'
import { Turns } from './turns.js'

const octets = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const hexOf = (value: Uint8Array): string => Buffer.from(value).toString('hex')
function refusal(call: () => unknown): string {
  try {
    call()
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${String(error.code)}: ${error.message}` : String(error)
  }
  return 'nothing was refused'
}

test.each([
  ['', ''],
  ['YQ==', '61'],
  ['YWI=', '6162'],
  ['YWJj', '616263'],
  ['YWI', '6162'],
])('base64 %j is %j', (text, hex) => {
  expect(hexOf(octetsOfToken('challenge', text))).toBe(hex)
  expect(base64Of(octets(hex)).replace(/=/g, '')).toBe(text.replace(/=/g, ''))
})

test('a token that is not base64 is refused unseen, and so is one that is too long', () => {
  for (const text of ['hunter2!', 'YWJj\n', ' YWJj', 'YQ===', 'YW=j', 'YWJj-_'])
    expect(refusal(() => octetsOfToken('challenge', text))).toBe(
      'GSS_S_DEFECTIVE_TOKEN: challenge: expected base64, found other characters',
    )
  expect(refusal(() => octetsOfToken('challenge', 'challenge'))).toBe(
    'GSS_S_DEFECTIVE_TOKEN: challenge: expected base64, found a last character that completes no octet',
  )
  const long = 'A'.repeat((MAX_OCTETS / 3) * 4 + 4)
  expect(refusal(() => octetsOfToken('challenge', long))).toMatch(
    /expected at most 16777216 octets, found \d+ characters$/,
  )
})

test('a text of the program may end within an octet, as npm kerberos lets it', () => {
  expect(hexOf(octetsOfText('challenge', 'challenge'))).toBe('7216a595e9e0')
})

test.each([
  ['0700ffff', 'bob', '0100ffff626f62'],
  ['01000000', '', '01000000'],
  ['05ffffff', 'zoé', '01ffffff7a6fc3a9'],
])('the choice for the offer %s and %j is %s', (offer, user, choice) => {
  expect(hexOf(saslChoice(octets(offer), user))).toBe(choice)
})

test.each([
  [
    '',
    'bob',
    /^GSS_S_DEFECTIVE_TOKEN: challenge: expected the 4 octets of a SASL offer, since the option user is given, found 0 octets$/,
  ],
  ['0700ffff00', 'bob', /found 5 octets$/],
  ['06000000', 'bob', /^GSS_S_UNAVAILABLE: the server demands a security layer, and the choice of this API has none$/],
  ['0700ffff', 'b\0b', /^KRB5_CONFIG_BADFORMAT: the option user must have at most 4091 octets, and no NUL$/],
  ['0700ffff', 'x'.repeat(4092), /at most 4091 octets/],
])('no choice is made for the offer %j and %j', (offer, user, said) => {
  expect(refusal(() => saslChoice(octets(offer), user))).toMatch(said)
})

test('operations take turns, also after one that fails', async () => {
  const turns = new Turns()
  const order: string[] = []
  const first = turns.take(async () => {
    await Promise.resolve()
    order.push('first')
    throw new Error('no')
  })
  const second = turns.take(async () => void order.push('second'))
  await expect(first).rejects.toThrow('no')
  await second
  expect(order).toEqual(['first', 'second'])
})

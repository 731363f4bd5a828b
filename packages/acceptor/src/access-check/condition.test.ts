/** The binary form of conditions, operator by operator. Source: MS-DTYP section 2.4.4.17. */
import { encodeSid } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { decodeCondition } from './condition.js'

const size = (length: number): number[] => [length & 0xff, length >> 8, 0, 0]
const utf16 = (text: string): number[] => {
  const octets = [...Buffer.from(text, 'utf16le')]
  return [...size(octets.length), ...octets]
}
const signed = (value: bigint): number[] => [...new Uint8Array(BigInt64Array.of(value).buffer)]
const integer = (code: number, value: bigint, sign = 3, base = 2): number[] => [code, ...signed(value), sign, base]
const SID_OCTETS = [...encodeSid('S-1-5-32-544')]
const SID = [0x51, ...size(SID_OCTETS.length), ...SID_OCTETS]
const SID_LIST = [0x50, ...size(SID.length), ...SID]
const TITLE = [0xf9, ...utf16('Title')]
const PM = [0x10, ...utf16('PM')]

const decode = (...octets: readonly number[]) => decodeCondition(Uint8Array.of(0x61, 0x72, 0x74, 0x78, ...octets), 'C')
const title = { kind: 'attribute', of: 'user', name: 'Title' }
const pm = { kind: 'literal', values: [{ type: 'string', value: 'PM' }], composite: false }
const administrators = { kind: 'literal', values: [{ type: 'sid', value: 'S-1-5-32-544' }], composite: true }

describe('operators', () => {
  test.each([
    [0x80, '=='],
    [0x81, '!='],
    [0x82, '<'],
    [0x83, '<='],
    [0x84, '>'],
    [0x85, '>='],
    [0x86, 'contains'],
    [0x88, 'any'],
    [0x8e, 'not contains'],
    [0x8f, 'not any'],
  ])('%i compares with %s', (code, operator) => {
    expect(decode(...TITLE, ...PM, code)).toEqual({ kind: 'compare', operator, left: title, right: pm })
  })

  test.each([
    [0x89, 'user', false, false],
    [0x8a, 'device', false, false],
    [0x8b, 'user', true, false],
    [0x8c, 'device', true, false],
    [0x90, 'user', false, true],
    [0x91, 'device', false, true],
    [0x92, 'user', true, true],
    [0x93, 'device', true, true],
  ])('%i asks for groups of the %s, any: %s, negated: %s', (code, of, one, negated) => {
    expect(decode(...SID_LIST, code)).toEqual({ kind: 'member', of, any: one, negated, sids: administrators })
  })

  test('ask whether something is there, and combine', () => {
    const exists = { kind: 'exists', attribute: title, negated: false }
    expect(decode(...TITLE, 0x87)).toEqual(exists)
    expect(decode(...TITLE, 0x8d)).toEqual({ ...exists, negated: true })
    expect(decode(...TITLE, 0xa2)).toEqual({ kind: 'not', operand: title })
    const both = [...TITLE, 0x87, ...TITLE, ...PM, 0x80]
    const equal = { kind: 'compare', operator: '==', left: title, right: pm }
    expect(decode(...both, 0xa0)).toEqual({ kind: 'and', left: exists, right: equal })
    expect(decode(...both, 0xa1)).toEqual({ kind: 'or', left: exists, right: equal })
  })
})

describe('operands', () => {
  test.each([
    [0xf8, 'local'],
    [0xf9, 'user'],
    [0xfa, 'resource'],
    [0xfb, 'device'],
  ])('%i is an attribute: %s', (code, of) => {
    expect(decode(code, ...utf16('x'))).toEqual({ kind: 'attribute', of, name: 'x' })
  })

  test.each<[string, readonly number[], unknown]>([
    ['8 bits', integer(1, -128n), { type: 'integer', value: -128n }],
    ['16 bits', integer(2, 32_767n), { type: 'integer', value: 32_767n }],
    ['32 bits', integer(3, -2_147_483_648n), { type: 'integer', value: -2_147_483_648n }],
    ['64 bits', integer(4, 2n ** 62n), { type: 'integer', value: 2n ** 62n }],
    ['sign and base at their least', integer(4, 1n, 1, 1), { type: 'integer', value: 1n }],
    ['sign and base at their most', integer(4, 1n, 3, 3), { type: 'integer', value: 1n }],
    ['a text', PM, { type: 'string', value: 'PM' }],
    ['a text with a mark in front', [0x10, ...utf16('\ufeffPM')], { type: 'string', value: '\ufeffPM' }],
    ['octets', [0x18, ...size(3), 1, 0xab, 0], { type: 'octets', value: '01ab00' }],
    ['a SID', SID, { type: 'sid', value: 'S-1-5-32-544' }],
  ])('may be of %s, also in a list', (_what, octets, value) => {
    expect(decode(...octets)).toEqual({ kind: 'literal', values: [value], composite: false })
    expect(decode(0x50, ...size(2 * octets.length), ...octets, ...octets)).toEqual({
      kind: 'literal',
      values: [value, value],
      composite: true,
    })
  })

  test('may be an empty list, and be followed by up to three zeros', () => {
    expect(decode(0x50, ...size(0))).toEqual({ kind: 'literal', values: [], composite: true })
    for (const zeros of [[0], [0, 0], [0, 0, 0]]) expect(decode(...TITLE, ...zeros)).toEqual(title)
  })
})

describe('what is no condition is refused with its place', () => {
  const deep = (depth: number): number[] => [...TITLE, ...Array.from({ length: depth - 1 }, () => 0xa2)]

  test.each<[string, readonly number[], string]>([
    ['nothing', [], 'C.token: expected an operand before its operator, found none'],
    ['an operator without operands', [0x80], 'C.token: expected an operand before its operator, found none'],
    ['an operator with one of two', [...TITLE, 0x80], 'C.token: expected an operand before its operator, found none'],
    ['two results', [...TITLE, ...PM], 'C.expression: expected one result, found 2'],
    ['a code that is none', [...TITLE, 0x99], 'C.token: expected an operator with operands of its kind, found 0x99'],
    [
      'a comparison with a condition',
      [...TITLE, ...TITLE, 0xa2, 0x80],
      'C.token: expected an operator with operands of its kind, found 0x80',
    ],
    [
      'a comparison of a condition',
      [...TITLE, 0xa2, ...PM, 0x80],
      'C.token: expected an operator with operands of its kind, found 0x80',
    ],
    [
      'groups of a condition',
      [...TITLE, 0xa2, 0x89],
      'C.token: expected an operator with operands of its kind, found 0x89',
    ],
    [
      'a condition that exists',
      [...TITLE, 0xa2, 0x87],
      'C.token: expected an operator with operands of its kind, found 0x87',
    ],
    ['depth', deep(101), 'C.expression: expected a depth of at most 100, found more'],
    ['four zeros', [...TITLE, 0, 0, 0, 0], 'C.padding: expected up to three zeros at the end, found something else'],
    [
      'what is no zero behind one',
      [...TITLE, 0, 1],
      'C.padding: expected up to three zeros at the end, found something else',
    ],
    [
      'an attribute in a list',
      [0x50, ...size(TITLE.length), ...TITLE],
      'C.composite: expected literals, found another token',
    ],
    ['a number of 9 bits in 8', integer(1, 128n), 'C.integer: expected 8 bits, found 128'],
    ['a number of 17 bits in 16', integer(2, -32_769n), 'C.integer: expected 16 bits, found -32769'],
    ['a number of 33 bits in 32', integer(3, 2n ** 31n), 'C.integer: expected 32 bits, found 2147483648'],
    ['a sign of 0', integer(4, 1n, 0, 2), 'C.integer: expected sign and base from 1 to 3, found others'],
    ['a sign of 4', integer(4, 1n, 4, 2), 'C.integer: expected sign and base from 1 to 3, found others'],
    ['a base of 0', integer(4, 1n, 3, 0), 'C.integer: expected sign and base from 1 to 3, found others'],
    ['a base of 4', integer(4, 1n, 3, 4), 'C.integer: expected sign and base from 1 to 3, found others'],
    ['half a character', [0x10, ...size(3), 65, 0, 66], 'C.text: expected whole characters, found 3 octets'],
    ['half a pair', [0x10, ...size(2), 0, 0xd8], 'C.text: expected UTF-16 without zeros, found something else'],
    ['a zero in a text', [0x10, ...utf16('a\0b')], 'C.text: expected UTF-16 without zeros, found something else'],
    ['a number that ends early', [0x04, 1, 2], 'C.integer: expected 8 octets, found 2 octets'],
    ['a text that ends early', [0x10, ...size(9), 65, 0], 'C.text: expected 9 octets, found 2 octets'],
    ['octets that end early', [0x18, ...size(9), 65], 'C.octets: expected 9 octets, found 1 octets'],
    ['a SID that ends early', [0x51, ...size(99), 1], 'C.SID: expected 99 octets, found 1 octets'],
    ['a list that ends early', [0x50, ...size(99), 1], 'C.composite: expected 99 octets, found 1 octets'],
  ])('%s', (_what, octets, message) => {
    expect(() => decode(...octets)).toThrow(
      expect.objectContaining({ name: 'MalformedTokenError', code: 'GSS_S_DEFECTIVE_TOKEN', message }),
    )
  })

  test('but a depth of a hundred is one', () => {
    expect(decode(...deep(100))).toMatchObject({ kind: 'not' })
  })

  test('another signature', () => {
    expect(() => decodeCondition(Uint8Array.of(0x61, 0x72, 0x74, 0x79, ...TITLE), 'C')).toThrow(
      'C.signature: expected artx, found 79747261',
    )
  })
})

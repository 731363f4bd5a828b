/** The text of conditions. Source: MS-DTYP section 2.5.1.1, cond-expr. */
import { describe, expect, test } from 'vitest'
import { decodeName, parseCondition, scanScalar } from './sddl-condition.js'
import { SddlScanner } from './sddl-scanner.js'

const parse = (text: string) => parseCondition(new SddlScanner(text), 'S-1-5-21-1-2-3')
const attribute = (of: string, name: string) => ({ kind: 'attribute', of, name })
const [a, b] = [attribute('local', 'a'), attribute('local', 'b')]
const one = { kind: 'literal', values: [{ type: 'integer', value: 1n }], composite: false }
const list = (...values: unknown[]) => ({ kind: 'literal', values, composite: true })
const administrators = { type: 'sid', value: 'S-1-5-32-544' }

describe('operators', () => {
  test.each([
    ['==', '=='],
    ['!=', '!='],
    ['<', '<'],
    ['<=', '<='],
    ['>', '>'],
    ['>=', '>='],
    ['Contains', 'contains'],
    ['contains', 'contains'],
    ['Not_Contains', 'not contains'],
    ['Any_of', 'any'],
    ['NOT_ANY_OF', 'not any'],
  ])('%s compares', (text, operator) => {
    expect(parse(`(a ${text} 1)`)).toEqual({ kind: 'compare', operator, left: a, right: one })
    expect(parse(`(a ${text} {1})`)).toMatchObject({ kind: 'compare', operator, left: a })
  })

  test.each([
    ['Member_of', 'user', false, false],
    ['member_of', 'user', false, false],
    ['Device_Member_of', 'device', false, false],
    ['Member_of_Any', 'user', true, false],
    ['Device_Member_of_Any', 'device', true, false],
    ['Not_Member_of', 'user', false, true],
    ['Not_Device_Member_of', 'device', false, true],
    ['Not_Member_of_Any', 'user', true, true],
    ['NOT_DEVICE_MEMBER_OF_ANY', 'device', true, true],
  ])('%s asks for groups', (text, of, one, negated) => {
    expect(parse(`(${text}{SID(BA)})`)).toEqual({ kind: 'member', of, any: one, negated, sids: list(administrators) })
  })

  test('ask whether something is there, and a name that begins so is a name', () => {
    expect(parse('(Exists a)')).toEqual({ kind: 'exists', attribute: a, negated: false })
    expect(parse('( not_exists  a )')).toEqual({ kind: 'exists', attribute: a, negated: true })
    expect(parse('(existsence)')).toEqual(attribute('local', 'existsence'))
    expect(parse('(exists_a)')).toEqual(attribute('local', 'exists_a'))
    expect(parse('(member_of1)')).toEqual(attribute('local', 'member_of1'))
    expect(() => parse('(a containsx)')).toThrow('")" is missing')
  })

  test('bind: ! closest, then && and ||, from the left', () => {
    const and = (left: unknown, right: unknown) => ({ kind: 'and', left, right })
    const or = (left: unknown, right: unknown) => ({ kind: 'or', left, right })
    const not = (operand: unknown) => ({ kind: 'not', operand })
    expect(parse('(a||b&&a)')).toEqual(or(a, and(b, a)))
    expect(parse('(a && b || a)')).toEqual(or(and(a, b), a))
    expect(parse('(a && b && a)')).toEqual(and(and(a, b), a))
    expect(parse('(a || b || a)')).toEqual(or(or(a, b), a))
    expect(parse('( ( a || b ) && !a )')).toEqual(and(or(a, b), not(a)))
    expect(parse('(! ! a)')).toEqual(not(not(a)))
    expect(parse('(!(a))')).toEqual(not(a))
  })
})

describe('operands', () => {
  test.each([
    ['@User.x', attribute('user', 'x')],
    ['@DEVICE.x', attribute('device', 'x')],
    ['@Resource.x', attribute('resource', 'x')],
    ['x', attribute('local', 'x')],
    ['ad://ext/Age:88d', attribute('local', 'ad://ext/Age:88d')],
    ['@User.%0041b%0020', attribute('user', 'Ab ')],
    ['größe_1', attribute('local', 'größe_1')],
    ['"a b"', { kind: 'literal', values: [{ type: 'string', value: 'a b' }], composite: false }],
    ['#0aFF', { kind: 'literal', values: [{ type: 'octets', value: '0aff' }], composite: false }],
    ['SID(DA)', { kind: 'literal', values: [{ type: 'sid', value: 'S-1-5-21-1-2-3-512' }], composite: false }],
    ['{ }', list()],
    ['{1, "x",SID( BA )}', list({ type: 'integer', value: 1n }, { type: 'string', value: 'x' }, administrators)],
  ])('%s', (text, node) => {
    expect(parse(`(${text})`)).toEqual(node)
  })

  test.each([
    ['0', 0n],
    ['+7', 7n],
    ['-7', -7n],
    ['0x1F', 31n],
    ['-0x1f', -31n],
    ['017', 15n],
    ['-017', -15n],
    ['018', 18n],
    ['18446744073709551615', 18446744073709551615n],
    ['-18446744073709551615', -18446744073709551615n],
  ])('%s is a number: %s', (text, value) => {
    expect(scanScalar(new SddlScanner(text), undefined)).toEqual({ type: 'integer', value })
  })

  test('that are none are undefined, and numbers of more than 64 bits are refused', () => {
    const scanner = new SddlScanner('name')
    expect(scanScalar(scanner, undefined)).toBeUndefined()
    expect(scanner.at).toBe(0)
    for (const text of ['18446744073709551616', '-0x10000000000000000'])
      expect(() => scanScalar(new SddlScanner(text), undefined)).toThrow(
        expect.objectContaining({ name: 'ConfigurationError', message: 'SDDL: a number does not fit into 64 bits' }),
      )
  })

  test('have codes in names alone', () => {
    expect(decodeName('%0041%00e4x%4')).toBe('Aäx%4')
    expect(decodeName('%004G')).toBe('%004G')
  })
})

describe('what is no condition is refused with its place', () => {
  const deep = (count: number, open: string, close = '') => `(${open.repeat(count)}a${close.repeat(count)})`

  test.each([
    ['a', 'SDDL, character 1: "(" is missing'],
    ['()', 'SDDL, character 2: an attribute or a value is missing'],
    ['(a', 'SDDL, character 3: ")" is missing'],
    ['(a ==)', 'SDDL, character 6: an attribute or a value is missing'],
    [
      '(a == b)',
      'SDDL, character 7: on the right side, names begin with @User., @Device. or @Resource. and text stands in quotes',
    ],
    ['(a && )', 'SDDL, character 7: an attribute or a value is missing'],
    ['(a == {1)', 'SDDL, character 9: "}" is missing'],
    ['(a == {1,})', 'SDDL, character 10: a value is missing'],
    ['(a == {b})', 'SDDL, character 8: a value is missing'],
    ['(SID(BA)', 'SDDL, character 9: ")" is missing'],
    ['(SID(BA', 'SDDL, character 8: ")" is missing'],
    ['(a = 1)', 'SDDL, character 4: ")" is missing'],
    [deep(101, '!'), 'SDDL, character 103: an expression deeper than 100'],
    [deep(101, '(', ')'), 'SDDL, character 102: more than 100 parentheses'],
    [`(a${' && a'.repeat(101)})`, 'SDDL, character 506: an expression deeper than 100'],
    [`(a${' || a'.repeat(101)})`, 'SDDL, character 506: an expression deeper than 100'],
  ])('%#: %s', (text, message) => {
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', code: 'ERROR_INVALID_SECURITY_DESCR', message }),
    )
  })

  test.each([deep(100, '!'), deep(100, '(', ')'), `(a${' && a'.repeat(100)})`, `(a${' || a'.repeat(100)})`])(
    '%#: but a hundred of them are',
    (text) => expect(() => parse(text)).not.toThrow(),
  )

  test('with what stands near, where it is SDDL', () => {
    const scanner = new SddlScanner(' D:(A;;GA;;;WD)0123456789')
    scanner.at = 15
    expect(() => scanner.fail('why')).toThrow('SDDL, character 16: why, near ";;GA;;;WD)0123456789"')
    const other = new SddlScanner('secret D:')
    expect(() => other.fail('why')).toThrow(/^SDDL, character 1: why$/)
  })
})

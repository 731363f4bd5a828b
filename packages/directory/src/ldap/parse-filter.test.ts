import { ConfigurationError } from '@s4u/krb5'
import { BerWriter } from 'ldapts'
import { describe, expect, test } from 'vitest'
import { filter } from './filter.js'
import { parseFilter } from './parse-filter.js'

function hexOf(text: string): string {
  const writer = new BerWriter()
  parseFilter(text).write(writer)
  return writer.buffer.toString('hex')
}

const ascii = (text: string): string => Buffer.from(text).toString('hex')

describe('a filter as text', () => {
  test('that compares', () => {
    expect(hexOf('(cn=ab)')).toBe(`a30804${'02'}${ascii('cn')}0402${ascii('ab')}`)
    expect(hexOf('cn=ab')).toBe(hexOf('(cn=ab)'))
    expect(hexOf('(cn~=ab)')).toBe(`a8080402${ascii('cn')}0402${ascii('ab')}`)
    expect(hexOf('(cn>=ab)')).toBe(`a5080402${ascii('cn')}0402${ascii('ab')}`)
    expect(hexOf('(cn<=ab)')).toBe(`a6080402${ascii('cn')}0402${ascii('ab')}`)
    expect(hexOf('(cn=*)')).toBe(`8702${ascii('cn')}`)
  })

  test('with octets from 0x80 on, each as one', () => {
    expect(hexOf('(objectSid=\\01\\05\\fe\\80)')).toBe(`a3110409${ascii('objectSid')}04040105fe80`)
    expect(hexOf('(cn=zoë)')).toBe(`a30a0402${ascii('cn')}0404${ascii('zoë')}`)
    expect(hexOf('(cn=\\fe*\\ff*a)')).toBe(`a40f0402${ascii('cn')}30098001fe8101ff820161`)
  })

  test('with a rule of its own', () => {
    const rule = '1.2.840.113556.1.4.803'
    expect(hexOf(`(userAccountControl:${rule}:=2)`)).toContain(
      `8116${ascii(rule)}8212${ascii('userAccountControl')}830132`,
    )
    expect(hexOf('(ou:dn:=people)')).toBe(`a90f8202${ascii('ou')}8306${ascii('people')}8401ff`)
  })

  test('with others in it, none included (RFC 4526)', () => {
    expect(hexOf('(&(a=1)(!(b=2))(|(c=3)))')).toBe('a01ca306040161040131a208a306040162040132a108a306040163040133')
    expect(hexOf('(&)')).toBe('a000')
    expect(hexOf('(|)')).toBe('a100')
  })

  test('with options and numbers of attributes', () => {
    expect(hexOf('(member;range=0-9=*)')).toBe(`8710${ascii('member;range=0-9')}`)
    expect(hexOf('(2.5.4.3=a)')).toBe(`a30c0407${ascii('2.5.4.3')}040161`)
  })

  test.each([
    ['(cn=a', 'expected ), found the end'],
    ['(cn=a)(cn=b)', 'expected the end, found more, at character 7'],
    ['(cn=a(b)', 'expected a value with \\2a for * and \\28 for (, found one without'],
    ['(cn=\\zz)', 'expected two hexadecimal digits after each \\, found other characters'],
    ['(=a)', 'expected attribute=value, found 2 characters that are not'],
    ['()', 'expected attribute=value, found 0 characters that are not'],
    [`${'(!'.repeat(60)}(cn=a)${')'.repeat(60)}`, 'expected at most 50 filters within each other, found more'],
    ['(&(cn=a)', 'expected ), found the end'],
    ['(cn=a)x', 'expected the end, found more, at character 7'],
  ])('is refused: %s', (text, message) => {
    const error = thrownBy(() => parseFilter(text))
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ code: 'filterError', message: `not a filter: ${message}` })
  })
})

describe('the template filter', () => {
  test('makes of whatever a value is a value', () => {
    const hostile = 'a)(objectClass=*\\\0'
    expect(filter`(cn=${hostile})`).toBe('(cn=a\\29\\28objectClass=\\2a\\5c\\00)')
    expect(hexOf(filter`(cn=${hostile})`)).toBe(hexOf(`(cn=a\\29\\28objectClass=\\2a\\5c\\00)`))
    expect(filter`(x=${Uint8Array.of(0, 0x80, 0xff)})`).toBe('(x=\\00\\80\\ff)')
    expect(filter`(n>=${17})`).toBe('(n>=17)')
  })

  test('takes no objects', () => {
    const value: unknown = { toString: () => '*' }
    const error = thrownBy(() => Reflect.apply(filter, undefined, [['(cn=', ')'], value]))
    expect(error).toMatchObject({
      message: 'filter: a value must be a text, a number or octets, and not a value of type object',
    })
  })
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return 'nothing was thrown'
}

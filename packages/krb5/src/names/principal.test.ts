import { describe, expect, test } from 'vitest'
import { MalformedTokenError } from '../errors/errors.js'
import { NameType } from '../messages/principal-name.js'
import {
  asciiLower,
  formatName,
  formatPrincipal,
  parsePrincipal,
  sameName,
  samePrincipal,
  sameRealmIgnoringCase,
} from './principal.js'

describe('parsePrincipal', () => {
  test.each([
    ['alice@AD.TEST', ['alice'], NameType.PRINCIPAL],
    ['HTTP/web.ad.test@AD.TEST', ['HTTP', 'web.ad.test'], NameType.SRV_INST],
    ['a\\/b\\@c\\\\d@AD.TEST', ['a/b@c\\d'], NameType.PRINCIPAL],
    ['krbtgt/AD.TEST@AD.TEST', ['krbtgt', 'AD.TEST'], NameType.SRV_INST],
    ['zoë@AD.TEST', ['zoë'], NameType.PRINCIPAL],
  ])('reads %s and prints it again', (text, nameString, nameType) => {
    const principal = parsePrincipal(text)
    expect(principal).toEqual({ name: { nameType, nameString }, realm: 'AD.TEST' })
    expect(formatPrincipal(principal)).toBe(text)
  })

  test('takes the realm from the option when the text has none', () => {
    expect(parsePrincipal('alice', { realm: 'AD.TEST' }).realm).toBe('AD.TEST')
  })

  test('keeps an enterprise name in one component', () => {
    const options = { nameType: NameType.ENTERPRISE }
    expect(parsePrincipal('bob@corp.example@AD.TEST', options)).toEqual(
      parsePrincipal('bob@corp.example', { ...options, realm: 'AD.TEST' }),
    )
    expect(formatPrincipal(parsePrincipal('bob@corp.example@AD.TEST', options))).toBe('bob@corp.example@AD.TEST')
  })

  test.each([
    ['alice', 'a realm after @'],
    ['@AD.TEST', 'no empty components'],
    ['alice@', 'a realm after @'],
    ['a//b@AD.TEST', 'no empty components'],
    ['a/@AD.TEST', 'no empty components'],
    ['a@b@AD.TEST', 'one @ that is not escaped'],
    ['alice\\x@AD.TEST', expect.stringMatching(/^one of \\\\ .* after a backslash$/)],
    ['alice\\0@AD.TEST', expect.stringMatching(/^one of \\\\ .* after a backslash$/)],
    ['alice@AD.TEST\\', expect.stringMatching(/^one of \\\\ .* after a backslash$/)],
    ['', 'a realm after @'],
  ])('refuses %j', (text, expected) => {
    const refused = () => parsePrincipal(text)
    expect(refused).toThrow(MalformedTokenError)
    expect(refused).toThrow(expect.objectContaining({ path: 'principal', expected }))
  })

  test('takes no empty realm from the option, nor another where the text has one', () => {
    expect(() => parsePrincipal('alice', { realm: '' })).toThrow('principal: expected a realm after @')
    expect(parsePrincipal('alice@WEST.TEST', { realm: 'AD.TEST' }).realm).toBe('WEST.TEST')
  })

  test('takes the name type from the option', () => {
    expect(parsePrincipal('alice@R', { nameType: NameType.SRV_HST }).name.nameType).toBe(NameType.SRV_HST)
  })

  test.each([
    ['a\\nb@R', 'a\nb'],
    ['a\\tb@R', 'a\tb'],
    ['a\\bb@R', 'a\bb'],
    ['a\\\\b@R', 'a\\b'],
    ['\\/\\@\\/\\@@R', '/@/@'],
    ['\\n\\n\\t\\t\\b\\b@R', '\n\n\t\t\b\b'],
  ])('reads the escapes of %j and prints them again', (text, name) => {
    expect(parsePrincipal(text).name.nameString).toEqual([name])
    expect(formatPrincipal(parsePrincipal(text))).toBe(text)
  })

  test('takes a / behind the @ for one of the realm, and escapes it there too', () => {
    const principal = { name: { nameType: NameType.PRINCIPAL, nameString: ['a'] }, realm: 'R/S@T' }
    expect(parsePrincipal('a@R/S\\@T')).toEqual(principal)
    expect(formatPrincipal(principal)).toBe('a@R\\/S\\@T')
  })

  test.each([
    ['bob@corp.example@AD.TEST', 'bob@corp.example'],
    ['bob\\@x@AD.TEST', 'bob@x'],
    ['bob/x@corp.example@AD.TEST', 'bob/x@corp.example'],
    ['bob@AD.TEST', 'bob'],
  ])('takes what stands before the last @ of %s for an enterprise name', (text, name) => {
    expect(parsePrincipal(text, { nameType: NameType.ENTERPRISE })).toEqual({
      name: { nameType: NameType.ENTERPRISE, nameString: [name] },
      realm: 'AD.TEST',
    })
  })

  test('refuses an enterprise name without a realm, or with nothing before it', () => {
    const options = { nameType: NameType.ENTERPRISE }
    expect(() => parsePrincipal('bob', options)).toThrow('principal: expected a realm after @')
    expect(() => parsePrincipal('bob\\@x', options)).toThrow('principal: expected a realm after @')
    expect(() => parsePrincipal('@AD.TEST', options)).toThrow('principal: expected no empty components')
  })

  test('prints the @ of an enterprise name as it is, where it has one component, and escapes all else', () => {
    const enterprise = (...nameString: string[]) => formatName({ nameType: NameType.ENTERPRISE, nameString })
    expect(enterprise('bob/x@corp')).toBe('bob\\/x@corp')
    expect(enterprise('a@b', 'c@d')).toBe('a\\@b/c\\@d')
    expect(formatName({ nameType: NameType.PRINCIPAL, nameString: ['bob@corp'] })).toBe('bob\\@corp')
  })
})

test('names are compared by their components alone', () => {
  expect(sameName({ nameType: 1, nameString: ['a'] }, { nameType: 10, nameString: ['a'] })).toBe(true)
  expect(sameName({ nameType: 1, nameString: ['a', 'b'] }, { nameType: 1, nameString: ['a/b'] })).toBe(false)
  const named = (...nameString: string[]) => ({ nameType: 1, nameString })
  expect(sameName(named('a', 'b'), named('a', 'b'))).toBe(true)
  expect(sameName(named('a'), named('a', 'b'))).toBe(false)
  expect(sameName(named('a', 'b'), named('a'))).toBe(false)
  expect(sameName(named('a', 'b'), named('a', 'c'))).toBe(false)
  expect(sameName(named('a'), named('A'))).toBe(false)
})

test('principals are the same with the same name in the same realm, octet for octet', () => {
  const alice = parsePrincipal('alice@AD.TEST')
  expect(samePrincipal(alice, parsePrincipal('alice@AD.TEST'))).toBe(true)
  expect(samePrincipal(alice, parsePrincipal('alice@WEST.TEST'))).toBe(false)
  expect(samePrincipal(alice, parsePrincipal('alice@ad.test'))).toBe(false)
  expect(samePrincipal(alice, parsePrincipal('bob@AD.TEST'))).toBe(false)
})

test('realms are folded in ASCII only', () => {
  expect(sameRealmIgnoringCase('ad.test', 'AD.TEST')).toBe(true)
  expect(sameRealmIgnoringCase('K.TEST', '\u212a.TEST')).toBe(false)
  expect(sameRealmIgnoringCase('AD.TEST', 'AD.TES')).toBe(false)
  expect(asciiLower('AbC-Z\u0130\u212a')).toBe('abc-z\u0130\u212a')
})

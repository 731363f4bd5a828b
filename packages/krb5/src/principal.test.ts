import { describe, expect, test } from 'vitest'
import { NameType } from './messages/principal-name.js'
import { formatPrincipal, parsePrincipal, parseSpn, sameName, sameRealmIgnoringCase } from './principal.js'

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

  test.each(['alice', '@AD.TEST', 'alice@', 'a//b@AD.TEST', 'a@b@AD.TEST', 'alice\\x@AD.TEST', 'alice@AD.TEST\\', ''])(
    'refuses %j',
    (text) => {
      expect(() => parsePrincipal(text)).toThrow('principal: expected')
    },
  )
})

test('names are compared by their components alone', () => {
  expect(sameName({ nameType: 1, nameString: ['a'] }, { nameType: 10, nameString: ['a'] })).toBe(true)
  expect(sameName({ nameType: 1, nameString: ['a', 'b'] }, { nameType: 1, nameString: ['a/b'] })).toBe(false)
})

test('realms are folded in ASCII only', () => {
  expect(sameRealmIgnoringCase('ad.test', 'AD.TEST')).toBe(true)
  expect(sameRealmIgnoringCase('K.TEST', '\u212a.TEST')).toBe(false)
})

describe('parseSpn', () => {
  test.each([
    ['HTTP/web.ad.test', { serviceClass: 'HTTP', host: 'web.ad.test' }],
    ['MSSQLSvc/db.ad.test:1433', { serviceClass: 'MSSQLSvc', host: 'db.ad.test', port: 1433 }],
    ['ldap/dc1.ad.test/ad.test', { serviceClass: 'ldap', host: 'dc1.ad.test', serviceName: 'ad.test' }],
  ])('reads %s', (text, spn) => {
    expect(parseSpn(text)).toEqual(spn)
  })

  test.each(['web.ad.test', 'HTTP/', '/web', 'HTTP/web:0', 'HTTP/web:99999', 'HTTP/web/'])('refuses %j', (text) => {
    expect(() => parseSpn(text)).toThrow('SPN: expected')
  })
})

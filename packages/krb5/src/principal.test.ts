import { describe, expect, test } from 'vitest'
import { ConfigurationError } from './errors.js'
import { NameType } from './messages/principal-name.js'
import { formatPrincipal, formatSpn, parsePrincipal, parseSpn, sameName, sameRealmIgnoringCase } from './principal.js'
import type { ServicePrincipalName } from './principal.js'

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
    ['MSSQLSvc/db.ad.test:PAYROLL', { serviceClass: 'MSSQLSvc', host: 'db.ad.test', instance: 'PAYROLL' }],
    ['MSSQLSvc/db.ad.test:2019$A', { serviceClass: 'MSSQLSvc', host: 'db.ad.test', instance: '2019$A' }],
    ['HTTP/[fd00::1]:8080', { serviceClass: 'HTTP', host: '[fd00::1]', port: 8080 }],
    ['ldap/[fd00::1]/ad.test', { serviceClass: 'ldap', host: '[fd00::1]', serviceName: 'ad.test' }],
    ['A/b:1/c/d', { serviceClass: 'A', host: 'b', port: 1, serviceName: 'c/d' }],
  ])('reads %s, and formatSpn prints it', (text, spn) => {
    expect(parseSpn(text)).toEqual(spn)
    expect(formatSpn(spn)).toBe(text)
  })

  test.each([
    ...['web.ad.test', 'HTTP/', '/web', 'HTTP/web:0', 'HTTP/web:99999', 'HTTP/web:123456', 'HTTP/web/', 'HTTP/web:'],
    ...['HTTP/fd00::1', 'HTTP/[fd00::1', 'HTTP/web:1:A', 'HTTP/web:A B', 'HTTP/web@R'],
  ])('refuses %j', (text) => {
    expect(() => parseSpn(text)).toThrow('SPN: expected')
  })

  test.each<ServicePrincipalName>([
    { serviceClass: 'HTTP', host: 'web/name' },
    { serviceClass: 'HTTP', host: 'web:80' },
    { serviceClass: 'HTTP', host: 'fd00::1' },
    { serviceClass: '', host: 'web' },
    { serviceClass: 'HTTP', host: 'web', port: 65_536 },
    { serviceClass: 'HTTP', host: 'web', port: 80, instance: 'A' },
    { serviceClass: 'HTTP', host: 'web', instance: '80' },
    { serviceClass: 'HTTP', host: 'web', serviceName: '' },
  ])('does not print %j', (spn) => {
    expect(() => formatSpn(spn)).toThrow(ConfigurationError)
  })
})

import { parsePrincipal } from '@s4u/krb5'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Krb5Configuration } from '../configuration/krb5-configuration.js'
import { requireNamedRealm, ServiceTargets } from './service-target.js'
import type { ServiceTicket } from './service-ticket.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-service-target-'))
afterAll(() => rmSync(folder, { recursive: true }))

const WEB = parsePrincipal('web@AD.TEST')
const path = join(folder, 'krb5.conf')
writeFileSync(path, '[domain_realm]\n  .other.test = OTHER.TEST\n  fd00::1 = SIX.TEST\n  10.0.0.1 = FOUR.TEST\n')
const targets = new ServiceTargets(WEB, new Krb5Configuration(path, Date.now))

test.each([
  ['HTTP/web.other.test', 'OTHER.TEST'],
  ['HTTP/web.other.test:8080', 'OTHER.TEST'],
  ['MSSQLSvc/db.other.test:1433', 'OTHER.TEST'],
  ['MSSQLSvc/db.other.test:INST', 'OTHER.TEST'],
  ['ldap/dc1.other.test/ad.test', 'OTHER.TEST'],
  ['HTTP/[fd00::1]', 'SIX.TEST'],
  ['HTTP/[fd00::1]:8080', 'SIX.TEST'],
  ['HTTP/[fd00::2]:8080', 'AD.TEST'],
  ['HTTP/10.0.0.1:8080', 'FOUR.TEST'],
  ['HTTP/10.0.0.2', 'AD.TEST'],
  ['HTTP/10.0.0[.1', 'AD.TEST'],
  ['HTTP/10.0.0].1', 'AD.TEST'],
  ['HTTP/web.other.test@THIRD.TEST', 'THIRD.TEST'],
  ['HTTP/web', 'AD.TEST'],
  ['web', 'AD.TEST'],
  ['a/b:c:d', 'AD.TEST'],
])('the realm of %s is %s', (spn, realm) => {
  expect(targets.read(spn).realm).toBe(realm)
})

test.each(['https://api.ad.test/', 'http://api.ad.test:8080/orders?x=1', 'HTTPS://api.ad.test'])(
  'the URL %s is no name of a service, and it is said which one is meant',
  (url) => {
    expect(() => targets.read(url)).toThrow(
      expect.objectContaining({
        ...{ name: 'MalformedTokenError', expected: 'the name of a service, and not a URL', path: 'principal' },
        hint: 'Write HTTP/api.ad.test.',
      }),
    )
  },
)

test('a realm that was named is the one that the ticket must be for', () => {
  const ticketOf = (realm: string): ServiceTicket =>
    ({ service: parsePrincipal(`HTTP/api.ad.test@${realm}`) }) as ServiceTicket
  const requires = (spn: string, realm: string) => () => requireNamedRealm(targets.read(spn), ticketOf(realm))
  expect(requires('HTTP/api.ad.test@ad.test', 'AD.TEST')).not.toThrow()
  expect(requires('HTTP/api.ad.test', 'OTHER.TEST')).not.toThrow()
  // Where krb5.conf has a realm for the host, nobody has named it.
  expect(requires('HTTP/api.other.test', 'AD.TEST')).not.toThrow()
  const error = expect.objectContaining({
    ...{ name: 'RejectedTokenError', code: 'KRB_AP_ERR_BADMATCH', status: 502 },
    message: 'HTTP/api.ad.test@OTHER.TEST was asked for, and the ticket is one for HTTP/api.ad.test@AD.TEST',
    hint: 'Name the service without its realm, or with the one that it is in.',
  })
  expect(requires('HTTP/api.ad.test@OTHER.TEST', 'AD.TEST')).toThrow(error)
})

test('the name stays what it is', () => {
  expect(targets.read('MSSQLSvc/db.other.test:INST').text).toBe('MSSQLSvc/db.other.test:INST@OTHER.TEST')
})

test('a target is read once, and again when krb5.conf has changed', () => {
  const path = join(folder, 'changing.conf')
  let now = 0
  const write = (realm: string): void => {
    writeFileSync(path, `[domain_realm]\n  .partner.test = ${realm}\n`)
    utimesSync(path, now, now)
  }
  write('PARTNER.TEST')
  const targets = new ServiceTargets(WEB, new Krb5Configuration(path, () => now))
  const first = targets.read('HTTP/api.partner.test')
  expect(first.text).toBe('HTTP/api.partner.test@PARTNER.TEST')
  expect(targets.read('HTTP/api.partner.test')).toBe(first)
  now = 20_000
  expect(targets.read('HTTP/api.partner.test')).toBe(first)
  write('OTHER.TEST')
  now = 40_000
  expect(targets.read('HTTP/api.partner.test').text).toBe('HTTP/api.partner.test@OTHER.TEST')
})

test('a name of several components is that of a service, and of one that of an account', () => {
  const types = ['HTTP/api.ad.test', 'web', 'ldap/dc1.ad.test/ad.test'].map((spn) => targets.read(spn).name.nameType)
  expect(types).toEqual([2, 1, 2])
  expect(targets.read('HTTP/api.ad.test').name.nameString).toEqual(['HTTP', 'api.ad.test'])
})

test('whether the realm was named is kept, and a target is not to be changed', () => {
  expect(targets.read('HTTP/api.ad.test@AD.TEST')).toMatchObject({ realm: 'AD.TEST', isRealmNamed: true })
  expect(targets.read('HTTP/api.ad.test')).toMatchObject({ realm: 'AD.TEST', isRealmNamed: false })
  expect(Object.isFrozen(targets.read('HTTP/api.ad.test'))).toBe(true)
})

test('without a krb5.conf the realm is the own one, and no more than five hundred targets are remembered', () => {
  const own = new ServiceTargets(WEB, undefined)
  const first = own.read('HTTP/h0.other.test')
  expect(first).toMatchObject({ realm: 'AD.TEST', isRealmNamed: false })
  for (let host = 1; host < 500; host++) own.read(`HTTP/h${host}.other.test`)
  expect(own.read('HTTP/h0.other.test')).toBe(first)
  for (let host = 500; host < 1_000; host++) own.read(`HTTP/h${host}.other.test`)
  expect(own.read('HTTP/h0.other.test')).not.toBe(first)
})

test.each([
  ['HTTP@api.ad.test', 'HTTP/api.ad.test@AD.TEST', 'HTTP/api.ad.test'],
  ['HTTP@web.other.test', 'HTTP/web.other.test@OTHER.TEST', 'HTTP/web.other.test'],
  ['MSSQLSvc@db.ad.test:1433', 'MSSQLSvc/db.ad.test:1433@AD.TEST', 'MSSQLSvc/db.ad.test:1433'],
])('%s, as GSS-API programs write it, is the service %s', (spn, text, asked) => {
  expect(targets.read(spn)).toMatchObject({ text, asked, isRealmNamed: false })
})

test('the account that asks is not taken for a service, whatever it is called', () => {
  const own = new ServiceTargets(parsePrincipal('postgres@ad.test'), undefined)
  expect(own.read('postgres@ad.test')).toMatchObject({ text: 'postgres@ad.test', isRealmNamed: true })
  expect(own.read('postgres@db.ad.test').text).toBe('postgres/db.ad.test@ad.test')
})

import { parsePrincipal } from '@s4u/krb5'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Krb5Configuration } from './krb5-configuration.js'
import { requireNamedRealm, ServiceTargets } from './service-target.js'
import type { ServiceTicket } from './service-ticket.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-service-target-'))
afterAll(() => rmSync(folder, { recursive: true }))

const path = join(folder, 'krb5.conf')
writeFileSync(path, '[domain_realm]\n  .other.test = OTHER.TEST\n  fd00::1 = SIX.TEST\n  10.0.0.1 = FOUR.TEST\n')
const targets = new ServiceTargets('AD.TEST', new Krb5Configuration(path, Date.now))

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
  ['HTTP/web.other.test@THIRD.TEST', 'THIRD.TEST'],
  ['HTTP/web', 'AD.TEST'],
  ['web', 'AD.TEST'],
  ['a/b:c:d', 'AD.TEST'],
])('the realm of %s is %s', (spn, realm) => {
  expect(targets.read(spn).realm).toBe(realm)
})

test('a realm that was named is the one that the ticket must be for', () => {
  const ticketOf = (realm: string): ServiceTicket =>
    ({ service: parsePrincipal(`HTTP/api.ad.test@${realm}`) }) as ServiceTicket
  const requires = (spn: string, realm: string) => () => requireNamedRealm(targets.read(spn), ticketOf(realm))
  expect(requires('HTTP/api.ad.test@ad.test', 'AD.TEST')).not.toThrow()
  expect(requires('HTTP/api.ad.test', 'OTHER.TEST')).not.toThrow()
  // Where krb5.conf has a realm for the host, nobody has named it.
  expect(requires('HTTP/api.other.test', 'AD.TEST')).not.toThrow()
  const error = expect.objectContaining({ name: 'RejectedTokenError', code: 'KRB_AP_ERR_BADMATCH' })
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
  const targets = new ServiceTargets('AD.TEST', new Krb5Configuration(path, () => now))
  const first = targets.read('HTTP/api.partner.test')
  expect(first.text).toBe('HTTP/api.partner.test@PARTNER.TEST')
  expect(targets.read('HTTP/api.partner.test')).toBe(first)
  now = 20_000
  expect(targets.read('HTTP/api.partner.test')).toBe(first)
  write('OTHER.TEST')
  now = 40_000
  expect(targets.read('HTTP/api.partner.test').text).toBe('HTTP/api.partner.test@OTHER.TEST')
})

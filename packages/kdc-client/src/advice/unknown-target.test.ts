import { describe, expect, test } from 'vitest'
import { unknownTarget } from './unknown-target.js'

describe('a service that the KDC does not know', () => {
  test('is registered, where it has the name of a service', () => {
    expect(unknownTarget('HTTP/api.ad.test')).toMatchObject({
      samba: 'samba-tool spn add HTTP/api.ad.test ACCOUNT   # ACCOUNT: the one that the service runs as',
      mit: 'kadmin.local addprinc -randkey HTTP/api.ad.test',
    })
  })

  test.each([
    ['api.ad.test', 'HTTP/api.ad.test'],
    ['api.ad.test@AD.TEST', 'HTTP/api.ad.test'],
    ['ldap@dc1.ad.test', 'ldap/dc1.ad.test'],
  ])('%s is written %s', (target, written) => {
    const setting = unknownTarget(target)
    expect(setting.attribute).toBe(
      `${target} is not the name of a service: write ${written}, with the class of the service.`,
    )
    expect(Object.keys(setting)).toEqual(['attribute'])
  })

  test('svc-api is an account, and registered', () => {
    expect(unknownTarget('svc-api').samba).toMatch(/^samba-tool spn add svc-api ACCOUNT/)
  })
})

describe('a host that is called by less than its full name', () => {
  test.each([
    ['HTTP/api', 'api', 'HTTP/api.ad.test'],
    ['HTTP/api@AD.TEST', 'api', 'HTTP/api.ad.test'],
    ['HTTP/localhost', 'localhost', 'HTTP/api.ad.test'],
    ['HTTP/10.0.0.7', '10.0.0.7', 'HTTP/api.ad.test'],
    ['HTTP/10.0.0.7:8080', '10.0.0.7:8080', 'HTTP/api.ad.test'],
    ['HTTP/[fd00::7]', '[fd00::7]', 'HTTP/api.ad.test'],
  ])('%s is told the form of the other one', (target, host, full) => {
    expect(unknownTarget(target, { askedRealm: 'AD.TEST' }).attribute).toMatch(
      new RegExp(` Or ${host.replace(/[[\].]/g, '\\$&')} is not what it is called: .*, as in ${full}\\.$`),
    )
  })

  test.each(['HTTP/api.ad.test', 'HTTP/api.ad.test:8080', 'MSSQLSvc/db.ad.test:INST'])('%s is not', (target) => {
    expect(unknownTarget(target, { askedRealm: 'AD.TEST' }).attribute).not.toContain('is not what it is called')
  })
})

describe('a realm that the KDC does not know', () => {
  test('is never registered: there is no trust, or it is spelt otherwise', () => {
    const setting = unknownTarget('krbtgt/PARTNER.TEST', { askedRealm: 'AD.TEST' })
    expect(setting.attribute).toBe(
      'The KDC of AD.TEST leads to no realm PARTNER.TEST: it has no trust with it, or the realm is spelt otherwise (realms are case-sensitive, mostly in capitals). The realms that it leads to:',
    )
    expect(JSON.stringify(setting)).not.toMatch(/setspn|spn add|addprinc/)
    expect(setting.samba).toBe('samba-tool domain trust list')
  })

  test('may be a host in the place of a realm', () => {
    expect(unknownTarget('krbtgt/api.ad.test@AD.TEST').attribute).toContain(
      'If api.ad.test is a host, write the service as HTTP/api.ad.test.',
    )
  })

  test('is named as krb5.conf spells it', () => {
    const otherSpelling = (realm: string) => (realm === 'partner.test' ? 'PARTNER.TEST' : undefined)
    expect(unknownTarget('krbtgt/partner.test', { otherSpelling })).toEqual({
      attribute:
        'No KDC leads to a realm partner.test. Realms are case-sensitive, and krb5.conf has [realms] PARTNER.TEST: write that.',
    })
  })
})

/**
 * Realms, services, users and keytabs that are not quite right: the hint says what to write, and
 * that works.
 */

import { createKdcClient, KdcError, type KdcClientOptions, S4uError } from '@s4u/kdc-client'
import { createNegotiator } from '@s4u/negotiate'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { Administrator } from './diagnosis/administrator.js'
import { Place } from './diagnosis/place.js'

const COMMAND = /setspn|ktpass|spn add|addprinc|kadmin -l add|service-add/

async function refusalOf(attempt: Promise<unknown>): Promise<S4uError> {
  const error = await attempt.catch((caught: unknown) => caught)
  if (S4uError.is(error)) return error
  throw error
}

await describeRealms('a name of MIT that is not quite right', ['EAST', 'WEST'], (info) => {
  const { users, services } = realmOf(info, 'EAST')
  const { password } = users.alice
  /** As on a machine with a krb5.conf, which has [realms] EAST.TEST and WEST.TEST. */
  const clientOf = (principal: string, more: Partial<KdcClientOptions> = {}) =>
    createKdcClient({ krb5Config: info.krb5Config, credentials: { principal, password }, ...more })
  const alice = clientOf(users.alice.principal)
  const nameOf = async (spn: string) => (await alice.ticketFor(spn)).service.name.nameString.join('/')

  test('a realm in small letters, of a service', async () => {
    const { code, hint = '' } = await refusalOf(alice.ticketFor('HTTP/api.west.test@west.test'))
    expect(code).toBe('KDC_ERR_S_PRINCIPAL_UNKNOWN')
    const [, realm = ''] = /krb5\.conf has \[realms\] (\S+): write that\./.exec(hint) ?? []
    expect(realm).toBe('WEST.TEST')
    expect(hint).not.toMatch(COMMAND)
    expect(await nameOf(`HTTP/api.west.test@${realm}`)).toBe('HTTP/api.west.test')
  })

  test('a realm in small letters, of who signs in', async () => {
    const error = await refusalOf(clientOf('alice@east.test').ticketFor(services.api.spn))
    expect(error).toMatchObject({ name: 'KdcUnreachableError' })
    const [, realm = ''] = /krb5\.conf has \[realms\] (\S+): write/.exec(error.hint ?? '') ?? []
    expect(realm).toBe('EAST.TEST')
    expect((await clientOf(`alice@${realm}`).ticketFor(services.api.spn)).client.realm).toBe('EAST.TEST')
  })

  test('a realm in small letters, of who signs in to a KDC that is named', async () => {
    const { host, port } = realmOf(info, 'EAST').kdc
    const error = await refusalOf(clientOf('alice@east.test', { kdc: `${host}:${port}` }).ticketFor(services.api.spn))
    expect(error.hint).toMatch(/krb5\.conf has \[realms\] EAST\.TEST: write alice@EAST\.TEST\./)
  })

  test('a realm that nobody trusts is no service that could be registered', async () => {
    const { code, hint = '' } = await refusalOf(alice.ticketFor('HTTP/api.partner.test@PARTNER.TEST'))
    expect(code).toBe('KDC_ERR_S_PRINCIPAL_UNKNOWN')
    expect(hint).toMatch(/^The KDC of EAST\.TEST leads to no realm PARTNER\.TEST: it has no trust with it/)
    expect(hint).not.toMatch(COMMAND)
    const [, command = ''] = /^ {2}MIT: (.*)$/m.exec(hint) ?? []
    const { stdout } = await new Administrator(info, 'EAST').run(command)
    expect(stdout).toContain('krbtgt/WEST.TEST@EAST.TEST')
  })

  test('a host in place of a service', async () => {
    const { hint = '' } = await refusalOf(alice.ticketFor('api.east.test'))
    const [, spn = ''] = /write (\S+), with the class of the service\.$/.exec(hint) ?? []
    expect(spn).toBe('HTTP/api.east.test')
    expect(await nameOf(spn)).toBe(spn)
  })

  test('a user of a trusted realm, whose KDC does not know where the service is', async () => {
    const at = new Place(info, 'EAST')
    const error = await refusalOf(at.client('none').s4u2self('bob@WEST.TEST'))
    expect(error).toMatchObject({ reason: 'not-a-service' })
    const [, command = ''] = /^ {2}MIT: (.*)$/m.exec(error.hint ?? '') ?? []
    const administrator = new Administrator(info, 'WEST')
    await administrator.run(command)
    try {
      expect((await at.client('none').s4u2self('bob@WEST.TEST')).client.realm).toBe('WEST.TEST')
    } finally {
      // Other suites are refused for the same reason.
      await administrator.run(command.replace('add: krbPrincipalName', 'delete: krbPrincipalName'))
    }
    await expect(new Place(info, 'EAST').client('none').s4u2self('bob@WEST.TEST')).rejects.toThrow(/not a service/)
  })
})

await describeRealms('a key or a password that is not right', ['CORP'], (info) => {
  const { kdc, users, services } = realmOf(info, 'CORP')
  const address = `${kdc.host}:${kdc.port}`
  const administrator = new Administrator(info, 'CORP')

  test('of a user is typed again, and not reset', async () => {
    using negotiator = createNegotiator({ keytab: services.web.keytab, kdc: address })
    const error = await refusalOf(negotiator.identityFor({ user: 'alice', password: 'wrong' }))
    expect(error).toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED', status: 401 })
    expect(error.hint).toBe(
      'Wrong password of alice@CORP.TEST: type it again. Directories lock an account out after a few wrong ones.',
    )
    expect((await negotiator.identityFor({ user: 'alice', password: users.alice.password })).name).toBe('alice')
  })

  test('of a keytab that is out of date is exported again', async () => {
    const keytab = join(info.directory, 'keytabs', 'out-of-date.keytab')
    copyFileSync(services.none.keytab, keytab)
    const signIn = () =>
      createKdcClient({ kdc: address, credentials: { keytab, principal: 'svc-none' } }).ticketFor(services.api.spn)
    await administrator.run('samba-tool user setpassword svc-none --newpassword=pw-other')
    try {
      const error = await refusalOf(signIn())
      expect(error).toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED' })
      expect(error.hint).toMatch(new RegExp(`^Wrong key of svc-none@CORP.TEST: ${keytab} was exported before`))
      if (!(error instanceof KdcError)) throw error
      expect(error.settings[0].samba).toBe(`samba-tool domain exportkeytab ${keytab} --principal=svc-none`)
      await administrator.obey(error.settings[0])
      expect((await signIn()).client.name.nameString).toEqual(['svc-none'])
    } finally {
      await administrator.run(`samba-tool user setpassword svc-none --newpassword=${services.none.password}`)
    }
  })

  describe('a name that is not known', () => {
    test.each([
      ['alic@CORP.TEST', /alice/],
      ['HTTP/web.corp.test@CORP.TEST', /sAMAccountName: svc-web/],
    ])('%s is looked for by the command that is printed', async (principal, found) => {
      const credentials = { principal, password: 'whatever' }
      const error = await refusalOf(createKdcClient({ kdc: address, credentials }).ticketFor(services.api.spn))
      if (!(error instanceof KdcError)) throw error
      expect(error.code).toBe('KDC_ERR_C_PRINCIPAL_UNKNOWN')
      expect((await administrator.obey(error.settings[0])).stdout).toMatch(found)
    })

    test('of a user of another realm may be that of a realm that is not trusted', async () => {
      const at = new Place(info, 'CORP')
      const error = await refusalOf(at.client('web').s4u2self('oscar@NOWHERE.TEST'))
      expect(error.hint).toMatch(
        /^The KDC of CORP\.TEST finds no user oscar@NOWHERE\.TEST: there is no such user, no trust leads to NOWHERE\.TEST/,
      )
    })
  })
})

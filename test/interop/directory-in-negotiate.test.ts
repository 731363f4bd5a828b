import { openDirectory } from '@s4u/directory'
import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { createNegotiator, groupGate, type CallerIdentity, type Negotiator } from '@s4u/negotiate'
import { afterAll, describe, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { controllers } from '../realms/samba/samba-conf.js'
import { describeRealms } from '../realms/suite.js'

for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`a negotiator with the directory of ${key}`, [key], (info) => {
    const { domain, kdc, users, services, ldap = kdc } = realmOf(info, key)
    const kdcAddress = `${kdc.host}:${kdc.port}`
    const { web } = services
    const client = createKdcClient({ kdc: kdcAddress, credentials: { principal: web.principal, keytab: web.keytab } })
    const servers = { host: `${controllers[key]}.${domain}`, address: ldap.host }
    const directory = openDirectory({ client, servers })
    const negotiator = createNegotiator({ keytab: web.keytab, kdc: kdcAddress, directory })
    const payroll = groupGate(`${key}\\Payroll`)
    const staff = groupGate(`${key}\\Staff`)
    const builtin = groupGate(['BUILTIN\\Administrators', `${key}\\Domain Admins`])
    afterAll(() => {
      negotiator[Symbol.dispose]()
      directory.close()
    })

    async function callerOf(user: string, by: Negotiator = negotiator) {
      const { principal, password } = users[user]
      const own = createKdcClient({ kdc: kdcAddress, credentials: { principal, password } })
      const { authorization } = createInitiator({ ticket: await own.ticketFor(web.spn), now: Date.now })
      const request = { headers: { authorization } }
      const outcome = await by.authenticate(request)
      if (outcome.status !== 'authenticated') throw new Error(`${user} was not let in`)
      return { request, identity: outcome.identity }
    }

    test('lets members of a group pass that a route names, and no others', async () => {
      await negotiator.ready()
      const [alice, bob] = [await callerOf('alice'), await callerOf('bob')]
      expect(payroll(alice.request, alice.identity)).toMatchObject({ status: 'pass' })
      expect(payroll(bob.request, bob.identity)).toMatchObject({ status: 'challenge', statusCode: 403 })
      expect(staff(bob.request, bob.identity)).toMatchObject({ status: 'pass' })
      expect(builtin(bob.request, bob.identity)).toMatchObject({ status: 'challenge', statusCode: 403 })
    })

    test('knows the profile of a caller', async () => {
      const { identity } = await callerOf('alice')
      const profile = await identity.profile()
      expect(profile).toMatchObject({
        accountName: 'alice',
        userPrincipalName: `alice@${domain}`,
        dn: `CN=alice,CN=Users,DC=${domain.replace('.', ',DC=')}`,
      })
      expect(profile.groupNames).toEqual(
        expect.arrayContaining([`${key}\\Payroll`, `${key}\\Staff`, `${key}\\Domain Users`]),
      )
    })

    describe('that is down', () => {
      const down = openDirectory({ client, servers: { ...servers, port: 1 }, timeLimit: 2_000 })
      const other = createNegotiator({ keytab: web.keytab, kdc: kdcAddress, directory: down })
      afterAll(() => {
        other[Symbol.dispose]()
        down.close()
      })

      test('holds up nobody who signs in; what needs it answers 503', async () => {
        const { request, identity } = await callerOf('alice', other)
        expect(identity.principal).toBe(users.alice.principal)
        expect(payroll(request, identity)).toMatchObject({ status: 'challenge', statusCode: 503 })
        await expect(identity.profile()).rejects.toMatchObject({ name: 'DirectoryUnreachableError', status: 503 })
        await expect(other.ready()).rejects.toMatchObject({ name: 'DirectoryUnreachableError' })
      })
    })

    test('refuses at the start what no group is called', async () => {
      using third = createNegotiator({ keytab: web.keytab, kdc: kdcAddress, directory })
      const nobody = groupGate(`${key}\\No such group`)
      await expect(third.ready()).rejects.toMatchObject({
        name: 'ConfigurationError',
        code: 'noSuchObject',
        message: expect.stringContaining(`${key}\\No such group`),
      })
      const { request, identity } = await callerOf('alice', third)
      const ask = (): unknown => nobody(request, identity)
      expect(ask).toThrow('there is no group')
    })

    test('without a directory names are refused, and say what is missing', async () => {
      using plain = createNegotiator({ keytab: web.keytab, kdc: kdcAddress })
      const { request, identity }: { request: object; identity: CallerIdentity } = await callerOf('alice', plain)
      const ask = (): unknown => Reflect.apply(payroll, undefined, [request, identity])
      expect(ask).toThrow('requireGroup with the name of a group needs a directory')
      await expect(identity.profile()).rejects.toMatchObject({ name: 'ConfigurationError' })
    })
  })
}

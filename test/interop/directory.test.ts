import { createKdcClient } from '@s4u/kdc-client'
import { type Directory, filter, openDirectory } from '@s4u/directory'
import { afterAll, describe, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { controllers } from '../realms/samba/samba-conf.js'
import { describeRealms } from '../realms/suite.js'

for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`the directory of ${key}`, [key], (info) => {
    const { name: realm, domain, kdc, ldap = kdc, users } = realmOf(info, key)
    const host = `${controllers[key]}.${domain}`
    const { principal, password } = users.alice
    const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials: { principal, password } })
    const directory = openDirectory({ client, servers: { host, address: ldap.host } })
    afterAll(() => directory.close())

    describe.each(['GSS-SPNEGO', 'GSSAPI'] as const)('signed in to with %s', (mechanism) => {
      test('says what it is, sealed', async () => {
        await using other = openDirectory({ client, mechanism, servers: { host, address: ldap.host } })
        const { serverTime = 0, ...facts } = await other.facts()
        expect(facts).toMatchObject({
          server: `${host}:389`,
          dnsHostName: host,
          domainDn: `DC=${domain.replace('.', ',DC=')}`,
          isActiveDirectory: true,
          functionalLevel: key === 'CORP' ? 4 : 7,
        })
        expect(Math.abs(serverTime - Date.now())).toBeLessThan(10_000)
      })
    })

    test('more entries than one page holds come one after the other', async () => {
      const groups = directory.search({ filter: '(sAMAccountName=Group-*)', attributes: ['cn'], pageSize: 30 })
      const names = new Set<string | undefined>()
      for await (const entry of groups) names.add(entry.text('CN'))
      expect(names.size).toBe(200)
      expect(await groups.all()).toHaveLength(200)
    })

    test('more than maxEntries is an error, and no shorter list', async () => {
      const all = directory.search({ filter: '(sAMAccountName=Group-*)', maxEntries: 100, pageSize: 30 }).all()
      await expect(all).rejects.toMatchObject({ name: 'DirectoryError', code: 'sizeLimitExceeded' })
    })

    test('a name with what a filter has for marks is a name', async () => {
      const found = directory.search({ filter: filter`(sAMAccountName=${'*)(objectClass=*'})` })
      expect(await found.all()).toEqual([])
      expect(await directory.account('*')).toBeUndefined()
      expect(await directory.account('alice)(|(objectClass=*')).toBeUndefined()
    })

    test('an account by each of its names', async () => {
      const bob = await found(directory, 'bob')
      expect(bob).toMatchObject({
        principal: `bob@${realm}`,
        userPrincipalName: 'bob.builder@corp.example',
        kind: 'user',
      })
      for (const name of [
        `${key}\\bob`,
        `${domain}\\BOB`,
        `bob@${domain}`,
        'bob.builder@corp.example',
        bob.sid ?? '',
        bob.dn,
      ]) {
        expect({ name, dn: (await directory.account(name))?.dn }).toEqual({ name, dn: bob.dn })
      }
      expect((await directory.account(`HTTP/web.${domain}`))?.name).toBe('svc-web')
      expect((await directory.account('web01$'))?.name).toBe('WEB01$')
      expect((await directory.account('zoë'))?.principal).toBe(`zoë@${realm}`)
    })

    test.each([
      'nobody',
      'NOWHERE\\bob',
      'bob@nowhere.test',
      'S-1-5-21-1-2-3-1104',
      'HTTP/nowhere.test',
      'CN=bob,DC=nowhere,DC=test',
    ])('no account: %s', async (name) => {
      expect(await directory.account(name)).toBeUndefined()
    })

    test.each([
      ['carol', { delegation: { sensitive: true } }],
      ['dave', { state: { protectedUser: true, disabled: false } }],
      ['erin', { state: { disabled: true } }],
      ['frank', { state: { mustChangePassword: true, passwordExpired: true } }],
      ['gina', { state: { expired: true }, expiresAt: Date.UTC(2012, 11, 14, 23, 6, 40) }],
      ['hank', { state: { locked: true } }],
      ['nopre', { state: { noPreauthentication: true } }],
      ['rc4only', { encryptionTypes: [23], supportedEncryptionTypes: 4 }],
      ['svc-web', { delegation: { protocolTransition: true, unconstrained: false } }],
      ['svc-unc', { delegation: { protocolTransition: false, unconstrained: true } }],
      ['svc-kcd', { delegation: { protocolTransition: false, allowedToDelegateTo: [`HTTP/api.${domain}`] } }],
      ['WEB01$', { kind: 'computer', dnsHostName: `web01.${domain}`, keyVersion: 2 }],
    ])('what is special about %s', async (name, special) => {
      const account = await found(directory, name)
      expect(account).toMatchObject(special)
      expect(account.sid).toMatch(/^S-1-5-21-/)
    })

    test('groups, nested ones too, by name', async () => {
      const groups = await directory.groupsOf('grouper')
      const names = groups.map(({ name }) => name)
      expect(names).toEqual(
        expect.arrayContaining([`${key}\\Staff`, `${key}\\Group-199`, `${key}\\Domain Users`, 'BUILTIN\\Users']),
      )
      expect(groups).toHaveLength(204)
    })

    test('SIDs and their names, well-known and builtin ones included', async () => {
      const names = ['Everyone', 'BUILTIN\\Administrators', 'NT AUTHORITY\\SYSTEM', `${key}\\Payroll`, `${key}\\alice`]
      const sids = await Promise.all(names.map((name) => directory.sidOf(name)))
      expect(sids.slice(0, 3)).toEqual(['S-1-1-0', 'S-1-5-32-544', 'S-1-5-18'])
      const known = await directory.namesOf([...sids.flatMap((sid) => sid ?? []), 'S-1-5-21-9-9-9-1104'])
      expect([...known.values()]).toEqual(names)
      expect(known.size).toBe(names.length)
    })

    test('no SID for a name that nobody has, nor for a builtin group under the name of the domain', async () => {
      expect(await directory.sidOf(`${key}\\Nobody`)).toBeUndefined()
      expect(await directory.sidOf('NOWHERE\\Staff')).toBeUndefined()
      expect(await directory.sidOf(`${key}\\Administrators`)).toBeUndefined()
    })

    test('the accounts that have a service principal name, over the global catalogue', async () => {
      const accounts = await directory.accountsWithSpn(`HTTP/api.${domain}`)
      expect(accounts.map(({ name }) => name)).toEqual(['svc-api'])
      expect(accounts[0].delegation.allowedToDelegateTo).toEqual([`HTTP/data.${domain}`])
      expect(await directory.accountsWithSpn('HTTP/nowhere.test')).toEqual([])
    })

    test('many questions at once are answered over a few connections', async () => {
      const names = Array.from({ length: 60 }, (_, index) => `Group-${String(index).padStart(3, '0')}`)
      const accounts = await Promise.all(names.map((name) => directory.account(name)))
      expect(accounts.map((account) => account?.name)).toEqual(names)
    })
  })
}

async function found(directory: Directory, name: string) {
  const account = await directory.account(name)
  if (account === undefined) throw new Error(`there is no ${name}`)
  return account
}

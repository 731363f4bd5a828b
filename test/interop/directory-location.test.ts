import { type ControllerDns, openDirectory } from '@s4u/directory'
import { createKdcClient } from '@s4u/kdc-client'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { controllers } from '../realms/samba/samba-conf.js'
import { describeRealms } from '../realms/suite.js'
import { dnsOf } from './controllers-in-dns.js'

for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`controllers of ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { domain, kdc, users, ldap = kdc } = realm
    const { principal, password } = users.alice
    const host = `${controllers[key]}.${domain}`
    const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials: { principal, password } })
    const ca = readFileSync(realm.ldapCertificate ?? '')

    test('are found in DNS, those of the site that they name first', async () => {
      const asked: string[] = []
      await using directory = openDirectory({ client, dns: dnsOf({ [host]: realm }, asked) })
      expect(await directory.facts()).toMatchObject({ server: `${host}:389`, dnsHostName: host })
      expect(asked).toEqual([
        `_ldap._tcp.dc._msdcs.${domain}`,
        `_ldap._tcp.Default-First-Site-Name._sites.dc._msdcs.${domain}`,
        `_ldap._tcp.dc._msdcs.${domain}`,
      ])
      expect((await directory.accountsWithSpn(`HTTP/web.${domain}`)).map(({ name }) => name)).toEqual(['svc-web'])
    })

    test('that DNS names and that are none get no ticket of ours', async () => {
      const web = `web.${domain}`
      const lying: ControllerDns = {
        resolveSrv: async () => [{ name: web, port: 389, priority: 0, weight: 0 }],
        lookup: async () => [ldap.host],
      }
      await using directory = openDirectory({ client, dns: lying })
      await expect(directory.facts()).rejects.toMatchObject({
        code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
        message: expect.stringContaining(`ldap/${web}/${domain}`),
      })
    })

    test('there are none', async () => {
      await using directory = openDirectory({ client, domain: 'nowhere.test', dns: dnsOf({}) })
      await expect(directory.facts()).rejects.toMatchObject({
        code: 'noControllerFound',
        hint: expect.stringContaining('DNS'),
      })
    })

    describe.each(['starttls', 'ldaps'] as const)('over %s', (protection) => {
      const servers = { host, address: ldap.host }

      test.each(['GSS-SPNEGO', 'GSSAPI'] as const)(
        'with the ticket bound to the certificate, by %s',
        async (mechanism) => {
          await using directory = openDirectory({ client, servers, protection, mechanism, ca })
          expect(await directory.facts()).toMatchObject({ server: `${host}:${protection === 'ldaps' ? 636 : 389}` })
          expect((await directory.account('alice'))?.principal).toBe(principal)
          expect(await directory.search({ filter: '(sAMAccountName=Group-*)', pageSize: 90 }).all()).toHaveLength(200)
        },
      )

      test('a certificate that nobody vouches for, or of another host, is refused', async () => {
        await using unknown = openDirectory({ client, servers, protection })
        await expect(unknown.facts()).rejects.toMatchObject({
          code: 'serverDown',
          message: expect.stringContaining('self-signed'),
        })
        const service = `ldap/${host}`
        await using other = openDirectory({
          client,
          servers: { host: `other.${domain}`, address: ldap.host, service },
          protection,
          ca,
        })
        await expect(other.facts()).rejects.toMatchObject({
          code: 'serverDown',
          message: expect.stringContaining("does not match certificate's altnames"),
        })
        // Node would compare the certificate with "localhost" where no name was given.
        await using byAddress = openDirectory({ client, servers: { host: ldap.host, service }, protection, ca })
        await expect(byAddress.facts()).rejects.toMatchObject({
          code: 'serverDown',
          message: expect.stringContaining(`IP: ${ldap.host} is not in the cert's list`),
        })
      })
    })

    test('with references to the other parts of the forest', async () => {
      await using directory = openDirectory({ client, servers: { host, address: ldap.host } })
      const filter = '(objectClass=crossRefContainer)'
      expect(await directory.search({ filter }).all()).toEqual([])
      const found = await directory.search({ filter, referrals: 'follow' }).all()
      expect(found.map(({ dn }) => dn)).toEqual([`CN=Partitions,CN=Configuration,DC=${domain.replace('.', ',DC=')}`])
    })
  })
}

await describeRealms('a domain that is trusted', ['CORP', 'PARTNER'], (info) => {
  const [corp, partner] = [realmOf(info, 'CORP'), realmOf(info, 'PARTNER')]
  const kdc = Object.fromEntries([corp, partner].map(({ name, kdc: { host, port } }) => [name, `${host}:${port}`]))
  const { principal, password } = corp.users.alice
  const client = createKdcClient({ kdc, credentials: { principal, password } })
  const dns = dnsOf({ 'dc1.corp.test': corp, 'dc2.partner.test': partner })

  test('has its accounts and SIDs told by its own controllers', async () => {
    await using directory = openDirectory({ client, dns })
    const sid = await directory.sidOf('PARTNER\\oscar')
    expect(sid).toMatch(/^S-1-5-21-/)
    expect(await directory.namesOf([sid ?? ''])).toEqual(new Map([[sid, 'PARTNER\\oscar']]))
    expect(await directory.account('oscar@partner.test')).toMatchObject({ principal: 'oscar@PARTNER.TEST', sid })
    expect((await directory.groupsOf('PARTNER\\oscar')).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['PARTNER\\Auditors', 'PARTNER\\Domain Users', 'BUILTIN\\Users']),
    )
  })

  test('that cannot be asked costs its own names only', async () => {
    await using directory = openDirectory({ client, dns })
    const [own, other] = [await directory.sidOf('alice'), await directory.sidOf('PARTNER\\oscar')]
    await using without = openDirectory({ client, dns: dnsOf({ 'dc1.corp.test': corp }) })
    expect(await without.namesOf([own ?? '', other ?? ''])).toEqual(new Map([[own, 'CORP\\alice']]))
  })

  test('that cannot be asked is left alone for 30 s, so that its SIDs hold nobody up', async () => {
    const asked: string[] = []
    let ahead = 0
    await using directory = openDirectory({
      ...{ client, dns: dnsOf({ 'dc1.corp.test': corp }, asked) },
      now: () => Date.now() + ahead,
    })
    await using whole = openDirectory({ client, dns })
    const sids = [await whole.sidOf('PARTNER\\oscar'), await whole.sidOf('PARTNER\\Auditors')].map((sid) => sid ?? '')
    const timesAsked = async (): Promise<number> => {
      const before = asked.length
      expect(await directory.namesOf(sids)).toEqual(new Map())
      return asked.slice(before).filter((name) => name.endsWith('.partner.test')).length
    }
    expect(await timesAsked()).toBeGreaterThan(0)
    expect(await timesAsked()).toBe(0)
    ahead = 29_000
    expect(await timesAsked()).toBe(0)
    ahead = 31_000
    expect(await timesAsked()).toBeGreaterThan(0)
  })
})

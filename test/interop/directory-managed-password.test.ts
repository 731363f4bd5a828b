import { createInitiator } from '@s4u/gssapi'
import { managedKeytab, openDirectory } from '@s4u/directory'
import { createKdcClient } from '@s4u/kdc-client'
import { formatPrincipal, Keytab } from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { afterAll, expect, test } from 'vitest'
import { realmOf, runAt } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

await describeRealms('a group managed service account', ['NEWCORP'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { domain, kdc, ldap = kdc, services, users } = realm
  const servers = { host: `dc3.${domain}`, address: ldap.host }
  const kdcAddress = `${kdc.host}:${kdc.port}`
  const { web, managed } = services
  const client = createKdcClient({ kdc: kdcAddress, credentials: { principal: web.principal, keytab: web.keytab } })
  const directory = openDirectory({ client, servers })
  const { principal, password } = users.alice
  const aliceClient = createKdcClient({ kdc: kdcAddress, credentials: { principal, password } })
  const asAlice = openDirectory({ client: aliceClient, servers })
  afterAll(() => {
    directory.close()
    asAlice.close()
  })

  test('has the keys that the KDC has', async () => {
    const { keytab, queryAt, unchangedUntil, account } = await directory.managedPassword('managed$')
    const those = Keytab.decode(readFileSync(managed.keytab))
    const labels = (one: Keytab): string[] =>
      one.entries.map((entry) => `${formatPrincipal(entry.principal)} ${entry.kvno} ${entry.key.etype}`)
    const current = keytab.entries.filter(({ kvno }) => kvno === account.keyVersion)
    expect(current.length).toBe(4)
    for (const { principal: name, kvno, key } of current) {
      const same = those.entries.find(
        (entry) =>
          formatPrincipal(entry.principal) === formatPrincipal(name) &&
          entry.kvno === kvno &&
          entry.key.etype === key.etype,
      )
      expect(
        same?.key.equals(key),
        `${formatPrincipal(name)} ${kvno} ${key.etype}; the KDC has ${labels(those).join(', ')}`,
      ).toBe(true)
    }
    expect(queryAt).toBeGreaterThan(Date.now())
    expect(unchangedUntil).toBeGreaterThan(Date.now())
  })

  test('accepts callers without any keytab file', async () => {
    await using negotiator = createNegotiator({ keytab: managedKeytab(directory, 'managed$'), kdc: kdcAddress })
    await negotiator.ready()
    const { authorization } = createInitiator({ ticket: await aliceClient.ticketFor(managed.spn), now: Date.now })
    const outcome = await negotiator.authenticate({ headers: { authorization } })
    expect(outcome).toMatchObject({ status: 'authenticated', identity: { principal } })
  })

  test('signs in as itself', async () => {
    const { keytab } = await directory.managedPassword('managed$')
    const own = createKdcClient({ kdc: kdcAddress, credentials: { principal: managed.principal, keytab } })
    const ticket = await own.ticketFor(web.spn)
    expect(formatPrincipal(ticket.client)).toBe(managed.principal)
  })

  test('gives its password to nobody else; who is added as the hint says gets it', async () => {
    await expect(asAlice.managedPassword('managed$')).rejects.toMatchObject({
      name: 'DirectoryError',
      code: 'insufficientAccessRights',
      hint: expect.stringContaining(
        'samba-tool service-account group-msa-membership add --name=managed --principal=alice',
      ),
    })
    const membership = (action: string): string[] => [
      ...['service-account', 'group-msa-membership', action, '--name=managed', '--principal=alice'],
      ...['-s', realm.machine.smbConf ?? ''],
    ]
    await runAt(realm, 'samba-tool', membership('add'))
    try {
      expect((await asAlice.managedPassword('managed$')).keytab.entries.length).toBeGreaterThan(0)
    } finally {
      await runAt(realm, 'samba-tool', membership('remove'))
    }
    await expect(asAlice.managedPassword('managed$')).rejects.toMatchObject({ code: 'insufficientAccessRights' })
  })

  test.each([
    ['svc-web', 'noSuchAttribute', 'is no managed account: it is of the kind user'],
    ['managed', 'noSuchObject', 'there is no account managed in the directory'],
  ])('is no other account: %s', async (name, code, message) => {
    await expect(managedKeytab(directory, name)()).rejects.toMatchObject({
      name: 'ConfigurationError',
      code,
      message: expect.stringContaining(message),
    })
  })

  test('shows no key where it is printed', async () => {
    const given = await directory.managedPassword('managed$')
    const shown = inspect(given, { depth: 10, showHidden: true }) + JSON.stringify(given)
    for (const { key } of given.keytab.entries) {
      expect(shown).not.toContain(Buffer.from(key.exposeSecretBytes()).toString('hex'))
    }
  })
})

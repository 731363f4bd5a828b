import {
  type Directory,
  type DirectoryAccount,
  type DirectoryChange,
  ldifOf,
  openDirectory,
  planAllowedToAct,
  planComputer,
  planPassword,
  planServiceNames,
  planSettings,
  planUser,
} from '@s4u/directory'
import { createKdcClient, evidenceFromS4u2self } from '@s4u/kdc-client'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { realmOf, runAt } from '../realms/clients.js'
import { controllers } from '../realms/samba/samba-conf.js'
import { describeRealms } from '../realms/suite.js'

for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`changes in the directory of ${key}`, [key], (info) => {
    const { domain, kdc, ldap = kdc, users, administrator, name: realm } = realmOf(info, key)
    const servers = { host: `${controllers[key]}.${domain}`, address: ldap.host }
    const kdcAddress = `${kdc.host}:${kdc.port}`
    const clientOf = (principal: string, password: string) =>
      createKdcClient({ realm, kdc: kdcAddress, credentials: { principal, password } })
    if (administrator === undefined) throw new Error('there is no administrator')
    const directory = openDirectory({ client: clientOf(administrator.principal, administrator.password), servers })
    const asAlice = openDirectory({ client: clientOf(users.alice.principal, users.alice.password), servers })
    const made: string[] = []
    afterAll(async () => {
      for (const dn of made) await directory.apply({ kind: 'delete', dn })
      directory.close()
      asAlice.close()
    })

    async function added(change: DirectoryChange): Promise<void> {
      await directory.apply(change)
      made.push(change.dn)
    }

    async function userCalled(name: string): Promise<DirectoryAccount> {
      await added(await planUser(directory, { name, password: `Pw-${name}-1!` }))
      return found(directory, name)
    }

    test('a new computer account has its names, and signs in with its password', async () => {
      const password = 'A l0ng password – with ünusual characters'
      const names = [`HTTP/joined.${domain}`]
      const plan = await planComputer(directory, { name: 'Joined', password, servicePrincipalNames: names })
      expect(ldifOf(plan)).toContain('# unicodePwd: not shown')
      await added(plan)
      const account = await found(directory, 'JOINED$')
      expect(account).toMatchObject({
        dn: `CN=JOINED,CN=Computers,DC=${domain.replace('.', ',DC=')}`,
        kind: 'computer',
        dnsHostName: `joined.${domain}`,
        encryptionTypes: [18, 17],
        state: { disabled: false },
      })
      expect([...account.servicePrincipalNames].sort()).toEqual(
        [
          `HTTP/joined.${domain}`,
          'RestrictedKrbHost/JOINED',
          `RestrictedKrbHost/joined.${domain}`,
          'host/JOINED',
          `host/joined.${domain}`,
        ].sort(),
      )
      const ticket = await clientOf('JOINED$', password).ticketFor(`HTTP/web.${domain}`)
      expect(ticket.client.name.nameString).toEqual(['JOINED$'])
    })

    test('a new user signs in with its password, and with the next one', async () => {
      const account = await userCalled('svc-made')
      expect(account).toMatchObject({
        kind: 'user',
        userPrincipalName: `svc-made@${domain}`,
        state: { disabled: false },
      })
      await clientOf('svc-made', 'Pw-svc-made-1!').ticketFor(`HTTP/web.${domain}`)
      await directory.apply(planPassword(account, 'Änother-1!'))
      await clientOf('svc-made', 'Änother-1!').ticketFor(`HTTP/web.${domain}`)
      await expect(clientOf('svc-made', 'Pw-svc-made-1!').ticketFor(`HTTP/web.${domain}`)).rejects.toMatchObject({
        code: 'KDC_ERR_PREAUTH_FAILED',
      })
    })

    test('a new user without a password is disabled', async () => {
      await added(await planUser(directory, { name: 'no-password' }))
      expect((await found(directory, 'no-password')).state.disabled).toBe(true)
    })

    test('service principal names are added and removed; those of others are told', async () => {
      const account = await userCalled('svc-names')
      const spn = `HTTP/names.${domain}`
      await applyPlan(await planServiceNames(directory, account, { add: [spn, `HTTP/names2.${domain}`] }))
      expect(await directory.accountsWithSpn(spn)).toMatchObject([{ name: 'svc-names' }])
      const now = await found(directory, 'svc-names')
      expect(await planServiceNames(directory, now, { add: [spn.toLowerCase()] })).toBeUndefined()
      await applyPlan(
        await planServiceNames(directory, now, { remove: [`http/NAMES2.${domain}`], add: [`HTTP/names3.${domain}`] }),
      )
      expect([...(await found(directory, 'svc-names')).servicePrincipalNames].sort()).toEqual([
        spn,
        `HTTP/names3.${domain}`,
      ])
      await expect(planServiceNames(directory, now, { add: [`HTTP/api.${domain}`] })).rejects.toMatchObject({
        code: 'attributeOrValueExists',
        message: expect.stringContaining(`HTTP/api.${domain} is already a name of svc-api@${realm}`),
      })
    })

    test('settings of delegation and encryption types', async () => {
      const account = await userCalled('svc-settings')
      const list = [`HTTP/api.${domain}`, `HTTP/data.${domain}`]
      const wanted = { allowedToDelegateTo: list, protocolTransition: true, sensitive: true, encryptionTypes: [18] }
      await applyPlan(planSettings(account, wanted))
      const after = await found(directory, 'svc-settings')
      expect(after.delegation).toMatchObject({ protocolTransition: true, sensitive: true, unconstrained: false })
      expect([...after.delegation.allowedToDelegateTo].sort()).toEqual(list)
      expect(after.encryptionTypes).toEqual([18])
      expect(planSettings(after, wanted)).toBeUndefined()
      await applyPlan(
        planSettings(after, { allowedToDelegateTo: [list[1]], protocolTransition: false, unconstrained: true }),
      )
      expect((await found(directory, 'svc-settings')).delegation).toMatchObject({
        allowedToDelegateTo: [list[1]],
        protocolTransition: false,
        unconstrained: true,
        sensitive: true,
      })
    })

    test('flags that somebody else has changed meanwhile are not undone', async () => {
      const account = await userCalled('svc-race')
      await applyPlan(planSettings(account, { sensitive: true }))
      const stale = planSettings(account, { unconstrained: true })
      await expect(applyPlan(stale)).rejects.toMatchObject({ code: 'noSuchAttribute' })
      expect((await found(directory, 'svc-race')).delegation).toMatchObject({ sensitive: true, unconstrained: false })
    })

    test('who may act towards an account is not changed over LDAP on Samba, and the hint says where', async () => {
      const [target, web] = [await found(directory, 'svc-none'), await found(directory, 'svc-web')]
      await expect(applyPlan(planAllowedToAct(target, { add: [web.sid ?? ''] }))).rejects.toMatchObject({
        code: 'constraintViolation',
        hint: expect.stringContaining('samba-tool delegation add-principal'),
      })
    })

    test('an ordinary user is refused, in the words of the directory', async () => {
      const account = await found(asAlice, 'svc-web')
      const change = planSettings(account, { unconstrained: true })
      await expect(applyPlan(change, asAlice)).rejects.toMatchObject({
        name: 'DirectoryError',
        code: 'insufficientAccessRights',
        answer: { operation: 'modify', resultCode: 50, server: `${servers.host}:389` },
      })
    })

    async function applyPlan(change: DirectoryChange | undefined, where: Directory = directory): Promise<void> {
      if (change === undefined) throw new Error('nothing is to be done')
      await where.apply(change)
    }
  })
}

await describeRealms('a plan of resource-based delegation, made with the tools of Samba', ['NEWCORP'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { domain, kdc, ldap = kdc, services, users } = realm
  const client = createKdcClient({
    kdc: `${kdc.host}:${kdc.port}`,
    credentials: { principal: services.portal.principal, keytab: services.portal.keytab },
  })
  const directory = openDirectory({ client, servers: { host: `dc3.${domain}`, address: ldap.host } })
  afterAll(() => directory.close())

  test('is what the KDC goes by, and is taken back', async () => {
    const [vault, portal, counter] = await Promise.all(
      ['svc-vault', 'svc-portal', 'svc-counter'].map((name) => found(directory, name)),
    )
    const evidence = evidenceFromS4u2self(await client.s4u2self(users.alice.principal))
    const ask = (): Promise<unknown> => client.s4u2proxy(evidence, services.vault.spn, { fresh: true, maxAge: 0 })
    await expect(ask()).rejects.toMatchObject({ reason: 'target-not-allowed' })
    await makeLocally(planAllowedToAct(vault, { add: [counter.sid ?? ''] }))
    await makeLocally(planAllowedToAct(await found(directory, 'svc-vault'), { add: [portal.sid ?? ''] }))
    const granted = await found(directory, 'svc-vault')
    expect(granted.delegation.allowedToAct).toMatchObject({
      sids: [counter.sid, portal.sid],
      everybody: false,
      otherEntries: 0,
    })
    expect(planAllowedToAct(granted, { add: [portal.sid ?? ''] })).toBeUndefined()
    expect(await ask()).toMatchObject({ service: { name: { nameString: ['HTTP', `vault.${domain}`] } } })
    await makeLocally(planAllowedToAct(granted, { remove: [portal.sid ?? '', counter.sid ?? ''] }))
    expect((await found(directory, 'svc-vault')).delegation.allowedToAct).toBeUndefined()
    await expect(ask()).rejects.toMatchObject({ reason: 'target-not-allowed' })
  })

  async function makeLocally(change: DirectoryChange | undefined): Promise<void> {
    if (change === undefined) throw new Error('nothing is to be done')
    const { directory: folder } = realm.machine
    await runAt(realm, 'ldbmodify', ['-H', join(folder, 'dc3/private/sam.ldb'), '--relax'], { input: ldifOf(change) })
  }
})

async function found(directory: Directory, name: string): Promise<DirectoryAccount> {
  const account = await directory.account(name)
  if (account === undefined) throw new Error(`there is no ${name}`)
  return account
}

describe('a plan', () => {
  const directory = {
    domain: 'corp.test',
    facts: () => Promise.resolve({ domainDn: 'DC=corp,DC=test' }),
  }
  test.each(['', '1234', '-web', 'web-', 'a name', 'WEB01-IS-TOO-LONG', 'web.corp.test'])(
    'refuses a computer %j',
    async (name) => {
      const plan: Promise<unknown> = Reflect.apply(planComputer, undefined, [
        directory,
        { name, container: 'CN=Computers' },
      ])
      await expect(plan).rejects.toMatchObject({ name: 'ConfigurationError' })
    },
  )
})

import {
  type Directory,
  type DirectoryOptions,
  joinAccount,
  openDirectory,
  planAllowedToAct,
  planComputer,
  planPassword,
  planServiceNames,
  planSettings,
  planUser,
} from '@s4u/directory'
import { createKdcClient } from '@s4u/kdc-client'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { type OpenLdap, startOpenLdap } from './peers/openldap.js'

const MANY = 50_000

const hostEntry = (index: number): string =>
  `dn: krbPrincipalName=HTTP/h${index}.east.test@EAST.TEST,ou=hosts,dc=kdb\nobjectClass: krbPrincipal\nkrbPrincipalName: HTTP/h${index}.east.test@EAST.TEST\n\n`

/** The names follow. */
const ONE_WITH_MANY = 'dn: uid=farm,ou=hosts,dc=kdb\nobjectClass: account\nobjectClass: krbPrincipalAux\nuid: farm\n'

/** OpenLDAP with the schema and the entries of MIT's KDC: accounts and services, and no SIDs. */
await describeRealms('OpenLDAP with the accounts of MIT', ['EAST', 'openldap'], (info) => {
  const { kdc, users, services } = realmOf(info, 'EAST')
  const { principal, password } = users.alice
  const client = createKdcClient({ kdc: `${kdc.host}:${kdc.port}`, credentials: { principal, password } })
  let server: OpenLdap
  let strict: OpenLdap
  beforeAll(async () => {
    const folder = (): string => mkdtempSync(join(info.directory, 'openldap-'))
    server = await startOpenLdap(info, { address: `${info.block}.71`, folder: folder() })
    strict = await startOpenLdap(info, { address: `${info.block}.72`, folder: folder(), leastProtection: 56 })
  })
  afterAll(async () => {
    for (const each of [server, strict]) await each?.[Symbol.asyncDispose]()
  })

  const at = (where: OpenLdap, options: Partial<DirectoryOptions> = {}): Directory =>
    openDirectory({ client, servers: { host: where.host, address: where.address, port: where.port }, ...options })

  const ways: readonly [string, () => Directory][] = [
    ['sealed, by the mechanism that it has', () => at(server)],
    ['sealed, by GSSAPI', () => at(server, { mechanism: 'GSSAPI' })],
    ['sealed, where it demands it', () => at(strict)],
    ['in StartTLS', () => at(server, { protection: 'starttls', ca: readFileSync(server.ca) })],
  ]

  test.each(ways)('is read %s', async (_how, open) => {
    await using directory = open()
    expect(await directory.facts()).toMatchObject({
      domainDn: 'dc=kdb',
      isActiveDirectory: false,
      functionalLevel: undefined,
    })
    expect(await directory.account('alice')).toMatchObject({ principal: 'alice@EAST.TEST' })
  })

  describe('knows', () => {
    let directory: Directory
    beforeAll(() => (directory = at(server)))
    afterAll(() => directory.close())

    test('an account by its name, its principal and its distinguished name', async () => {
      const byName = await directory.account('sensitive')
      expect(byName).toMatchObject({
        principal: 'sensitive@EAST.TEST',
        kind: 'user',
        sid: undefined,
        delegation: { sensitive: true, unconstrained: false, protocolTransition: false },
        groupSids: [],
      })
      expect(await directory.account('sensitive@EAST.TEST')).toEqual(byName)
      expect(await directory.account(byName?.dn ?? '')).toEqual(byName)
      expect(await directory.account('nobody')).toBeUndefined()
    })

    test('what the KDC holds against an account', async () => {
      expect((await directory.account('locked'))?.state).toMatchObject({ disabled: true, expired: false })
      expect((await directory.account('expired'))?.state).toMatchObject({ disabled: false, expired: true })
      expect((await directory.account('stale'))?.state).toMatchObject({
        passwordExpired: true,
        mustChangePassword: false,
      })
      expect((await directory.account('nopre'))?.state).toMatchObject({ noPreauthentication: true })
      const bob = await directory.account('bob')
      expect(bob?.state).toMatchObject({ disabled: false, noPreauthentication: false, passwordExpired: false })
      expect(bob?.passwordSetAt).toBeGreaterThan(Date.UTC(2026, 0, 1))
    })

    test('a person with what people are called by', async () => {
      expect(await directory.account('erin')).toMatchObject({
        name: 'erin',
        principal: 'erin@EAST.TEST',
        displayName: 'Erin (Sales)',
        mail: 'erin@east.test',
        department: 'Sales',
      })
      expect(await directory.account('erin@east.test')).toMatchObject({ name: 'erin' })
    })

    test('the services: by their names and aliases, with what they may do', async () => {
      const { web, api } = services
      const [found, ...others] = await directory.accountsWithSpn(web.spn)
      expect(others).toEqual([])
      expect(found).toMatchObject({
        principal: web.principal,
        servicePrincipalNames: [web.spn],
        delegation: {
          protocolTransition: true,
          allowedToDelegateTo: expect.arrayContaining([`${api.spn}@EAST.TEST`]),
        },
      })
      expect(await directory.accountsWithSpn(`${web.spn}@EAST.TEST`)).toEqual([found])
      const [byAlias] = await directory.accountsWithSpn('HTTP/alias.east.test')
      expect(byAlias).toMatchObject({ principal: api.principal })
      expect([...(byAlias?.servicePrincipalNames ?? [])].sort()).toEqual(['HTTP/alias.east.test', api.spn])
      expect(await directory.accountsWithSpn('HTTP/nobody.east.test')).toEqual([])
    })

    test('no SID, no group, no trust and no domain, and says so', async () => {
      expect(await directory.namesOf(['S-1-5-21-1-2-3-513', 'S-1-5-32-544'])).toEqual(
        new Map([['S-1-5-32-544', 'BUILTIN\\Administrators']]),
      )
      expect(await directory.sidOf('alice')).toBeUndefined()
      expect(await directory.sidOf('EAST\\Sales')).toBeUndefined()
      expect(await directory.account('S-1-5-21-1-2-3-513')).toBeUndefined()
      expect(await directory.groupsOf('alice')).toEqual([])
      expect(await directory.trusts()).toEqual([])
      await expect(directory.managedPassword('alice')).rejects.toMatchObject({ name: 'ConfigurationError' })
    })

    test('that plans of changes are for Active Directory: kadmin is named', async () => {
      const alice = await directory.account('alice')
      if (alice === undefined) throw new Error('there is no alice')
      const plans = [
        () => planServiceNames(directory, alice, { add: ['HTTP/x.east.test'] }),
        async () => planSettings(alice, { sensitive: true }),
        async () => planAllowedToAct(alice, { add: ['S-1-5-32-544'] }),
        async () => planPassword(alice, 'a new one'),
        () => planUser(directory, { name: 'made' }),
        () => planComputer(directory, { name: 'MADE', password: 'a new one' }),
        () => joinAccount(directory, { kind: 'user', name: 'made' }),
      ]
      for (const plan of plans)
        await expect(plan()).rejects.toMatchObject({
          name: 'ConfigurationError',
          message: expect.stringContaining('this directory is no Active Directory'),
          hint: expect.stringContaining('kadmin'),
        })
    })

    test('no key of the KDC, and finds entries page by page beyond what it gives at a time', async () => {
      const entries = await directory.search({ filter: '(krbPrincipalName=*)', pageSize: 10 }).all()
      expect(entries.length).toBeGreaterThan(30)
      expect(entries.flatMap(({ names }) => names.filter((name) => name === 'krbPrincipalKey'))).toEqual([])
    })

    test('that it may not be written', async () => {
      const alice = await directory.account('erin')
      const change = { kind: 'modify', dn: alice?.dn ?? '' } as const
      const modification = { operation: 'replace', attribute: 'mail', values: ['x@east.test'] } as const
      await expect(directory.apply({ ...change, modifications: [modification] })).rejects.toMatchObject({
        name: 'DirectoryError',
        code: 'unwillingToPerform',
      })
    })
  })

  test('is read in StartTLS by its address, where its certificate has that', async () => {
    const { host, address, port, ca } = server
    const servers = { host: address, port, service: `ldap/${host}` }
    await using directory = openDirectory({ client, servers, protection: 'starttls', ca: readFileSync(ca) })
    expect(await directory.account('erin')).toMatchObject({ principal: 'erin@EAST.TEST' })
  })

  test('refuses a certificate that nobody vouches for', async () => {
    await using untrusted = at(server, { protection: 'starttls' })
    await expect(untrusted.facts()).rejects.toMatchObject({ name: 'DirectoryUnreachableError' })
  })

  test('with 50,000 services: one is found as fast, and the memory of all is not kept', async () => {
    const many = Array.from({ length: MANY }, (_, index) => hostEntry(index)).join('')
    const names = Array.from({ length: MANY }, (_, index) => `krbPrincipalName: HTTP/m${index}.east.test@EAST.TEST\n`)
    const folder = mkdtempSync(join(info.directory, 'openldap-'))
    await using large = await startOpenLdap(info, {
      ...{ address: `${info.block}.73`, folder },
      entries: `dn: ou=hosts,dc=kdb\nobjectClass: organizationalUnit\nou: hosts\n\n${many}${ONE_WITH_MANY}${names.join('')}\n`,
    })
    await using directory = at(large)
    await directory.facts()
    const before = process.memoryUsage().rss
    const started = performance.now()
    const [found, ...others] = await directory.accountsWithSpn(`HTTP/h${MANY - 1}.east.test`)
    expect(performance.now() - started).toBeLessThan(1_000)
    expect([found?.principal, others]).toEqual([`HTTP/h${MANY - 1}.east.test@EAST.TEST`, []])
    const [farm] = await directory.accountsWithSpn(`HTTP/m${MANY - 1}.east.test`)
    expect(farm?.servicePrincipalNames).toHaveLength(MANY)
    let count = 0
    for await (const entry of directory.search({ base: 'ou=hosts,dc=kdb', scope: 'one' }))
      count += entry.has('krbPrincipalName') ? 1 : 0
    expect(count).toBe(MANY + 1)
    expect(performance.now() - started).toBeLessThan(15_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
  })
})

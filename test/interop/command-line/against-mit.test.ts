import { decodeCcache, encodeCcache } from '@s4u/krb5'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { kinit, realmOf, runOk, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { s4u, s4uJson, s4uOk } from './s4u-process.js'
import { kadmin } from '../password-change.site.js'

interface Options {
  readonly environment: Record<string, string | undefined>
  readonly input: string
}

/** The commands next to MIT's own, which read what ours have written, and the other way round. */
for (const key of ['CORP', 'EAST'] as const) {
  await describeRealms(`The command s4u, next to the programs of MIT, in ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { alice } = realm.users
    const { web, api } = realm.services
    const at = (name: string): string => join(info.directory, 'ccaches', `s4u-${key}-${name}`)
    const as = (cache: string) => ({ environment: { ...info.environment, KRB5CCNAME: `FILE:${at(cache)}` } })
    // The default realm of these programs is another one.
    const named = (spn: string): string => `${spn}@${realm.name}`
    const account = `cli-${key.toLowerCase()}`
    const principal = `${account}@${realm.name}`
    const [first, second] = ['First-Passw0rd!', 'Second-Passw0rd!']

    beforeAll(async () => {
      if (realm.kind === 'samba') await sambaTool(realm, 'user', 'create', account, first)
      else await kadmin(info, `addprinc -pw ${first} ${principal}`)
    })

    const servicesOf = (klist: string): string[] =>
      [...klist.matchAll(/^\d\d\/\d\d\/\d\d \S+ {2}\S+ \S+ {2}(\S+)$/gm)].map(([, service]) => service)

    test('kinit writes a cache that klist and kvno of MIT use', async () => {
      await s4uOk(['kinit', alice.principal], { ...as('kinit'), input: `${alice.password}\n` })
      const before = await runOk('klist', [], as('kinit'))
      expect(before.stdout).toContain(`Default principal: ${alice.principal}`)
      expect(servicesOf(before.stdout)).toEqual([`krbtgt/${realm.name}@${realm.name}`])
      await runOk('kvno', [named(api.spn)], as('kinit'))
      const { tickets } = await s4uJson(['klist'], as('kinit'))
      expect((tickets as { service: string }[]).map(({ service }) => service)).toContain(`${api.spn}@${realm.name}`)
    })

    test('klist shows of a cache of MIT what klist of MIT shows', async () => {
      const login = await kinit(info, key, 'alice')
      await runOk('kvno', [named(web.spn)], login)
      const theirs = await runOk('klist', ['-f', '-e'], login)
      const { stdout } = await s4uOk(['klist', '-f', '-e'], login)
      const { tickets } = await s4uJson(['klist'], login)
      expect((tickets as { service: string }[]).map(({ service }) => service)).toEqual(servicesOf(theirs.stdout))
      const letters = (text: string): string[] => [...text.matchAll(/flags:? (\w+)/gi)].map(([, flags]) => flags)
      expect(letters(stdout)).toEqual(letters(theirs.stdout))
      const types = [...theirs.stdout.matchAll(/\(skey, tkt\): ([\w-]+), ([\w-]+)/g)]
      expect(types.length).toBeGreaterThan(1)
      for (const [, session, ticket] of types) expect(stdout).toContain(`session key ${session}, ticket ${ticket}`)
    })

    test('kvno tells the versions that kvno of MIT tells', async () => {
      const login = await kinit(info, key, 'alice')
      const theirs = await runOk('kvno', [named(web.spn), named(api.spn)], login)
      const { tickets } = await s4uJson(['kvno', web.spn, api.spn], login)
      const told = (tickets as { service: string; kvno: number }[]).map(
        ({ service, kvno }) => `${service}: kvno = ${kvno}`,
      )
      expect(told).toEqual(
        theirs.stdout
          .trim()
          .split('\n')
          .map((text) => text.replace(/(?<=: kvno = \d+).*$/, '')),
      )
    })

    test('kinit -k and klist -k use the keytabs of the realm as those of MIT do', async () => {
      await s4uOk(['kinit', '-k', '-t', web.keytab, web.principal], as('keytab'))
      expect((await runOk('klist', [], as('keytab'))).stdout).toContain(`Default principal: ${web.principal}`)
      const theirs = await runOk('klist', ['-k', web.keytab], as('keytab'))
      const { entries } = await s4uJson(['klist', '-k', web.keytab], as('keytab'))
      const ours = (entries as { kvno: number; principal: string }[]).map((one) => `${one.kvno} ${one.principal}`)
      expect(ours).toEqual(
        [...theirs.stdout.matchAll(/^ +(\d+) (\S+) *$/gm)].map(([, kvno, name]) => `${kvno} ${name}`),
      )
    })

    test('kinit -l and -r ask for the times that kinit of MIT asks for, and -R renews as it does', async () => {
      const times = ['-l', '2h', '-r', '2d']
      await runOk('kinit', [...times, alice.principal], { ...as('times-mit'), input: `${alice.password}\n` })
      await s4uOk(['kinit', ...times, alice.principal], { ...as('times'), input: `${alice.password}\n` })
      const timesOf = async (cache: string) => {
        const { tickets } = await s4uJson(['klist'], as(cache))
        const [{ startsAt, expiresAt, renewableUntil }] = tickets as Record<string, string>[]
        const from = Date.parse(startsAt)
        // One second may have gone by between the two.
        return [expiresAt, renewableUntil].map((time) => Math.round((Date.parse(time) - from) / 10_000) * 10)
      }
      const [theirs, ours] = [await timesOf('times-mit'), await timesOf('times')]
      expect(ours).toEqual(theirs)
      expect(ours[0]).toBe(7_200)
      const before = await s4uJson(['klist'], as('times'))
      await new Promise((resolve) => setTimeout(resolve, 1_100))
      // Twice: what was renewed once can be renewed again.
      for (let times = 0; times < 2; times++) await s4uOk(['kinit', '-R'], as('times'))
      await runOk('kinit', ['-R'], as('times-mit'))
      expect((await timesOf('times'))[0]).toEqual((await timesOf('times-mit'))[0])
      const [old, renewed] = [before, await s4uJson(['klist'], as('times'))].map(
        ({ tickets }) => (tickets as Record<string, string>[])[0],
      )
      expect(Date.parse(renewed['startsAt'])).toBeGreaterThan(Date.parse(old['startsAt']))
      expect(renewed['renewableUntil']).toBe(old['renewableUntil'])
      // MIT's programs use what ours have renewed, and ours what MIT's have.
      await runOk('kvno', [named(api.spn)], as('times'))
      await s4uOk(['kvno', api.spn], as('times-mit'))
    })

    test('kinit asks for the times of krb5.conf as kinit of MIT does, and -l and -r go first', async () => {
      const path = join(info.directory, `${key}-lifetimes.conf`)
      const times = '[libdefaults]\nticket_lifetime = 3h\nrenew_lifetime = 2d'
      writeFileSync(path, readFileSync(info.krb5Config, 'utf8').replace('[libdefaults]', times))
      const timesIn = async (cache: string, signIn: (options: Options) => Promise<unknown>) => {
        const { environment } = as(cache)
        await signIn({ environment: { ...environment, KRB5_CONFIG: path }, input: `${alice.password}\n` })
        const { tickets } = await s4uJson(['klist'], as(cache))
        const [{ startsAt, expiresAt, renewableUntil }] = tickets as Record<string, string>[]
        const seconds = (time: string): number => (Date.parse(time) - Date.parse(startsAt)) / 1_000
        // One second may have gone by between the two.
        return [expiresAt, renewableUntil].map((time) => Math.round(seconds(time) / 10) * 10)
      }
      for (const [words, expected] of [
        [[], 10_800],
        [['-l', '2h', '-r', '1d'], 7_200],
      ] as const) {
        const args = [...words, alice.principal]
        const ours = await timesIn('conf-times', (options) => s4uOk(['kinit', ...args], options))
        expect(ours).toEqual(await timesIn('conf-times-mit', (options) => runOk('kinit', args, options)))
        expect(ours[0]).toBe(expected)
      }
    })

    test('kinit -R refuses as kinit of MIT does where nothing can be renewed, and the cache stays', async () => {
      await runOk('kinit', ['-l', '2h', alice.principal], { ...as('not-renewable'), input: `${alice.password}\n` })
      await expect(runOk('kinit', ['-R'], as('not-renewable'))).rejects.toThrow('renewing')
      const { status, stderr } = await s4u(['kinit', '-R'], as('not-renewable'))
      expect([status, stderr]).toEqual([1, expect.stringContaining('KDC_ERR_BADOPTION')])
      await runOk('kvno', [named(api.spn)], as('not-renewable'))
      for (const wrong of [
        ['-l', 'soon'],
        ['-r', '0'],
        ['-R', '-l', '2h'],
        ['-R', 'bob'],
      ])
        expect(await s4u(['kinit', ...wrong], as('not-renewable'))).toMatchObject({ status: 2 })
    })

    test('keytab create makes keys with which kinit of MIT signs in, and keytab check finds them current', async () => {
      const path = at('made.keytab')
      await s4uOk(['keytab', 'create', path, '-p', principal], { ...as('made'), input: `${first}\n` })
      await runOk('kinit', ['-k', '-t', path, principal], as('made'))
      const checked = await s4u(['keytab', 'check', path], as('made'))
      expect(checked.stdout).toMatch(/aes256-cts-hmac-sha1-96 +current /)
      expect(checked.stdout).not.toMatch(/ wrong /)
      expect(checked.status).toBe(0)
    })

    test('keytab rotate gives the account new keys, and keytab check tells the old ones', async () => {
      const path = at('made.keytab')
      await s4uOk(['keytab', 'rotate', path], as('rotated'))
      await runOk('kinit', ['-k', '-t', path, principal], as('rotated'))
      const checked = await s4u(['keytab', 'check', path], as('rotated'))
      expect(checked.stdout).toMatch(/aes256-cts-hmac-sha1-96 +current /)
      expect(checked.stdout).toMatch(/aes256-cts-hmac-sha1-96 +old /)
      expect(checked.status).toBe(0)
    })

    test('kpasswd changes a password with which kinit of MIT signs in', async () => {
      // The account has a random one by now: it is set as an administrator would.
      if (realm.kind === 'samba') await sambaTool(realm, 'user', 'setpassword', account, `--newpassword=${first}`)
      else await kadmin(info, `cpw -pw ${first} ${principal}`)
      await s4uOk(['kpasswd', principal], { ...as('kpasswd'), input: `${first}\n${second}\n${second}\n` })
      await runOk('kinit', [principal], { ...as('kpasswd'), input: `${second}\n` })
      const checked = await s4u(['keytab', 'check', at('made.keytab')], as('kpasswd'))
      expect(checked).toMatchObject({ status: 1, stdout: expect.stringMatching(/ wrong /) })
    })

    test.each([
      ['a ticket-granting ticket of another realm does not stand for an ended one', [-60_000, 'OTHER.TEST'], 1],
      ['one of the own realm counts', [60_000], 0],
      ['without one, any ticket counts', ['OTHER.TEST'], 0],
    ] as const)('klist -s: %s', async (_what, entries, status) => {
      await s4uOk(['kinit', alice.principal], { ...as('valid'), input: `${alice.password}\n` })
      const cache = decodeCcache(readFileSync(at('valid')))
      const [own] = cache.credentials
      const credentials = entries.map((one) =>
        typeof one === 'number'
          ? { ...own, endtime: Date.now() + one }
          : { ...own, server: { ...own.server, name: { ...own.server.name, nameString: ['krbtgt', one] } } },
      )
      writeFileSync(at('valid'), encodeCcache({ ...cache, credentials }))
      const byMit = await runOk('klist', ['-s'], as('valid')).then(
        () => 0,
        () => 1,
      )
      expect([(await s4u(['klist', '-s'], as('valid'))).status, byMit]).toEqual([status, status])
    })

    test('whoami, kvno in the name of a user and kdestroy do what they say', async () => {
      await s4uOk(['kinit', '-k', '-t', web.keytab, web.principal], as('last'))
      expect((await s4uOk(['whoami'], as('last'))).stdout).toBe(`${web.principal}\n`)
      const args = ['kvno', '-t', web.keytab, '-p', web.principal, '--as', 'bob', '--proxy', api.spn]
      const { tickets } = await s4uJson(args, as('last'))
      expect(tickets).toMatchObject([{ step: 'S4U2Proxy', client: realm.users.bob.principal }])
      await s4uOk(['kdestroy'], as('last'))
      await expect(runOk('klist', ['-s'], as('last'))).rejects.toThrow('klist -s ended with 1')
    })
  })
}

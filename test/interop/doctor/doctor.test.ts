import { beforeAll, describe, expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Administrator } from '../diagnosis/administrator.js'
import { ExaminedService, serveAt, troubleIn } from './examined-service.js'
import { expectCause, expectNamed } from './expect-named.js'
import type { FaultRow } from './fault.js'
import { keytabFaults } from './keytab-faults.js'
import { mitFaults } from './mit-faults.js'
import { sambaFaults } from './samba-faults.js'
import { surroundingFaults } from './surrounding-faults.js'
import { healthySite, urlFaults } from './url-faults.js'

for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`the doctor, at a service of ${key}`, [key], (info) => {
    const at = new ExaminedService(info, key, 61)
    const administrator = new Administrator(info, key)
    const { domain } = at.realm

    beforeAll(async () => {
      await at.makeAccounts()
      await at.nameIt(administrator)
    })

    test('finds nothing wrong with a healthy one, in less than 3 s', async () => {
      const diagnosis = await at.diagnose()
      expect(troubleIn(diagnosis)).toBe('')
      expect(diagnosis).toMatchObject({ status: 'ok', cause: undefined })
      expect(diagnosis.took).toBeLessThan(3_000)
    })

    test('nor with its URL', async () => {
      await using site = await serveAt(at.address, healthySite(at))
      const diagnosis = await at.diagnose({ url: `http://exam.${domain}:${site.port}/` })
      expect(troubleIn(diagnosis)).toBe('')
      expect(diagnosis.findings.filter(({ check }) => check.startsWith('url')).map(({ found }) => found)).toEqual([
        'It answers with 401 (server: nobody says which).',
        'It answers 401 and offers Negotiate.',
        'Headers of 60000 characters get through.',
        'It signs examinee in (200), and proves itself.',
      ])
      expect(diagnosis.took).toBeLessThan(3_000)
    })

    describe('names first, and alone', () => {
      const faults = [...sambaFaults(domain), ...keytabFaults(domain), ...surroundingFaults(domain)]
      test.each(key === 'CORP' ? faults : faults.filter(canBeHere))('%s', (_what, fault) =>
        expectNamed(at, administrator, fault),
      )

      test.each(urlFaults)('%s', async (_what, { serve, options, ...fault }) => {
        await using site = await serveAt(at.address, serve(at), options)
        expectCause(await at.diagnose({ url: `http://exam.${domain}:${site.port}/` }), fault)
      })

      test('a URL at which nobody listens', async () => {
        const diagnosis = await at.diagnose({ url: `http://exam.${domain}:1/` })
        expectCause(diagnosis, { cause: 'url', code: 'ECONNREFUSED', found: /^Nothing listens at exam\.\S+:1 \(/ })
      })

      test('a site that the policies of browsers do not list, or of one browser only', async () => {
        await using site = await serveAt(at.address, healthySite(at))
        const url = `http://exam.${domain}:${site.port}/`
        const browserZones = ['*.other.test', domain]
        const cause = expectCause(await at.diagnose({ url, browserZones }), {
          cause: 'browser-zone',
          status: 'warning',
          found: /^Edge and Chrome send no tickets to exam\.\S+: none of \*\.other\.test, \S+ is it\.$/,
        })
        expect(cause.hint).toContain(`AuthServerAllowlist = exam.${domain}`)
        // As the hint says.
        const mended = await at.diagnose({ url, browserZones: [...browserZones, `exam.${domain}`] })
        expect(troubleIn(mended)).toBe('')
        expect(mended.findings.find(({ check }) => check === 'browser-zone')?.found).toBe(
          `Edge, Chrome and Firefox send tickets to exam.${domain}.`,
        )
      })

      if (key === 'NEWCORP')
        test('a user who has an authentication policy, until it is taken away', async () => {
          await administrator.run('samba-tool user auth policy assign examinee --policy=short')
          try {
            const cause = expectCause(await at.diagnose(), {
              cause: 'user',
              status: 'warning',
              found: /^examinee has the authentication policy CN=short,/,
            })
            expect(cause.why).toBe('It may limit from where the user signs in, and to which services.')
          } finally {
            await administrator.run('samba-tool user auth policy remove examinee')
          }
          expect(troubleIn(await at.diagnose())).toBe('')
        })

      test('an alias of a host that is not registered', async () => {
        await using site = await serveAt(at.address, healthySite(at))
        const url = `http://portal.${domain}:${site.port}/`
        expectCause(await at.diagnose({ url }), {
          cause: 'dns-alias',
          status: 'warning',
          found: /^portal\.\S+ is an alias of canonical\.\S+, and the KDC gives no ticket for HTTP\/canonical\./,
        })
      })
    })
  })
}

/**
 * The programs of the newer Samba take seconds each: what both versions have alike is broken at the
 * older one only.
 */
function canBeHere([what, { break: broken = [] }]: FaultRow): boolean {
  return broken.length === 0 || what === 'a target that is not on the list' || what === 'a user in Protected Users'
}

// The name server of CORP has a zone for it.
await describeRealms('the doctor, at a service of EAST', ['EAST', 'CORP'], (info) => {
  const dnsServers = [realmOf(info, 'CORP').kdc.host]
  const at = new ExaminedService(info, 'EAST', 63, { dnsServers })
  const administrator = new Administrator(info, 'EAST')

  beforeAll(async () => {
    const login = `-U 'Administrator%${realmOf(info, 'CORP').administrator?.password ?? ''}'`
    const nameServer = new Administrator(info, 'CORP')
    await nameServer.run(`samba-tool dns zonecreate ${dnsServers[0]} east.test ${login}`)
    for (const name of ['web', 'gone'])
      await nameServer.run(`samba-tool dns add ${dnsServers[0]} east.test ${name} A ${at.address} ${login}`)
  })

  test('finds nothing wrong with a healthy one, in less than 3 s', async () => {
    const diagnosis = await at.diagnose()
    expect(troubleIn(diagnosis)).toBe('')
    expect(diagnosis.status).toBe('ok')
    expect(diagnosis.took).toBeLessThan(3_000)
  })

  describe('names first, and alone', () => {
    test.each(mitFaults)('%s', (_what, fault) => expectNamed(at, administrator, fault))
  })
})

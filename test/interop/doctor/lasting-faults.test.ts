import { EXIT } from '@s4u/cli'
import { beforeAll, describe, expect, test } from 'vitest'
import { describeRealms } from '../../realms/suite.js'
import { Administrator } from '../diagnosis/administrator.js'
import { ExaminedService, troubleIn } from './examined-service.js'
import { expectCause } from './expect-named.js'
import { beneathChecks, edit } from './fault.js'
import { s4u } from './s4u.js'

await describeRealms('the doctor warns, before anything fails', ['CORP'], (info) => {
  const at = new ExaminedService(info, 'CORP', 61)
  const administrator = new Administrator(info, 'CORP')
  const { kdc, domain } = at.realm

  beforeAll(async () => {
    await at.makeAccounts()
    await at.nameIt(administrator)
  })

  test('of a password that is years old; what it prints gives the account a new one', async () => {
    // 100 nanoseconds since 1601: the 15th of February 2016.
    const longAgo = edit('svc-exam', 's/^pwdLastSet: .*/pwdLastSet: 130999999990000000/')
    await administrator.run(beneathChecks(longAgo, domain))
    try {
      const cause = expectCause(await at.diagnose(), {
        cause: 'account',
        status: 'warning',
        found: /^The password of svc-exam was set on 2016-02-15\.$/,
      })
      expect(cause.hint).toContain('s4u keytab rotate')
      const kdcOptions = ['--kdc', `${kdc.host}:${kdc.port}`, '--krb5-config', info.krb5Config]
      const rotated = await s4u(['keytab', 'rotate', ...kdcOptions, at.keytab])
      expect(rotated).toMatchObject({ code: EXIT.OK, err: '' })
      expect(troubleIn(await at.diagnose())).toBe('')
    } finally {
      await at.makeAccounts()
    }
  })

  describe('of an address that leads back', () => {
    const [last, ...others] = at.address.split('.').reverse()
    const zone = `${others.join('.')}.in-addr.arpa`
    const login = `-U 'Administrator%${at.realm.administrator?.password ?? ''}'`
    const dns = (words: string) => administrator.run(`samba-tool dns ${words} ${login}`)
    const url = `http://exam.${domain}:1/`
    const reverse = async () =>
      (await at.diagnose({ url })).findings
        .filter(({ check }) => check === 'dns-reverse')
        .map(({ status, found, hint }) => ({ status, found, hint }))

    test('to another name, until the record says the right one', async () => {
      expect(await reverse()).toMatchObject([
        { status: 'ok', found: `${at.address} has no name in reverse, so no client follows it.` },
      ])
      await dns(`zonecreate ${kdc.host} ${zone}`)
      try {
        await dns(`add ${kdc.host} ${zone} ${last} PTR old.${domain}`)
        const [warned] = await reverse()
        expect(warned).toEqual({
          status: 'warning',
          found: `${at.address} leads back to old.${domain}, and not to exam.${domain}.`,
          hint: `Set the PTR record of ${at.address} to exam.${domain}, or rdns = false in the clients' krb5.conf.`,
        })
        // As the hint says.
        await dns(`delete ${kdc.host} ${zone} ${last} PTR old.${domain}`)
        await dns(`add ${kdc.host} ${zone} ${last} PTR exam.${domain}`)
        expect(await reverse()).toMatchObject([{ status: 'ok', found: `${at.address} leads back to exam.${domain}.` }])
      } finally {
        await dns(`zonedelete ${kdc.host} ${zone}`)
      }
    })
  })
})

import { EXIT } from '@s4u/cli'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../../realms/suite.js'
import { Administrator } from '../diagnosis/administrator.js'
import { ExaminedService, serveAt } from './examined-service.js'
import { s4u } from './s4u.js'

await describeRealms('s4u doctor', ['CORP'], (info) => {
  const at = new ExaminedService(info, 'CORP', 61)
  const administrator = new Administrator(info, 'CORP')
  const { kdc, ldap = kdc, administrator: admin } = at.realm
  const web = at.spn
  const words = [
    'doctor',
    ...['--keytab', at.keytab, '--service', web, '--as', 'examinee', '--to', at.target],
    ...['--kdc', `${kdc.host}:${kdc.port}`, '--krb5-config', info.krb5Config],
    ...['--directory', 'dc1.corp.test', '--directory-address', ldap.host],
  ]
  const asAdministrator = [...words, '--admin', admin?.principal ?? '']
  const password = admin?.password ?? ''

  beforeAll(async () => {
    await at.makeAccounts()
    await at.nameIt(administrator)
  })

  test('prints each check, and ends with 0 where nothing failed', async () => {
    const { code, out } = await s4u([...words, '--dns', kdc.host])
    expect(out).toMatch(/^ok +sign-in +svc-exam@CORP\.TEST signs in with its key/m)
    expect(out).toMatch(/^\d+ ok, 0 warnings, 0 failed, in \d+ ms$/m)
    expect(code).toBe(EXIT.OK)
  })

  test('names what failed, why and with which command, ends with 1, and writes the plan', async () => {
    const plan = join(at.folder, 'plan.sh')
    await administrator.run(`samba-tool spn delete ${web} svc-exam`)
    try {
      const { code, out } = await s4u([...words, '--dns', kdc.host, '--plan', plan, '--for', 'samba'])
      expect(code).toBe(EXIT.REFUSED)
      expect(out).toMatch(/^FAILED +spn-owner +HTTP\/exam\.corp\.test is not registered/m)
      expect(out).toContain(`Samba: samba-tool spn add ${web} svc-exam`)
      expect(out).not.toContain('setspn')
      expect(out).toMatch(/^Mend first: spn-owner\./m)
      expect(readFileSync(plan, 'utf8')).toContain(`\nsamba-tool spn add ${web} svc-exam\n`)
    } finally {
      await administrator.run(`samba-tool spn add ${web} svc-exam`)
    }
  })

  test('asks whether browsers and stores are reached, where it is told of them', async () => {
    await using store = await serveAt(at.address, (_request, response) => void response.end())
    const more = ['--url', `http://exam.corp.test:${store.port}/`, '--zone', 'other.test', '--dns', kdc.host]
    const { out } = await s4u([
      ...words,
      ...more,
      '--store',
      `${at.address}:${store.port}`,
      '--store',
      `${at.address}:1`,
    ])
    expect(out).toMatch(/^warning +browser-zone +Edge, Chrome and Firefox send no tickets to exam\.corp\.test/m)
    expect(out).toContain('AuthServerAllowlist = exam.corp.test')
    expect(out).toMatch(/^ok +stores +The \S+ store answers in \d+ ms\.$/m)
    expect(out).toMatch(/^FAILED +stores +The \S+:1 store does not answer: connect ECONNREFUSED/m)
    expect(await s4u([...words, '--store', 'redis'])).toMatchObject({ code: EXIT.USAGE })
  })

  test('prints one document with --json', async () => {
    const { out } = await s4u([...words, '--dns', kdc.host, '--json'])
    expect(JSON.parse(out)).toMatchObject({
      status: 'ok',
      findings: expect.arrayContaining([expect.objectContaining({ check: 's4u2proxy', status: 'ok' })]),
    })
  })

  test('makes the changes that it shows, one question at a time, and looks again', async () => {
    for (const command of [
      `samba-tool spn delete ${web} svc-exam`,
      `samba-tool delegation del-service svc-exam ${at.target}`,
      'samba-tool user sensitive examinee on',
    ])
      await administrator.run(command)
    const { code, out, err } = await s4u([...asAdministrator, '--dns', kdc.host, '--fix'], [password, 'y', 'yes', 'Y'])
    expect(err).toContain(`add: servicePrincipalName\n  servicePrincipalName: ${web}`)
    expect(err).toContain('msDS-AllowedToDelegateTo')
    expect(err).toContain('userAccountControl')
    expect(out).toMatch(/0 warnings, 0 failed/)
    expect(code).toBe(EXIT.OK)
  })

  test('lifts no protection of a user with --yes, and says so', async () => {
    await administrator.run('samba-tool user sensitive examinee on')
    try {
      const { code, out, err } = await s4u([...asAdministrator, '--dns', kdc.host, '--fix', '--yes'], [password])
      expect(err).toContain('Careful: The directory wants it so for this user')
      expect(err).toContain('Not made by --yes')
      expect(out).toMatch(/^FAILED +user +examinee is marked "sensitive and cannot be delegated"\.$/m)
      expect(code).toBe(EXIT.REFUSED)
    } finally {
      await administrator.run('samba-tool user sensitive examinee off')
    }
  })

  test('writes a plan for a named directory only, and over no file', async () => {
    expect(await s4u([...words, '--plan', join(at.folder, 'other.sh')])).toMatchObject({ code: EXIT.USAGE })
    const over = await s4u([...words, '--plan', at.keytab, '--for', 'samba'])
    expect(over).toMatchObject({ code: EXIT.USAGE, err: expect.stringContaining('cannot be made') })
  })

  test('changes nothing where the answer is no', async () => {
    await administrator.run('samba-tool user disable svc-exam')
    try {
      const { code, out, err } = await s4u([...asAdministrator, '--dns', kdc.host, '--fix'], [password, ''])
      expect(err).toContain('svc-exam is disabled.')
      expect(out).toMatch(/^FAILED +sign-in +svc-exam is disabled\.$/m)
      expect(code).toBe(EXIT.REFUSED)
      const mended = await s4u([...asAdministrator, '--dns', kdc.host, '--fix', '--yes'], [password])
      expect(mended.code).toBe(EXIT.OK)
    } finally {
      await administrator.run('samba-tool user enable svc-exam')
    }
  })

  test('--fix without an administrator is told, and --admin with a wrong password too', async () => {
    expect(await s4u([...words, '--fix'])).toMatchObject({ code: EXIT.USAGE })
    const { out, err, code } = await s4u([...asAdministrator, '--dns', kdc.host], ['wrong'])
    expect(`${out}${err}`).toMatch(/KDC_ERR_PREAUTH_FAILED/)
    expect(code).toBe(EXIT.OK)
  })
})

import { EXIT } from '@s4u/cli'
import { diagnose, type DiagnoseOptions, type Finding } from '@s4u/doctor'
import { Keytab } from '@s4u/krb5'
import type { NtlmOptions } from '@s4u/ntlm'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { s4u } from '../doctor/s4u.js'
import { joinMachine } from './ntlm-domain.js'

const RC4_HMAC = 23
const PASSWORD = 'Pa55word-of-NTLM09'
const HOST = 'dc1.corp.test'

/** What `diagnose` says of NTLM; each finding is mended as its hint says. */
await describeRealms('the doctor, at a service that accepts NTLM', ['CORP'], (info) => {
  const realm = realmOf(info, 'CORP')
  const kdc = `${realm.kdc.host}:${realm.kdc.port}`
  const controllers = { host: HOST, address: realm.kdc.host }
  let ntlm: NtlmOptions
  let withRc4: Keytab

  beforeAll(async () => {
    const { options } = await joinMachine(realm, 'NTLM09', PASSWORD)
    const path = join(realm.machine.directory, 'ntlm09.keytab')
    await sambaTool(realm, 'domain', 'exportkeytab', path, '--principal=NTLM09$')
    withRc4 = Keytab.decode(new Uint8Array(await readFile(path)), path)
    await rm(path)
    ntlm = { ...options, controllers, kdc, account: { name: 'NTLM09$', keytab: withRc4 } }
  }, 180_000)

  const findings = async (changes: Partial<NtlmOptions>, more: Partial<DiagnoseOptions> = {}) => {
    const { web } = realm.services
    const options = { keytab: web.keytab, kdc, krb5Config: info.krb5Config, service: web.spn, timeLimit: 30_000 }
    const diagnosis = await diagnose({ ...options, ntlm: { ...ntlm, ...changes }, ...more })
    return diagnosis.findings.filter(({ check }) => check.startsWith('ntlm-'))
  }
  const said = (found: readonly Finding[]) => found.map(({ check, status, found }) => [check, status, found])
  const HEALTHY = [
    ['ntlm-channel', 'ok', `${HOST} takes NTLM09$ with its NT hash.`],
    ['ntlm-accepted', 'ok', `${HOST} judges responses.`],
  ]

  test('finds nothing wrong with a healthy one; an older controller is in order', async () => {
    expect(said(await findings({}))).toEqual(HEALTHY)
  }, 60_000)

  test('looks at no NTLM where the service accepts none', async () => {
    expect(await findings({}, { ntlm: undefined })).toEqual([])
  }, 60_000)

  test('keys of AES alone at a controller that takes no ticket, until the keytab has the other', async () => {
    const keytab = new Keytab(withRc4.entries.filter(({ key: { etype } }) => etype !== RC4_HMAC))
    const [channel, accepted] = await findings({ account: { name: 'NTLM09$', keytab } })
    expect(channel).toMatchObject({
      ...{ check: 'ntlm-channel', status: 'failed', subject: HOST, code: 'KRB_AP_ERR_NOKEY' },
      found: `The keytab has no key of rc4-hmac for NTLM09$, and ${HOST} takes no ticket for the secure channel.`,
      hint: expect.stringContaining('with its key of rc4-hmac too, or give account.password'),
    })
    expect(accepted).toMatchObject({ check: 'ntlm-accepted', status: 'skipped', because: 'ntlm-channel' })
    expect(said(await findings({ account: { name: 'NTLM09$', keytab: withRc4 } }))).toEqual(HEALTHY)
    expect(said(await findings({ account: { name: 'NTLM09$', password: PASSWORD } }))).toEqual(HEALTHY)
  }, 60_000)

  test('a wrong password of the machine account, until it is the right one', async () => {
    const [channel] = await findings({ account: { name: 'NTLM09$', password: 'wrong' } })
    expect(channel).toMatchObject({ check: 'ntlm-channel', status: 'failed', code: 'STATUS_ACCESS_DENIED' })
    expect(said(await findings({ account: { name: 'NTLM09$', password: PASSWORD } }))).toEqual(HEALTHY)
  }, 60_000)

  test('a machine account that does not exist', async () => {
    const [channel] = await findings({ account: { name: 'NOSUCH$', password: PASSWORD } })
    expect(channel).toMatchObject({ check: 'ntlm-channel', status: 'failed', code: 'STATUS_NO_TRUST_SAM_ACCOUNT' })
  }, 60_000)

  test('a name that is not that of the domain, until it is', async () => {
    const [channel] = await findings({ domain: 'CORPO' })
    expect(channel).toMatchObject({
      ...{ check: 'ntlm-channel', status: 'failed', code: 'RPC_BIND_REFUSED' },
      hint: 'Let domain be the NetBIOS name of the domain, as in CORP\\alice.',
    })
    expect(said(await findings({ domain: 'CORP' }))).toEqual(HEALTHY)
  }, 60_000)

  test('a controller at which nothing listens, beside one that is well', async () => {
    const nowhere = { host: 'dc9.corp.test', address: `${info.block}.99` }
    const found = await findings({ controllers: [controllers, nowhere] })
    expect(found.filter(({ check }) => check === 'ntlm-channel')).toMatchObject([
      { status: 'ok', subject: HOST },
      { status: 'failed', subject: 'dc9.corp.test', code: 'ECONNREFUSED' },
    ])
  }, 60_000)

  test('a KDC that is not reached, where the controller takes the NT hash', async () => {
    const [, ticket] = await findings({ kdc: `${realm.kdc.host}:9`, timeLimit: 20_000 })
    expect(ticket).toMatchObject({ check: 'ntlm-ticket', status: 'warning', subject: HOST })
    expect(said(await findings({ kdc }))).toEqual(HEALTHY)
  }, 60_000)

  describe('on the command line', () => {
    const { ldap = realm.kdc } = realm
    const { web } = realm.services
    const service = [...['--keytab', web.keytab, '--service', web.spn, '--kdc', kdc], '--krb5-config', info.krb5Config]
    const asked = ['--directory', HOST, '--directory-address', ldap.host]
    const words = (...more: readonly string[]) => ['doctor', ...service, ...asked, ...more]
    const named = (sid = ntlm.domainSid) => [
      ...['--ntlm', 'NTLM09$', '--ntlm-domain', 'CORP', '--ntlm-domain-sid', sid],
      ...['--ntlm-controller', `${HOST}=${realm.kdc.host}`],
    ]
    const linesOf = (out: string) => out.split('\n').filter((line) => /^\S+ +ntlm-/.test(line))

    test('the password of the machine account is asked for, and all is well', async () => {
      const { out, err } = await s4u(words(...named()), [PASSWORD])
      expect(linesOf(out)).toEqual([
        expect.stringMatching(/^ok +ntlm-channel +dc1\.corp\.test takes NTLM09\$ with its NT hash\.$/),
        expect.stringMatching(/^ok +ntlm-accepted +dc1\.corp\.test judges responses\.$/),
        expect.stringMatching(/^ok +ntlm-domain +S-1-5-21-\S+ is the SID of the domain\.$/),
      ])
      expect(out + err).not.toContain(PASSWORD)
    }, 60_000)

    test('a SID that is not that of the domain is told, until it is written as the hint says', async () => {
      const { code, out } = await s4u(words(...named('S-1-5-21-1-2-3')), [PASSWORD])
      expect([code, out]).toEqual([EXIT.REFUSED, expect.stringMatching(/^FAILED +ntlm-domain +S-1-5-21-1-2-3 is not/m)])
      const [, hinted] = /ntlm\(\{ domainSid: '([^']+)' \}\)/.exec(out.replaceAll(/\s+/g, ' ')) ?? []
      expect(hinted).toBe(ntlm.domainSid)
      expect((await s4u(words(...named(hinted)), [PASSWORD])).out).toMatch(/^ok +ntlm-domain /m)
    }, 60_000)

    test('a keytab serves in place of the password, and the URL is compared with the hosts', async () => {
      const file = join(realm.machine.directory, 'ntlm09-command.keytab')
      await writeFile(file, withRc4.encode())
      const url = ['--url', 'http://shop.corp.test:1/', '--ntlm-keytab', file]
      expect((await s4u(words(...named(), ...url))).out).toMatch(/^FAILED +ntlm-target +HTTP\/shop\.corp\.test/m)
      const right = await s4u(words(...named(), ...url, '--ntlm-host', 'shop.corp.test'))
      expect(right.out).toMatch(/^ok +ntlm-target /m)
      expect(right.out).toMatch(/^ok +ntlm-channel /m)
      await rm(file)
    }, 60_000)

    test.each<[string, readonly string[]]>([
      ['--ntlm-domain goes with --ntlm', ['--ntlm-domain', 'CORP']],
      ['--ntlm goes with --ntlm-controller', ['--ntlm', 'NTLM09$', '--ntlm-domain', 'CORP']],
      ['--ntlm goes with --ntlm-domain', ['--ntlm', 'NTLM09$', '--ntlm-controller', HOST]],
    ])('what is left out is told: %s', async (message, args) => {
      const { code, err } = await s4u(words(...args))
      expect([code, err]).toEqual([EXIT.USAGE, expect.stringContaining(message)])
    })
  })

  test('a URL whose host is no name of the machine, until it is named', async () => {
    const url = 'http://shop.corp.test:1/'
    const target = (found: readonly Finding[]) => found.find(({ check }) => check === 'ntlm-target')
    expect(target(await findings({}, { url }))).toMatchObject({
      ...{ status: 'failed', code: 'KRB_AP_ERR_NOT_US' },
      hint: "Name it: ntlm({ hosts: ['shop.corp.test'] }).",
    })
    expect(target(await findings({ hosts: ['shop.corp.test'] }, { url }))).toMatchObject({
      ...{ status: 'ok', found: 'HTTP/shop.corp.test is a name of this service.' },
    })
  }, 60_000)
})

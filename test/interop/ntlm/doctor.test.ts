import { diagnose, type DiagnoseOptions, type Finding } from '@s4u/doctor'
import { Keytab } from '@s4u/krb5'
import type { NtlmOptions } from '@s4u/ntlm'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
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

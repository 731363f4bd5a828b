import { Keytab } from '@s4u/krb5'
import { type NtlmOptions, surveyControllers } from '@s4u/ntlm'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { realmOf, run, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { joinMachine } from './ntlm-domain.js'
import { startNtlmServer } from './ntlm-server.js'

const RC4_HMAC = 23
const PASSWORD = 'Pa55word-of-NTLM06'

/** A machine account whose keytab has no NT hash. */
for (const [key, host] of [
  ['NEWCORP', 'dc3.newcorp.test'],
  ['CORP', 'dc1.corp.test'],
] as const) {
  await describeRealms(`the secure channel to ${key} with keys of AES alone`, [key], (info) => {
    const realm = realmOf(info, key)
    const controllers = { host, address: realm.kdc.host }
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    let options: NtlmOptions
    let withRc4: Keytab
    let aesOnly: Keytab

    beforeAll(async () => {
      const joined = await joinMachine(realm, 'NTLM06', PASSWORD)
      const path = join(realm.machine.directory, 'ntlm06.keytab')
      await sambaTool(realm, 'domain', 'exportkeytab', path, '--principal=NTLM06$')
      withRc4 = Keytab.decode(new Uint8Array(await readFile(path)), path)
      await rm(path)
      aesOnly = new Keytab(withRc4.entries.filter(({ key: { etype } }) => etype !== RC4_HMAC))
      options = { ...joined.options, controllers, kdc, account: { name: 'NTLM06$', keytab: aesOnly } }
    }, 180_000)
    const whoIs = async (given: NtlmOptions): Promise<string> => {
      await using server = await startNtlmServer(given)
      const { stdout } = await run('curl', ['-sS', '--ntlm', '-u', 'alice:pw-alice', server.url])
      if (server.refusals.length > 0) throw server.refusals[0]
      return stdout
    }

    if (key === 'NEWCORP') {
      test('a controller that takes a ticket gives verdicts', async () => {
        await using server = await startNtlmServer(options)
        await server.acceptor.ready()
        const curl = (user: string) => run('curl', ['-sS', '--ntlm', '-u', user, server.url])
        const { stdout } = await curl('alice:pw-alice')
        expect(JSON.parse(stdout)).toMatchObject({ user: 'alice', dnsDomain: realm.domain, withheld: [] })
        await curl('alice:wrong')
        expect(server.refusals).toMatchObject([{ code: 'STATUS_LOGON_FAILURE', status: 401 }])
      }, 60_000)

      test('the ticket is preferred where there is an NT hash too, and a password serves as well', async () => {
        const password = { name: 'NTLM06$', password: PASSWORD }
        for (const account of [{ name: 'NTLM06$', keytab: withRc4 }, password])
          expect(await surveyControllers({ ...options, account })).toEqual([
            { host, form: 'kerberos', ticketRefusal: undefined, error: undefined },
          ])
      }, 60_000)

      test('with an address for a name there is no ticket, and the hint says how to write it', async () => {
        const { address } = controllers
        await expect(whoIs({ ...options, controllers: address })).rejects.toMatchObject({
          name: 'MissingKeyError',
          code: 'KRB_AP_ERR_NOKEY',
          hint: expect.stringContaining(`{ host: 'dc1.corp.test', address: '${address}' }`),
        })
        expect(await whoIs({ ...options, controllers: { host, address } })).toContain('"user":"alice"')
      }, 60_000)

      test('a KDC that cannot be reached leaves the other form, and is told where that is none', async () => {
        const nowhere = { ...options, kdc: `${realm.kdc.host}:9`, timeLimit: 20_000 }
        const [surveyed] = await surveyControllers({ ...nowhere, account: { name: 'NTLM06$', keytab: withRc4 } })
        expect(surveyed).toMatchObject({ form: 'aes', ticketRefusal: { name: 'NetlogonUnreachableError' } })
        await expect(whoIs(nowhere)).rejects.toMatchObject({
          name: 'NetlogonUnreachableError',
          message: expect.stringContaining(`the machine account got no ticket for host/${host}`),
        })
      }, 60_000)

      test('instances that sign in in the two forms do not end each other', async () => {
        await using first = await startNtlmServer(options)
        await using second = await startNtlmServer({
          ...options,
          controllers: controllers.address,
          account: { name: 'NTLM06$', keytab: withRc4 },
        })
        for (const one of [first, second, first, second, first]) {
          await one.acceptor.ready()
          const { stdout } = await run('curl', ['-sS', '--ntlm', '-u', 'bob:pw-bob', one.url])
          expect([stdout, one.refusals]).toEqual([expect.stringContaining('"user":"bob"'), []])
        }
      }, 60_000)

      test('a changed password of the machine account is asked for again', async () => {
        const passwords = ['Pa55word-of-before', PASSWORD]
        const account = { name: 'NTLM06$', password: () => passwords.shift() ?? PASSWORD }
        expect(await whoIs({ ...options, account })).toContain('"user":"alice"')
      }, 60_000)
    }

    if (key === 'CORP')
      test('a controller that takes no ticket is refused, and what the hint says serves', async () => {
        const [surveyed] = await surveyControllers(options)
        expect(surveyed).toMatchObject({ host, form: undefined })
        expect(surveyed?.error).toMatchObject({
          name: 'MissingKeyError',
          code: 'KRB_AP_ERR_NOKEY',
          message: `the keytab has no key of rc4-hmac for NTLM06$, and ${host} takes no ticket for the secure channel`,
          hint: 'Export the keytab of the machine account with its key of rc4-hmac too, or give account.password in its place. Keys of AES alone serve where the controller is Windows Server 2025, or Samba 4.22 with the setting: server support krb5 netlogon = yes.',
        })
        const accounts = [
          { name: 'NTLM06$', keytab: withRc4 },
          { name: 'NTLM06$', password: PASSWORD },
        ]
        for (const account of accounts) {
          const [other] = await surveyControllers({ ...options, account })
          expect(other).toMatchObject({ form: 'aes', error: undefined, ticketRefusal: { code: 'RPC_FAULT' } })
          expect(await whoIs({ ...options, account })).toContain('"user":"alice"')
        }
      }, 60_000)
  })
}

import { type NtlmOptions, surveyControllers } from '@s4u/ntlm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { negotiateOf } from '../../../packages/ntlm/src/fixtures/ntlm-client.js'
import { realmOf, run } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { joinMachine } from './ntlm-domain.js'
import { startNtlmServer } from './ntlm-server.js'
import { SambaNtlmAuth } from './samba-ntlm-auth.js'
import { type SecondController, startSecondController } from './second-controller.js'

const PASSWORD = 'Pa55word-of-NTLM14'

/** What hardened domains demand; the names are those of smb.conf. */
const HARDENED = {
  'ntlm auth': 'ntlmv2-only',
  'server schannel': 'yes',
  'server schannel require seal': 'yes',
  'reject md5 clients': 'yes',
  'server reject md5 schannel': 'yes',
  'allow nt4 crypto': 'no',
}

for (const [key, host] of [
  ['CORP', 'dc1.corp.test'],
  ['NEWCORP', 'dc3.newcorp.test'],
] as const) {
  await describeRealms(`NTLM in a hardened domain, ${key}`, [key, 'file-server'], (info) => {
    const realm = realmOf(info, key)
    let second: SecondController
    let options: NtlmOptions

    beforeAll(async () => {
      const joined = await joinMachine(realm, 'NTLM14', PASSWORD)
      second = await startSecondController(realm, `${info.block}.51`)
      options = { ...joined.options, controllers: second.address, kdc: `${realm.kdc.host}:${realm.kdc.port}` }
    }, 240_000)
    afterAll(() => second?.[Symbol.asyncDispose]())

    /** Starts the controller again, and waits until it signs the machine in, or says why not. */
    async function harden(settings: Readonly<Record<string, string>>, wanted: NtlmOptions = options) {
      await second.kill()
      await second.start(settings)
      const deadline = Date.now() + 60_000
      for (;;) {
        const [surveyed] = await surveyControllers(wanted)
        if (surveyed?.error?.name !== 'NetlogonUnreachableError' || Date.now() > deadline) return surveyed
      }
    }

    test('verdicts come over the sealed channel with AES', async () => {
      expect(await harden(HARDENED)).toMatchObject({ form: 'aes', error: undefined })
      await using server = await startNtlmServer(options)
      const { stdout } = await run('curl', ['-sS', '--ntlm', '-u', 'alice:pw-alice', server.url])
      expect(JSON.parse(stdout)).toMatchObject({ user: 'alice', dnsDomain: realm.domain })
    }, 120_000)

    test('NTLM of version 1 of a real client is refused before the controller is asked', async () => {
      await using server = await startNtlmServer(options)
      const v1 = ['--option=client ntlmv2 auth=no', '--option=client lanman auth=yes', '--username=alice']
      using client = new SambaNtlmAuth('ntlmssp-client-1', [...v1, '--domain=X', '--password=pw-alice'])
      await client.say('YR')
      const connection = {}
      const [, answer = ''] = await client.say('TT', server.acceptor.challenge(negotiateOf(), connection))
      expect(() => server.acceptor.open(new Uint8Array(Buffer.from(answer, 'base64')), connection)).toThrow(/version 1/)
    }, 120_000)

    if (key === 'NEWCORP')
      test('where channels with an NT hash are rejected, a ticket serves, and without one that is told', async () => {
        const named = { ...options, controllers: { host, address: second.address } }
        const settings = { ...HARDENED, 'server reject aes schannel': 'yes' }
        expect(await harden(settings, named)).toMatchObject({ form: 'kerberos', error: undefined })
        await using server = await startNtlmServer(named)
        const { stdout } = await run('curl', ['-sS', '--ntlm', '-u', 'alice:pw-alice', server.url])
        expect(stdout).toContain('"user":"alice"')
        const [byAddress] = await surveyControllers(options)
        expect(byAddress).toMatchObject({ form: undefined, error: { name: 'MissingKeyError' } })
      }, 120_000)
  })
}

import { Mechanism } from '@s4u/gssapi'
import type { NegotiatorOptions } from '@s4u/negotiate'
import { ntlm } from '@s4u/sign-in'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, request as send } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { authenticateTo, negotiateOf, type NtlmClientOptions } from '../../../packages/ntlm/src/fixtures/ntlm-client.js'
import {
  answerIn,
  clientMic,
  firstToken,
  laterToken,
  serverMic,
} from '../../../packages/ntlm/src/fixtures/spnego-client.js'
import { ntHashOf } from '../../../packages/ntlm/src/response/ntlmv2-keys.js'
import { realmOf, run } from '../../realms/clients.js'
import { unpackPackages } from '../../realms/debian/kept-folder.js'
import { downloadPackages } from '../../realms/debian/packages.js'
import { describeRealms } from '../../realms/suite.js'
import { joinMachine, type NtlmDomain } from './ntlm-domain.js'
import { type RealSite, startRealSite } from './real-site.js'
import { SambaNtlmAuth } from './samba-ntlm-auth.js'

const { KRB5, NEGOEX, NTLM } = Mechanism
const HOST = 'ntlm06.test'
const NOTHING = new Uint8Array(0)

/** Clients of other makers, and one of ours that lies, at a site with a real domain controller. */
for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`clients with NTLM, judged by ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    let domain: NtlmDomain
    let site: RealSite
    let ntHash: Uint8Array
    let folder: string
    const sites: RealSite[] = []

    async function start(
      source: Partial<Parameters<typeof ntlm>[0]> = {},
      tls?: string,
      options: Partial<NegotiatorOptions> = {},
    ): Promise<RealSite> {
      const ofSource = { ...domain.options, hosts: [HOST, '127.0.0.1'], requireTls: tls !== undefined, ...source }
      const made = await startRealSite(realm, { ntlm: ntlm(ofSource), ...options }, tls)
      sites.push(made)
      return made
    }

    beforeAll(async () => {
      domain = await joinMachine(realm, 'NTLM06', 'Pa55word-of-NTLM06')
      site = await start()
      ntHash = await ntHashOf('pw-alice')
      folder = await mkdtemp(join(tmpdir(), 's4u-ntlm-clients-'))
    }, 240_000)
    afterAll(async () => {
      for (const one of sites) await one[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    })

    /** Sends tokens over one connection. */
    function connection({ port }: RealSite = site) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      return async (scheme: 'NTLM' | 'Negotiate', token: Uint8Array) => {
        const authorization = `${scheme} ${Buffer.from(token).toString('base64')}`
        const asked = send({ host: '127.0.0.1', port, agent, headers: { authorization } })
        asked.end()
        const [response] = await once(asked, 'response')
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        const offers = String(response.headers['www-authenticate'] ?? '')
        const challenge = new RegExp(`${scheme} ([A-Za-z0-9+/=]+)`).exec(offers)?.[1] ?? ''
        const reply = new Uint8Array(Buffer.from(challenge, 'base64'))
        return { status: Number(response.statusCode), reply, body: Buffer.concat(chunks).toString() }
      }
    }

    const options = (more: Partial<NtlmClientOptions> = {}): NtlmClientOptions => ({
      ...{ ntHash, domain: domain.options.domain },
      ...more,
    })

    describe('inside of SPNEGO', () => {
      /** Comes up to the last message, whose MIC of the list may be a wrong one. */
      async function comeWith(mechanisms: readonly string[], mic: (list: Uint8Array) => Uint8Array | undefined) {
        const say = connection()
        const { token, list } = firstToken(mechanisms[0] === NTLM ? negotiateOf() : undefined, mechanisms)
        let { reply } = await say('Negotiate', token)
        if (mechanisms[0] !== NTLM) ({ reply } = await say('Negotiate', laterToken(negotiateOf())))
        const answer = authenticateTo(negotiateOf(), answerIn(reply).responseToken ?? NOTHING, options())
        site.refused.length = 0
        return { say, list, last: await say('Negotiate', laterToken(answer, mic(list))) }
      }

      test.each([[[NTLM]], [[NEGOEX, NTLM]]])('a list %j is confirmed by both sides', async (mechanisms) => {
        const { last, list } = await comeWith(mechanisms, clientMic)
        expect([last.status, last.body]).toEqual([200, expect.stringContaining(`"alice@${realm.name}","how":"ntlm"`)])
        expect(answerIn(last.reply)).toMatchObject({ negState: 'accept-completed', mechListMic: serverMic(list) })
      })

      test('a client that confirms later is let in when it has', async () => {
        const { say, last, list } = await comeWith([NTLM], () => undefined)
        expect(last.status).toBe(401)
        expect(answerIn(last.reply)).toMatchObject({ negState: 'accept-incomplete', mechListMic: serverMic(list) })
        expect((await say('Negotiate', laterToken(undefined, clientMic(list)))).status).toBe(200)
      })

      test('a client whose list has lost Kerberos on the way is refused', async () => {
        const { list: sent } = firstToken(undefined, [KRB5, NTLM])
        const { last } = await comeWith([NTLM], () => clientMic(sent))
        expect(last.status).toBe(401)
        expect(site.refused).toMatchObject([
          { code: 'GSS_S_BAD_SIG', message: expect.stringContaining('its mechListMIC is wrong') },
        ])
      })

      test('a client that never confirms is refused', async () => {
        const { say } = await comeWith([NTLM], () => undefined)
        expect((await say('Negotiate', laterToken(undefined, new Uint8Array(16)))).status).toBe(401)
        expect(site.refused).toMatchObject([{ code: 'GSS_S_BAD_SIG' }])
      })
    })

    describe('two users over one connection', () => {
      test('each is judged by what came with the request, and no request without one is let in', async () => {
        const say = connection()
        const { reply: first } = await say('NTLM', negotiateOf())
        const alice = authenticateTo(negotiateOf(), first, options())
        // The other user begins before alice has answered.
        const { reply: second } = await say('NTLM', negotiateOf())
        expect((await say('NTLM', alice)).status).toBe(401)
        const { reply: third } = await say('NTLM', negotiateOf())
        expect(second).not.toEqual(third)
        const { status } = await say('NTLM', authenticateTo(negotiateOf(), third, options()))
        expect(status).toBe(200)
        const bob = await say('Negotiate', NOTHING)
        expect(bob.status).not.toBe(200)
      })
    })

    describe('ntlm_auth of Samba', () => {
      const named = () => [`--domain=${domain.options.domain}`, '--username=alice', '--password=pw-alice']
      const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))

      test.each(['NTLM', 'Negotiate'] as const)('is let in by %s', async (scheme) => {
        using client = new SambaNtlmAuth('ntlmssp-client-1', named())
        const say = connection()
        const [, first] = await client.say('YR')
        const { reply } = await say(scheme, octets(first))
        const [, last] = await client.say('TT', reply)
        const { status, body } = await say(scheme, octets(last))
        expect([status, body]).toEqual([200, expect.stringContaining(`"alice@${realm.name}"`)])
      })

      test('takes as a server what the client of these tests sends', async () => {
        using server = new SambaNtlmAuth('squid-2.5-ntlmssp', ['--password=pw-alice'])
        const [word, challenge] = await server.say('YR', negotiateOf())
        expect(word).toBe('TT')
        expect((await server.say('KK', authenticateTo(negotiateOf(), octets(challenge), options())))[0]).toBe('AF')
        const [, again] = await server.say('YR', negotiateOf())
        const wrong = options({ ntHash: new Uint8Array(16) })
        expect((await server.say('KK', authenticateTo(negotiateOf(), octets(again), wrong)))[0]).toBe('NA')
      })
    })

    describe('GSS-API of MIT with an NTLM mechanism', () => {
      /** It stays out of the system, where other suites would come with NTLM too. */
      async function curl(...args: readonly string[]) {
        const packages = join(folder, 'packages')
        const tree = join(folder, 'gss')
        await writeFile(join(folder, 'users'), `${domain.options.domain}:alice:pw-alice\n`)
        if ((await run('test', ['-d', tree])).status !== 0) {
          await run('mkdir', [packages, tree])
          await downloadPackages(['gss-ntlmssp'], packages)
          await unpackPackages(packages, tree)
          const { stdout } = await run('find', [tree, '-name', 'gssntlmssp.so'])
          await writeFile(join(folder, 'mech'), `gssntlmssp_v1 ${NTLM} ${stdout.trim()}\n`)
        }
        const environment = {
          GSS_MECH_CONFIG: join(folder, 'mech'),
          NTLM_USER_FILE: join(folder, 'users'),
          KRB5CCNAME: `FILE:${join(folder, 'no-tickets')}`,
        }
        return run('curl', ['-sS', '-i', '--negotiate', '-u', ':', ...args], { environment })
      }

      test('curl --negotiate without a ticket is let in, its list confirmed', async () => {
        const { stdout } = await curl('--resolve', `${HOST}:${site.port}:127.0.0.1`, `http://${HOST}:${site.port}/`)
        expect(stdout).toContain(`"alice@${realm.name}","how":"ntlm"`)
        const token = [...stdout.matchAll(/www-authenticate: Negotiate (\S+)/gi)].at(-1)?.[1] ?? ''
        expect(answerIn(new Uint8Array(Buffer.from(token, 'base64')))).toMatchObject({ negState: 'accept-completed' })
      }, 120_000)

      test('a service name that is not ours is refused: the response was made for another', async () => {
        const other = await start({ hosts: [] })
        const { stdout } = await curl(
          '--resolve',
          `evil.test:${other.port}:127.0.0.1`,
          `http://evil.test:${other.port}/`,
        )
        expect(stdout).not.toContain('"alice@')
        expect(other.refused).toMatchObject([{ code: 'KRB_AP_ERR_NOT_US' }])
      }, 120_000)
    })
  })
}

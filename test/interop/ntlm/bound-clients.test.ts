/** Clients of other makers, which bind their responses to the TLS connection; a typed password. */

import type { Authenticated } from '@s4u/negotiate'
import { ntlm } from '@s4u/sign-in'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf, runOk } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { beside } from '../sign-on/clients.js'
import { joinMachine, type NtlmDomain } from './ntlm-domain.js'
import { type RealSite, startRealSite } from './real-site.js'
import { startTlsRelay } from './tls-relay.js'

const HOST = 'ntlm11.test'
/** OpenSSL 3 has MD4 in its legacy provider alone, and `requests_ntlm` takes it from there. */
const LEGACY = [
  'openssl_conf = openssl_init\n[openssl_init]\nproviders = providers\n[providers]\ndefault = active',
  'legacy = active\n[active]\nactivate = 1\n',
].join('\n')

await describeRealms('a typed password', ['CORP', 'chromium', 'requests-ntlm'], (info) => {
  const realm = realmOf(info, 'CORP')
  let domain: NtlmDomain
  let folder: string
  let browser: Browser
  const started: AsyncDisposable[] = []
  const by: Authenticated['by'][] = []

  beforeAll(async () => {
    domain = await joinMachine(realm, 'NTLM11', 'Pa55word-of-NTLM11')
    folder = await mkdtemp(join(tmpdir(), 's4u-ntlm-bound-'))
    await writeFile(join(folder, 'openssl.cnf'), LEGACY)
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--headless', '--no-sandbox', '--disable-gpu', `--host-resolver-rules=MAP ${HOST} 127.0.0.1`],
    })
  }, 240_000)
  afterAll(async () => {
    await browser?.close()
    for (const one of started.reverse()) await one[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  async function start(source: Partial<Parameters<typeof ntlm>[0]>, tls = true): Promise<RealSite> {
    by.length = 0
    const ofSource = { ...domain.options, hosts: [HOST, '127.0.0.1'], requireTls: tls, ...source }
    const onAuthenticated = (event: { readonly by: Authenticated['by'] }): void => void by.push(event.by)
    const site = await startRealSite(realm, { ntlm: ntlm(ofSource), onAuthenticated }, tls ? HOST : undefined)
    started.push(site)
    return site
  }

  async function between(site: RealSite): Promise<{ readonly port: number }> {
    const relay = await startTlsRelay(HOST, site)
    started.push(relay)
    return relay
  }

  /** How requests were known: the first by its handshake, and all others by the session. */
  const ways = () => [...by.slice(0, 1), ...new Set(by.slice(1))]

  describe('in the question of Chromium', () => {
    /** Opens a page twice; its question for a password is answered as DevTools do it. */
    async function open({ port }: { readonly port: number }, username: string, password: string, scheme = 'https') {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, httpCredentials: { username, password } })
      const page = await context.newPage()
      try {
        const first = await page.goto(`${scheme}://${HOST}:${port}/`)
        const again = await page.reload()
        const cookies = await context.cookies()
        const body = (await page.textContent('body')) ?? ''
        return { statuses: [first?.status(), again?.status()], body, cookies }
      } finally {
        await context.close()
      }
    }

    test.each(['CORP\\alice', 'alice', 'alice@corp.test'])(
      'lets %s in with all that can be required, and a cookie keeps it',
      async (user) => {
        const site = await start({ channelBinding: 'require', targetName: 'require', mic: 'require' })
        const { statuses, body, cookies } = await open(site, user, 'pw-alice')
        expect([statuses, body]).toEqual([[200, 200], expect.stringContaining('"alice@CORP.TEST","how":"ntlm"')])
        expect(body).toContain('"backendSees":["alice"]')
        expect(cookies).toHaveLength(1)
        expect(ways()).toEqual(['sign-in', 'session'])
        expect(site.refused).toEqual([])
        expect(Object.keys(site.negotiator.counters.ntlm.byUserAgent)).toEqual([
          expect.stringMatching(/^HeadlessChrome\//),
        ])
      },
      60_000,
    )

    test('lets alice in without TLS, where that is permitted', async () => {
      const site = await start({}, false)
      const { statuses } = await open(site, 'CORP\\alice', 'pw-alice', 'http')
      expect([statuses, ways()]).toEqual([
        [200, 200],
        ['sign-in', 'session'],
      ])
    }, 60_000)

    test('refuses a wrong password', async () => {
      const site = await start({ channelBinding: 'require' })
      const { statuses, body } = await open(site, 'CORP\\alice', 'guess')
      expect([statuses[0], by]).toEqual([401, []])
      expect(body).not.toContain('alice')
      expect(site.refused[0]).toMatchObject({ code: 'STATUS_LOGON_FAILURE', status: 401 })
    }, 60_000)

    test.each(['require', 'allow'] as const)(
      'is of no use to somebody between, by the rule %s',
      async (channelBinding) => {
        const site = await start({ channelBinding })
        const { statuses } = await open(await between(site), 'CORP\\alice', 'pw-alice')
        expect([statuses[0], by]).toEqual([401, []])
        expect(site.refused[0]).toMatchObject({ code: 'GSS_S_BAD_BINDINGS' })
      },
      60_000,
    )

    test('is of no use to a server of another name', async () => {
      const site = await start({ hosts: [] })
      const { statuses } = await open(site, 'CORP\\alice', 'pw-alice')
      expect([statuses[0], by]).toEqual([401, []])
      expect(site.refused[0]).toMatchObject({ code: 'KRB_AP_ERR_NOT_US' })
    }, 60_000)
  })

  describe('given to requests_ntlm of Python', () => {
    async function fetchTwice({ port }: { readonly port: number }, cbt: 'yes' | 'no', password = 'pw-alice') {
      const url = `https://127.0.0.1:${port}/`
      const args = ['-W', 'ignore', beside('../ntlm/requests-ntlm-client.py'), url, 'CORP\\alice', password, cbt]
      const environment = { OPENSSL_CONF: join(folder, 'openssl.cnf') }
      const { stdout } = await runOk('/usr/bin/python3', args, { environment })
      const answers: readonly { readonly status: number; readonly body: string }[] = JSON.parse(stdout)
      return answers
    }

    test.each(['require', 'allow'] as const)(
      'lets alice in where it is bound, by the rule %s, and a cookie keeps it',
      async (channelBinding) => {
        const site = await start({ channelBinding })
        const [first, again] = await fetchTwice(site, 'yes')
        expect(first).toMatchObject({ status: 200, body: expect.stringContaining('"alice@CORP.TEST","how":"ntlm"') })
        expect(again).toEqual(first)
        expect([by, site.refused]).toEqual([['sign-in', 'session'], []])
      },
      60_000,
    )

    test('is refused without a binding where one is required, and taken where it is not', async () => {
      const site = await start({ channelBinding: 'require' })
      expect((await fetchTwice(site, 'no'))[0]?.status).toBe(401)
      expect(site.refused[0]).toMatchObject({ code: 'GSS_S_BAD_BINDINGS' })
      const other = await start({ channelBinding: 'allow' })
      expect((await fetchTwice(other, 'no'))[0]?.status).toBe(200)
    }, 60_000)

    test.each(['require', 'allow'] as const)(
      'is refused where it is bound to another certificate, by the rule %s',
      async (channelBinding) => {
        const site = await start({ channelBinding })
        expect((await fetchTwice(await between(site), 'yes'))[0]?.status).toBe(401)
        expect([by, site.refused[0]]).toMatchObject([[], { code: 'GSS_S_BAD_BINDINGS' }])
      },
      60_000,
    )

    test('is refused where it is wrong', async () => {
      const site = await start({ channelBinding: 'require' })
      expect((await fetchTwice(site, 'yes', 'guess'))[0]?.status).toBe(401)
      expect(site.refused[0]).toMatchObject({ code: 'STATUS_LOGON_FAILURE' })
    }, 60_000)
  })
})

import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { negotiate } from '@s4u/express'
import { digest, type DigestAlgorithm, digestUserHash } from '@s4u/sign-in'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import express from 'express'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { CERTIFICATES } from '../stories/certificates.js'
import { beside } from './sign-on/clients.js'

const SECRETS: Readonly<Record<string, string>> = { alice: 'looking glass', zoé: 'm"o\\t: ü' }

await describeRealms('Digest', ['chromium', 'mit-clients', 'requests-kerberos'], () => {
  let realm: TestRealm

  beforeAll(async () => {
    realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: 'pw-alice' }, zoé: { password: 'pw-zoé' } },
      services: { web: { spns: ['HTTP/web.ad.test'] } },
    })
  })
  afterAll(() => realm[Symbol.asyncDispose]())

  /** A site that says who comes, and which requests it has refused. */
  async function site(algorithm: DigestAlgorithm | DigestAlgorithm[], nonceLifetime = 300_000, hidesNames = false) {
    const refused: string[] = []
    const asked: string[] = []
    const app = express()
    app.use(
      negotiate({
        keytab: realm.keytabFor('web'),
        kdc: realm.transport,
        delegation: { principal: 'web', protocolTransition: true },
        signIn: [
          digest({
            realm: 'orders@ad.test',
            algorithm,
            nonceLifetime,
            ...(hidesNames && {
              userOf: ({ userHash, realm: of, algorithm: by }) =>
                Object.keys(SECRETS).find((name) => digestUserHash(by, name, of) === userHash),
            }),
            secretFor: ({ user, algorithm: used }) => {
              asked.push(used)
              const password = SECRETS[user]
              return password === undefined ? undefined : { password }
            },
          }),
        ],
        signInOptions: { attempts: { pace: 0 } },
        onFailed: ({ code }) => void refused.push(code),
      }),
    )
    app.use((request, response) => void response.send(`${request.identity.principal} at ${request.originalUrl}`))
    const server = createServer({ ...CERTIFICATES[0], maxHeaderSize: 65_536 }, app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    return { url, refused, asked, [Symbol.dispose]: () => void server.close() }
  }

  async function curl(url: string, user: string, more: readonly string[] = []): Promise<string> {
    const { stdout } = await runOk('curl', ['-sk', '--digest', '-u', user, ...more, url])
    return stdout
  }

  test.each(['SHA-256', 'MD5'] as const)(
    'curl signs in, by %s, and knows whether the nonce goes on',
    async (algorithm) => {
      using at = await site(algorithm)
      const body = await curl(`${at.url}/orders?page=2&q=%20x`, `alice:${SECRETS.alice}`)
      expect(body).toBe('alice@AD.TEST at /orders?page=2&q=%20x')
      const twice = await curl(`${at.url}/one`, `alice:${SECRETS.alice}`, [`${at.url}/two`])
      expect(twice).toBe('alice@AD.TEST at /twoalice@AD.TEST at /one')
      expect(at.refused).toEqual([])
      expect(new Set(at.asked)).toEqual(new Set([algorithm]))
    },
  )

  test.each(['SHA-256', 'MD5'] as const)('curl hides the name where it is asked to, by %s', async (algorithm) => {
    using at = await site(algorithm, 300_000, true)
    const folder = mkdtempSync(join(tmpdir(), 's4u-digest-'))
    for (const user of Object.keys(SECRETS)) {
      const trace = ['--trace-ascii', join(folder, 'trace')]
      expect(await curl(`${at.url}/`, `${user}:${SECRETS[user]}`, trace)).toBe(`${user}@AD.TEST at /`)
      const sent = readFileSync(join(folder, 'trace'), 'utf8')
      expect(sent).toMatch(/username="[\da-f]{32}/)
      expect(sent).toContain('userhash=true')
    }
    rmSync(folder, { recursive: true })
    expect(at.refused).toEqual([])
  })

  test('curl posts a body, and is refused with a wrong password', async () => {
    using at = await site('SHA-256')
    expect(await curl(`${at.url}/form`, `alice:${SECRETS.alice}`, ['-d', 'a=b'])).toBe('alice@AD.TEST at /form')
    expect(await curl(`${at.url}/form`, 'alice:guess', ['-o', '/dev/null', '-w', '%{http_code}'])).toBe('401')
    expect(at.refused).toEqual(['KDC_ERR_PREAUTH_FAILED'])
  })

  test('curl signs a name beyond ASCII in, whose password has quotes', async () => {
    using at = await site('SHA-256')
    expect(await curl(`${at.url}/`, `zoé:${SECRETS['zoé']}`)).toBe('zoé@AD.TEST at /')
  })

  test('curl takes the next nonce when one has ended', async () => {
    using at = await site('SHA-256', 1_000)
    const both = await curl(`${at.url}/one`, `alice:${SECRETS.alice}`, ['--rate', '40/m', `${at.url}/two`])
    expect(both).toBe('alice@AD.TEST at /twoalice@AD.TEST at /one')
    expect(at.refused).toEqual([])
  })

  test('requests of Python signs in twice with one nonce, and takes the algorithm that it knows best', async () => {
    using at = await site(['SHA-256', 'MD5'])
    const args = ['-W', 'ignore', beside('digest-client.py'), `${at.url}/orders?page=2`, 'alice', SECRETS.alice]
    const { stdout } = await runOk('/usr/bin/python3', args)
    const answer = { status: 200, body: 'alice@AD.TEST at /orders?page=2' }
    expect(JSON.parse(stdout)).toEqual([answer, answer])
    expect(at.refused).toEqual([])
  })

  test.each(['alice', 'zoé'])(
    'Chromium signs %s in by SHA-256, and loads the page, an image and a script',
    async (user) => {
      using at = await site(['SHA-256', 'MD5'])
      const args = ['--headless', '--no-sandbox']
      const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
      try {
        const httpCredentials = { username: user, password: SECRETS[user] }
        const page = await browser.newPage({ ignoreHTTPSErrors: true, httpCredentials })
        await page.goto(`${at.url}/page?x=1`)
        expect(await page.textContent('body')).toBe(`${user}@AD.TEST at /page?x=1`)
        const more = await page.evaluate(
          `Promise.all([1, 2, 3].map((n) => fetch('/part' + n).then((one) => one.text())))`,
        )
        expect(more).toEqual([1, 2, 3].map((n) => `${user}@AD.TEST at /part${n}`))
        expect(at.refused).toEqual([])
        expect(new Set(at.asked)).toEqual(new Set(['SHA-256']))
      } finally {
        await browser.close()
      }
    },
  )
})

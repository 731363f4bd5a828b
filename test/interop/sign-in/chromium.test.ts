/**
 * Headless Chromium without a ticket: with a client certificate, and by way of an OpenID provider;
 * behind them Samba, and a backend that is called as the user.
 */

import { negotiate } from '@s4u/koa'
import type { FailedEvent } from '@s4u/negotiate'
import { bearer, certificate, oidc } from '@s4u/sign-in'
import Koa from 'koa'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Authority } from '../../stories/fixtures/authority.js'
import { askingFor, certifiedSite, type CertifiedSite } from '../../stories/fixtures/certified-site.js'
import { freePort } from '../../stories/fixtures/free-port.js'
import { API_AUDIENCE, type RunningProvider, startProvider } from '../../stories/fixtures/provider.js'
import { frameworks } from '../main-job.site.js'

const authority = new Authority('CN=Issuing CA')

for (const key of ['CORP', 'EAST'] as const) {
  await describeRealms(`Chromium without a ticket, in ${key}`, [key, 'chromium'], (info) => {
    const realm = realmOf(info, key)
    const { web, api } = realm.services
    const isSamba = realm.kind === 'samba'
    const failures: FailedEvent[] = []
    let [backend, provider, site, browser]: [Server?, RunningProvider?, CertifiedSite?, Browser?] = []

    beforeAll(async () => {
      backend = createServer({ maxHeaderSize: 1 << 17 }, frameworks[0].backend(api.keytab)).listen(0, '127.0.0.1')
      await once(backend, 'listening')
      const apiUrl = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
      const port = await freePort()
      const redirectUri = `https://127.0.0.1:${port}/.s4u/oidc/callback`
      const users = {
        alice: { upn: `alice@${realm.domain}` },
        bob: { upn: isSamba ? 'bob.builder@corp.example' : `bob@${realm.domain}` },
      }
      provider = await startProvider({ users, redirectUris: [redirectUri] })
      // MIT's KDC knows no user principal names.
      const account = isSamba ? {} : ({ account: 'userPart', suffixes: [realm.domain] } as const)
      const issuer = { issuer: provider.issuer, claim: 'upn', allowInsecure: true, ...account } as const
      const mapping = ({ subject }: { subject: string }): string => subject.slice('CN='.length)
      const app = new Koa()
      app.use(
        negotiate({
          ...{
            keytab: web.keytab,
            kdc: `${realm.kdc.host}:${realm.kdc.port}`,
            delegation: { protocolTransition: true },
          },
          ...{
            session: { kind: 'cookie', keys: ['k'.repeat(32)] },
            fetch: { serviceNames: { [new URL(apiUrl).host]: api.spn } },
          },
          onFailed: (event) => void failures.push(event),
          signIn: [
            certificate({ ca: authority.certificate.pem, mapping, revocation: 'off' }),
            oidc({ ...issuer, clientId: 'public', redirectUri }),
            bearer({ ...issuer, audience: API_AUDIENCE }),
          ],
        }),
      )
      app.use(async (ctx) => {
        using as = ctx.identity.impersonate()
        const { principal, requestedName, authenticationMethod: how, sid } = ctx.identity
        const atBackend = await (await as.fetch(`${apiUrl}/orders`)).json()
        ctx.body = { principal, requestedName, how, sid, backend: (atBackend as { principal: string }).principal }
      })
      site = await certifiedSite(app.callback(), askingFor(authority), port)
      browser = await chromium.launch({
        executablePath: '/usr/bin/chromium',
        args: ['--headless', '--no-sandbox', '--disable-gpu'],
      })
    }, 60_000)
    afterAll(async () => {
      await browser?.close()
      await site?.[Symbol.asyncDispose]()
      await provider?.[Symbol.asyncDispose]()
      backend?.close()
    })

    async function visit(options: BrowserContextOptions, user?: string): Promise<Record<string, unknown>> {
      const context = await browser?.newContext({ ignoreHTTPSErrors: true, ...options })
      const page = await context?.newPage()
      if (page === undefined) throw new Error('there is no browser')
      try {
        await page.goto(`${site?.origin}/orders`)
        if (user !== undefined) {
          await page.waitForURL(/interaction/)
          await page.click(`#${user}`)
          await page.waitForURL(/orders$/)
          // The session is enough from now on.
          await page.reload()
        }
        return JSON.parse((await page.textContent('body')) ?? '')
      } finally {
        await context?.close()
      }
    }

    test('with a client certificate a person is known, and the backend sees that person', async () => {
      const alices = authority.issue({ subject: 'CN=alice' })
      const own = { origin: site?.origin ?? '', cert: Buffer.from(alices.pem), key: Buffer.from(alices.key) }
      expect(await visit({ clientCertificates: [own] })).toMatchObject({
        ...{ principal: `alice@${realm.name}`, how: 'certificate', backend: `alice@${realm.name}` },
      })
    }, 60_000)

    // behaviour: S4U2Self by a user principal name, then S4U2Proxy under the account's own name = CORP: granted
    test.each(['alice', 'bob'])(
      'by way of the issuer %s is known, and the backend sees that person',
      async (user) => {
        const seen = await visit({}, user)
        expect(failures.map(({ error }) => `${error.code} ${error.message}`)).toEqual([])
        const principal = `${user}@${realm.name}`
        expect(seen).toMatchObject({ how: 'oidc', principal, backend: principal })
      },
      60_000,
    )

    test('a program with an access token is known, and the backend sees its user', async () => {
      const token = await provider?.token({ upn: `alice@${realm.domain}` })
      const answer = await site?.visit('/', { headers: { authorization: `Bearer ${token}` } })
      expect(JSON.parse(answer?.body ?? '')).toMatchObject({ how: 'bearer', backend: `alice@${realm.name}` })
    })
  })
}

/** People without a ticket sign in at the page, on real directories, with real browsers. */

import { negotiate } from '@s4u/express'
import { basic, form } from '@s4u/sign-in'
import express from 'express'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { realmOf, run, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { type TlsSite, tlsSite } from '../stories/fixtures/tls-site.js'
import { type Apache, startApache } from './peers/apache.js'
import { directoryOf } from './password-change.site.js'

const OLD = 'old-Passw0rd-1'
const NEW = 'new-Passw0rd-2'

const addresses = { CORP: 70, EAST: 71 } as const

for (const key of ['CORP', 'EAST'] as const) {
  await describeRealms(`the sign-in page and ${key}`, [key, 'chromium', 'apache'], (info) => {
    const { kdc, kpasswd, services, users } = realmOf(info, key)
    const at = directoryOf(info, key)
    const address = `${info.block}.${addresses[key]}`
    const curlConfig = ['-s', '-k', '-i']
    let site: TlsSite
    let apache: Apache
    let browser: Browser

    beforeAll(async () => {
      apache = await startApache({ address, keytab: services.api.keytab, krb5Config: info.krb5Config })
      const app = express()
      app.use(
        negotiate({
          keytab: services.web.keytab,
          kdc: { kdc: `${kdc.host}:${kdc.port}`, kpasswd: `${kpasswd?.host}:${kpasswd?.port}` },
          session: 'cookie',
          signIn: [form(), basic()],
          fetch: { serviceNames: { [address]: services.api.spn } },
          // A clock of its own means attempts of its own.
          now: Date.now,
        }),
      )
      app.get(
        '/who',
        (req, res) => void res.type('text').send(`${req.identity.principal} by ${req.identity.authenticationMethod}`),
      )
      app.get('/backend', async (req, res) => {
        using caller = req.identity.impersonate()
        const answer = await caller.fetch(`${apache.plain}/plain`)
        res.type('text').send(await answer.text())
      })
      site = await tlsSite(app, `${info.block}.${addresses[key] + 2}`)
      browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox'] })
    })
    afterAll(async () => {
      await browser?.close()
      await site?.[Symbol.asyncDispose]()
      await apache?.[Symbol.asyncDispose]()
    })

    const kinit = async (principal: string, password: string): Promise<number | null> => {
      const { status } = await run('kinit', ['-c', 'MEMORY:', principal], {
        ...{ environment: info.environment, input: `${password}\n` },
      })
      return status
    }

    test('Chromium signs a person in, and the service acts for them at Apache', async () => {
      const { principal, password } = users.bob
      const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false })
      const page = await context.newPage()
      await page.goto(`${site.url}/backend`)
      await page.getByLabel('User name').fill(principal)
      await page.getByLabel('Password').fill('looking-glass')
      await page.getByRole('button', { name: 'Sign in' }).click()
      expect(await page.getByRole('alert').textContent()).toBe('The user name or the password is wrong.')
      await page.getByLabel('Password').fill(password)
      await page.getByLabel('Only I use it').check()
      await page.getByRole('button', { name: 'Sign in' }).click()
      expect(page.url()).toBe(`${site.url}/backend`)
      expect((await page.textContent('body'))?.trim()).toBe(`${principal} Negotiate`)
      await page.goto(`${site.url}/.s4u/sign-out`)
      await page.getByRole('button', { name: 'Sign out' }).click()
      expect(await page.getByRole('status').textContent()).toBe('You are signed out.')
      await context.close()
    })

    test('Chromium changes a password that has expired, which is the right one from then on', async () => {
      const user = await at.newUser(OLD, true)
      const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'fr-FR' })
      const page = await context.newPage()
      await page.goto(`${site.url}/who`)
      await page.getByLabel('Nom d’utilisateur').fill(user)
      await page.getByLabel('Mot de passe', { exact: true }).fill(OLD)
      await page.getByRole('button').click()
      await page.getByLabel('Mot de passe actuel').fill(OLD)
      await page.getByLabel('Nouveau mot de passe', { exact: true }).fill('abc')
      await page.getByLabel('Répéter le nouveau mot de passe').fill('abc')
      if (key === 'CORP') {
        await page.getByRole('button').click()
        expect(await page.getByRole('alert').textContent()).toMatch(
          /^Le nouveau mot de passe n’a pas été accepté\. .*4/,
        )
        await page.getByLabel('Mot de passe actuel').fill(OLD)
      }
      await page.getByLabel('Nouveau mot de passe', { exact: true }).fill(NEW)
      await page.getByLabel('Répéter le nouveau mot de passe').fill(NEW)
      await page.getByRole('button').click()
      expect(await page.textContent('body')).toBe(`${user} by form`)
      expect([await kinit(user, NEW), await kinit(user, OLD)]).toEqual([0, 1])
      await context.close()
    })

    test('curl signs in with Basic, and is acted for too', async () => {
      const { principal, password } = users.alice
      const { stdout } = await runOk('curl', [...curlConfig, '-u', `${principal}:${password}`, `${site.url}/backend`])
      expect(stdout).toMatch(new RegExp(`^HTTP/1.1 200 [^]*\\r\\n\\r\\n${principal} Negotiate\\s*$`))
      const wrong = await runOk('curl', [...curlConfig, '-u', `${principal}:wrong`, `${site.url}/who`])
      expect(wrong.stdout).toMatch(/^HTTP\/1.1 401 /)
      expect(wrong.stdout).toMatch(
        /WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm="Sign in", charset="UTF-8"/i,
      )
    })

    describe('who guesses', () => {
      test('is stopped before the directory locks the account, at ten wrong ones', async () => {
        const user = await at.newUser(OLD)
        const [name] = user.split('@')
        const guess = async (as: string, at: number): Promise<string> => {
          const { stdout } = await runOk('curl', [...curlConfig, '-u', `${as}:guess-${at}`, `${site.url}/who`])
          return stdout.slice(9, 12)
        }
        const statuses: string[] = []
        for (let at = 0; at < 14; at++)
          statuses.push(await guess([user, name, name.toUpperCase(), user.toLowerCase()][at % 4], at))
        expect(statuses).toEqual([...Array<string>(4).fill('401'), ...Array<string>(10).fill('429')])
        expect(await kinit(user, OLD)).toBe(0)
      })
    })
  })
}

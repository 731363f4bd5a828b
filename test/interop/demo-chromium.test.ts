import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { type Demo, startDemo } from './demo-process.js'

/**
 * No part is played here: MIT's kinit gets the ticket from the embedded realm, and Chromium itself
 * answers Negotiate with it.
 */
// PLAIN is asked for because kinit comes with it.
await describeRealms('Chromium with a ticket of kinit, at the front of the demo', ['chromium', 'PLAIN'], () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-demo-'))
  const kerberos = { KRB5_CONFIG: join(folder, 'krb5.conf'), KRB5CCNAME: `FILE:${join(folder, 'ccache')}` }
  let demo: Demo
  let host: string
  let port: string

  beforeAll(async () => {
    demo = await startDemo(process.execPath, ['examples/demo/main.mjs', '--page', '--port', '0'])
    const { setting } = JSON.parse(await (await fetch(`${demo.url}state`)).text())
    ;[host, port] = setting.web.split(':')
    writeFileSync(kerberos.KRB5_CONFIG, setting.krb5Conf)
    await runOk('kinit', ['alice@AD.TEST'], { environment: kerberos, input: 'wonderland\n' })
  })
  afterAll(async () => {
    await demo?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('is known to every service as alice', async () => {
    const body = await visit('allowed', '/orders', ['--auth-server-allowlist=*.ad.test'])
    expect(JSON.parse(body)).toMatchObject({
      service: 'data',
      identity: {
        principal: 'alice@AD.TEST',
        delegatedBy: ['HTTP/web.ad.test@AD.TEST', 'HTTP/api.ad.test@AD.TEST'],
      },
    })
  })

  test('keeps its ticket from hosts that it was not told to trust', async () => {
    expect(await visit('stranger', '/orders', [])).toMatch(/^Sign in with Kerberos/)
  })

  test('curl gets the same', async () => {
    const url = `http://web.ad.test:${port}/me`
    const args = ['-s', '--negotiate', '-u', ':', '--resolve', `web.ad.test:${port}:${host}`, url]
    const { stdout } = await run('curl', args, { environment: kerberos })
    expect(JSON.parse(stdout).identity.principal).toBe('alice@AD.TEST')
  })

  test('the commands of the page work as they are printed', async () => {
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox'] })
    let printed: string
    try {
      const page = await browser.newPage()
      await page.goto(demo.url)
      await page.waitForSelector('body[data-ready]')
      printed = (await page.textContent('#try-it')) ?? ''
    } finally {
      await browser.close()
    }
    // Root may not have a sandbox, and nobody looks at the window: that alone is added. /tmp is
    // everybody's.
    const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--dump-dom', ...QUIET].join(' ')
    const typed = printed.replaceAll('/tmp/', `${folder}/`).replace('\nchromium ', `\nchromium ${flags} `)
    expect(typed).toContain(flags)
    const { stdout } = await run('bash', ['-ec', typed], { environment: { PATH: process.env.PATH ?? '' } })
    const answers = [...stdout.matchAll(/"principal":\s*"([^"]+)"/g)].map(([, principal]) => principal)
    // Of curl, then of Chromium.
    expect(answers).toEqual(['alice@AD.TEST', 'alice@AD.TEST'])
  })

  test('the page shows what curl sets in motion, and what it had asked of the KDC before', async () => {
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox'] })
    try {
      const page = await browser.newPage({ reducedMotion: 'reduce' })
      await page.goto(demo.url)
      await page.waitForSelector('body[data-ready]')
      await runOk('kinit', ['bob@AD.TEST'], { environment: kerberos, input: 'builder\n' })
      const url = `http://web.ad.test:${port}/orders`
      const args = ['-s', '--negotiate', '-u', ':', '--resolve', `web.ad.test:${port}:${host}`, url]
      const { stdout } = await run('curl', args, { environment: kerberos })
      expect(JSON.parse(stdout).identity.principal).toBe('bob@AD.TEST')
      await page.locator('#who', { hasText: /From outside this page, curl\/\S+ has called web\./ }).waitFor()
      await page.waitForSelector('body:not([data-playing])')
      expect(await page.textContent('#outcome')).toContain('data answered bob@AD.TEST.')
      for (const edge of ['browser-kdc', 'browser-web', 'web-kdc', 'web-api', 'api-data'])
        expect(await page.getAttribute(`[data-edge=${edge}]`, 'class')).toBe('edge done')
      expect(await page.textContent('#steps')).toMatch(/AS krbtgt\/AD\.TEST.*TGS HTTP\/web\.ad\.test.*S4U2Proxy/s)
      await page.getByRole('button', { name: 'Sign in as alice' }).click()
      await page.locator('#who', { hasText: 'Signed in: alice, with Kerberos.' }).waitFor()
    } finally {
      await browser.close()
    }
  })

  async function visit(name: string, path: string, flags: string[]): Promise<string> {
    const profile = join(folder, name)
    mkdirSync(profile)
    // A fresh profile loads no GSS-API library before it has seen Negotiate once; and under a host
    // rule it would ask for a ticket to the address.
    const state = {
      net: { received_http_auth_negotiate_headers: true },
      auth: { disable_negotiate_cname_lookup: true },
    }
    writeFileSync(join(profile, 'Local State'), JSON.stringify(state))
    const env = { ...process.env, ...kerberos } as Record<string, string>
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', ...QUIET, ...flags]
    args.push(`--host-resolver-rules=MAP web.ad.test ${host}`)
    const options = { executablePath: '/usr/bin/chromium', env, args }
    const context = await chromium.launchPersistentContext(profile, options)
    try {
      const page = await context.newPage()
      await page.goto(`http://web.ad.test:${port}${path}`)
      return (await page.textContent('body')) ?? ''
    } finally {
      await context.close()
    }
  }
})

const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

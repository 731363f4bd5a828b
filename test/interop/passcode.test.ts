import { join } from 'node:path'
import { negotiate } from '@s4u/express'
import type { NegotiatorOptions } from '@s4u/negotiate'
import { passcode, type PasscodeOptions } from '@s4u/sign-in'
import express from 'express'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { type Answer, type TlsSite, tlsSite } from '../stories/fixtures/tls-site.js'
import { type FreeRadius, SIGN_ANSWERS, startFreeRadius } from './peers/freeradius.js'
import { type MitOtp, OTP_REALM, startMitOtp } from './peers/mit-otp.js'

const SECRET = 'a-secret-of-many-octets'
const CODE = '755224'
const WRONG = 'What you entered is not right, or the code was used before. Wait for the next code.'

await describeRealms('one-time codes at a page', ['mit-otp', 'freeradius', 'chromium'], (info) => {
  const web = 'HTTP/web.otp.test'
  let realm: MitOtp
  let radius: FreeRadius

  beforeAll(async () => {
    realm = await startMitOtp({
      address: `${info.block}.67`,
      passwords: { otto: CODE },
      commands: (folder) => [
        `addprinc -randkey ${web}`,
        `ktadd -norandkey -k ${join(folder, 'web.keytab')} ${web}`,
        'addprinc +requires_preauth -pw pw-otto otto',
        'setstr otto otp "[{""type"":""DEFAULT""}]"',
        ...['alice', 'carol'].map((name) => `addprinc +requires_preauth -pw pw-${name} ${name}`),
      ],
    })
    radius = await startFreeRadius({
      address: `${info.block}.68`,
      secret: SECRET,
      passwords: { alice: CODE, carol: 'pin-carol' },
      codes: { carol: CODE },
      postAuth: SIGN_ANSWERS,
      requireSigned: true,
    })
  }, 120_000)
  afterAll(() => Promise.all([realm?.[Symbol.asyncDispose](), radius?.[Symbol.asyncDispose]()]))

  async function site(options: PasscodeOptions, delegation: NegotiatorOptions['delegation'] = {}): Promise<TlsSite> {
    const app = express()
    app.use(
      negotiate({
        keytab: join(realm.folder, 'web.keytab'),
        kdc: realm.kdc,
        delegation,
        session: { kind: 'cookie', keys: ['k'.repeat(32)] },
        signIn: [passcode(options)],
        signInOptions: { attempts: { pace: 0, store: forgetful } },
      }),
    )
    app.use((req, res) => void res.send(`${req.identity.principal} by ${req.identity.authenticationMethod}`))
    return tlsSite(app)
  }
  // The limits of attempts have their own tests; here a user has many.
  const forgetful = { take: () => ({ allowed: true, takenAt: 0 }) as const, settle: () => {} }
  const byRadius = (): PasscodeOptions => ({ radius: { servers: radius.server, secret: SECRET } })
  const problemOf = ({ body }: Answer): string | undefined => /role="alert" id="problem">([^<]*)</.exec(body)?.[1]

  test('a code that FreeRADIUS takes is enough, where the service may vouch for its users', async () => {
    await using at = await site(byRadius(), { protocolTransition: true })
    const browser = at.browser()
    const page = await browser.get('/')
    expect(problemOf(await browser.submit(page, { user: 'alice', code: '000000' }))).toBe(WRONG)
    expect((await browser.submit(page, { user: 'alice', code: CODE })).status).toBe(303)
    expect((await browser.get('/')).body).toBe(`alice@${OTP_REALM} by passcode`)
    expect(problemOf(await browser.submit(page, { user: 'alice', code: CODE }))).toBe(WRONG)
  })

  test('beside the password, which the KDC checks behind the code', async () => {
    await using at = await site({ ...byRadius(), password: true })
    const browser = at.browser()
    const page = await browser.get('/')
    const answers = [
      await browser.submit(page, { user: 'alice', password: 'pw-alice', code: '000000' }),
      await browser.submit(page, { user: 'alice', password: 'guess', code: CODE }),
    ]
    expect(answers.map(problemOf)).toEqual([WRONG, WRONG])
    await using other = await site({ ...byRadius(), password: true })
    const fresh = other.browser()
    const typed = { user: 'alice', password: 'pw-alice', code: CODE }
    expect((await fresh.submit(await fresh.get('/'), typed)).status).toBe(303)
    expect((await fresh.get('/')).body).toBe(`alice@${OTP_REALM} by passcode`)
  })

  test('MIT’s KDC takes a code in a sign-in of the user, and the page does not say who has no token', async () => {
    await using at = await site({ kerberos: true })
    const browser = at.browser()
    const page = await browser.get('/')
    for (const [user, code] of [
      ['otto', '000000'],
      ['alice', CODE],
      ['nobody', CODE],
    ]) {
      const answer = await browser.submit(page, { user, code })
      expect([user, answer.status, problemOf(answer)]).toEqual([user, 403, WRONG])
    }
    expect((await browser.submit(page, { user: 'otto', code: CODE })).status).toBe(303)
    expect((await browser.get('/')).body).toBe(`otto@${OTP_REALM} by passcode`)
  })

  test('in Chromium, with a PIN and the code that FreeRADIUS asks for behind it', async () => {
    await using at = await site(byRadius(), { protocolTransition: true })
    const args = ['--headless', '--no-sandbox']
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
    try {
      const context = await browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false })
      const page = await context.newPage()
      await page.goto(`${at.url}/orders`)
      await page.getByLabel('User name').fill('carol')
      await page.getByLabel('Code').fill('pin-carol')
      await page.getByRole('button').click()
      expect(await page.locator('.message').textContent()).toBe('Enter the code of your token <b>')
      expect(await page.locator(':focus').getAttribute('name')).toBe('code')
      await page.getByLabel('Code').fill(CODE)
      await page.getByRole('button').click()
      expect(await page.textContent('body')).toBe(`carol@${OTP_REALM} by passcode`)
      expect(new URL(page.url()).pathname).toBe('/orders')
    } finally {
      await browser.close()
    }
  })
})

/** Those who come to the sign-in page without being who they say. */

import { negotiate } from '@s4u/express'
import type { NegotiatorOptions } from '@s4u/negotiate'
import { basic, form } from '@s4u/sign-in'
import { createTestRealm } from '@s4u/test-kdc'
import express from 'express'
import { connect } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { type Answer, type Browser, tlsSite } from '../stories/fixtures/tls-site.js'

const PASSWORD = 'wonderland'
const SESSION = '__Host-s4u'

async function site(more: NegotiatorOptions = {}) {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORD, upn: 'alice.liddell@corp.example' }, mallory: { password: 'mallory' } },
    services: { web: { spns: ['HTTP/web.ad.test'] } },
  })
  const handler = negotiate({
    ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, session: 'cookie', now: () => realm.now },
    signIn: [form(), basic()],
    signInOptions: { attempts: { pace: 0 } },
    ...more,
  })
  const app = express()
  app.use(handler)
  app.all('/orders', (req, res) => void res.send(req.identity.principal))
  const served = await tlsSite(app)
  const wrong = (): number => realm.exchanges.filter(({ outcome }) => outcome === 'KDC_ERR_PREAUTH_FAILED').length
  return {
    ...{ realm, served, wrong, negotiator: handler.negotiator },
    async signedIn(user = 'alice', password = PASSWORD): Promise<Browser> {
      const browser = served.browser()
      await browser.submit(await browser.get('/orders'), { user, password })
      return browser
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      await realm[Symbol.asyncDispose]()
    },
  }
}

describe('who guesses', () => {
  test('is stopped before the directory would lock the account, however the name is written', async () => {
    await using made = await site()
    const browser = made.served.browser()
    const page = await browser.get('/orders')
    const names = ['alice', 'ALICE', 'alice@AD.TEST', 'AD\\alice', ' Alice', 'alice@ad.test', 'AD.TEST\\alice']
    const statuses: number[] = []
    for (const user of [...names, ...names]) statuses.push((await browser.submit(page, { user, password: 'x' })).status)
    expect(statuses).toEqual([...Array<number>(4).fill(403), ...Array<number>(10).fill(429)])
    expect(made.wrong()).toBeLessThanOrEqual(4)
    expect(made.wrong()).toBeGreaterThan(0)
  })

  test('at the form has no more attempts at Basic, nor all at once', async () => {
    await using made = await site()
    const browser = made.served.browser()
    const page = await browser.get('/orders')
    const tries = Array.from({ length: 20 }, (_, at) => {
      const authorization = `Basic ${Buffer.from(`alice:guess-${at}`).toString('base64')}`
      return at % 2 === 0
        ? browser.submit(page, { user: 'alice', password: `guess-${at}` })
        : made.served.ask('/orders', { headers: { authorization } })
    })
    const statuses = (await Promise.all(tries)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 429)).toHaveLength(16)
    expect(made.wrong()).toBeLessThanOrEqual(4)
    expect(made.wrong()).toBeGreaterThan(0)
  })

  test('one password for all users is stopped at the address', async () => {
    await using made = await site({ signInOptions: { attempts: { pace: 0, perAddress: 10 } } })
    const browser = made.served.browser()
    const page = await browser.get('/orders')
    const statuses: number[] = []
    for (let at = 0; at < 15; at++)
      statuses.push((await browser.submit(page, { user: `user${at}`, password: 'Summer2026' })).status)
    expect(statuses.filter((status) => status === 429)).toHaveLength(5)
  })

  test('cannot tell a user who exists by the answer, nor by the time', async () => {
    await using made = await site({ signInOptions: { attempts: { pace: 200 } } })
    const browser = made.served.browser()
    const page = await browser.get('/orders')
    const asked = async (user: string): Promise<[Answer, number]> => {
      const begun = performance.now()
      return [await browser.submit(page, { user, password: 'x' }), performance.now() - begun]
    }
    const [known, knownTime] = await asked('alice')
    const [unknown, unknownTime] = await asked('alyce')
    const plain = ({ body }: Answer): string => body.replace(/value="[^"]*"/g, '')
    expect([known.status, plain(known)]).toEqual([unknown.status, plain(unknown)])
    for (const time of [knownTime, unknownTime]) expect(time).toBeGreaterThan(195)
    expect(Math.abs(knownTime - unknownTime)).toBeLessThan(150)
  })
})

describe('a page of another site', () => {
  test('cannot sign its visitor in as somebody else', async () => {
    await using made = await site()
    const own = made.served.browser()
    const page = await own.get('/orders')
    const token = /name="token" value="([^"]+)"/.exec(page.body)?.[1] ?? ''
    const fields = { user: 'mallory', password: 'mallory', next: '/orders', token }
    const cookie = [...own.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const post = (headers: Record<string, string>, form = fields) =>
      made.served.ask('/.s4u/sign-in', { method: 'POST', form, headers })
    const refused = [
      // The victim's browser has its own cookie, or none; the page has a token of the attacker.
      await post({ 'sec-fetch-site': 'cross-site', origin: 'https://evil.test', cookie }),
      await post({ 'sec-fetch-site': 'same-site', origin: 'https://sibling.ad.test', cookie }),
      await post({ origin: 'https://evil.test', cookie }),
      await post({ origin: 'null', cookie }),
      await post({}),
      await post({ cookie: '__Host-s4u-form=AAAAAAAAAAAAAAAAAAAAAA' }),
      await post({ cookie: `${cookie}; __Host-s4u-form=AAAAAAAAAAAAAAAAAAAAAA` }),
      await post({ cookie }, { ...fields, token: '' }),
      await post({ cookie }, { ...fields, token: `${token.slice(0, -3)}AAA` }),
    ]
    for (const answer of refused) {
      expect(answer.status).toBe(403)
      expect(answer.headers['set-cookie']?.join() ?? '').not.toContain(`${SESSION}=`)
    }
    expect((await post({ cookie })).status).toBe(303)
  })

  test('cannot use an old form, and the user is told', async () => {
    let ahead = 0
    await using made = await site()
    await using later = await site({ now: () => made.realm.now + ahead })
    const browser = later.served.browser()
    const page = await browser.get('/orders')
    ahead = 13 * 3_600_000
    const answer = await browser.submit(page, { user: 'alice', password: PASSWORD })
    expect([answer.status, answer.body]).toEqual([403, expect.stringContaining('Fill it in once more')])
  })

  test('cannot sign its visitor out, by POST or by a picture', async () => {
    await using made = await site()
    const browser = await made.signedIn()
    const cookie = `${SESSION}=${browser.cookies.get(SESSION)}`
    const headers = { cookie, 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }
    expect((await made.served.ask('/.s4u/sign-out', { method: 'POST', form: {}, headers })).status).toBe(403)
    await made.served.ask('/.s4u/sign-out', { headers })
    expect((await browser.get('/orders')).body).toBe('alice@AD.TEST')
  })
})

test.each([
  '//evil.test',
  '/\\evil.test',
  'https://evil.test',
  '/\t/evil.test',
  'javascript:alert(1)',
  '%2f%2fevil.test',
  '/%0d%0aSet-Cookie:x=1\r\nX: y',
])('the target %j leads nowhere else', async (next) => {
  await using made = await site()
  const browser = made.served.browser()
  const page = await browser.get(`/.s4u/sign-in?next=${encodeURIComponent(next)}`)
  expect(page.body).toContain('name="next" value="/"')
  const answer = await browser.submit(page, { user: 'alice', password: PASSWORD, next })
  expect([answer.status, answer.headers.location]).toEqual([303, '/'])
})

describe('a session', () => {
  test('that an attacker has put into a browser is another one after the sign-in', async () => {
    await using made = await site()
    const attacker = await made.signedIn('mallory', 'mallory')
    const planted = attacker.cookies.get(SESSION) ?? ''
    const victim = made.served.browser()
    victim.cookies.set(SESSION, planted)
    await victim.submit(await victim.get('/.s4u/sign-in'), { user: 'alice', password: PASSWORD })
    expect(victim.cookies.get(SESSION)).not.toBe(planted)
    expect((await victim.get('/orders')).body).toBe('alice@AD.TEST')
    // The old one is dead, for the attacker too.
    expect((await attacker.get('/orders')).status).toBe(401)
  })

  test('of the same user is a new one at each sign-in, and the old one is dead', async () => {
    await using made = await site()
    const browser = await made.signedIn()
    const old = browser.cookies.get(SESSION) ?? ''
    await browser.submit(await browser.get('/.s4u/sign-in'), { user: 'alice', password: PASSWORD })
    expect((await browser.get('/orders')).status).toBe(200)
    expect((await made.served.ask('/orders', { headers: { cookie: `${SESSION}=${old}` } })).status).toBe(401)
  })

  test('that was signed out is dead, for who has copied the cookie', async () => {
    const told: string[] = []
    await using made = await site({ onFailed: ({ code }) => void told.push(code) })
    const browser = await made.signedIn()
    const copied = browser.cookies.get(SESSION) ?? ''
    await browser.submit(await browser.get('/.s4u/sign-out'), {})
    expect((await made.served.ask('/orders', { headers: { cookie: `${SESSION}=${copied}` } })).status).toBe(401)
    expect(told).toEqual(['S4U_SESSION_REVOKED'])
  })
})

describe('a body', () => {
  test('of any size is refused before it is read, and the server goes on', async () => {
    await using made = await site()
    const post = (body: string, headers: Record<string, string> = {}) => {
      const type = { 'content-type': 'application/x-www-form-urlencoded', ...headers }
      return made.served.ask('/.s4u/sign-in', { method: 'POST', body, headers: type })
    }
    expect((await post(`password=${'x'.repeat(60_000)}`)).status).toBe(413)
    expect((await post('a=1', { 'content-type': 'multipart/form-data; boundary=x' })).status).toBe(415)
    expect((await post('{"user":"alice"}', { 'content-type': 'application/json' })).status).toBe(415)
    expect((await post('password=%ff')).status).toBe(400)
    expect((await post('user=a&user=b')).status).toBe(400)
    expect((await post('', {})).status).toBe(403)
    expect((await made.signedIn()).cookies.has(SESSION)).toBe(true)
  })

  test('without an end holds nobody else, and is cut off', async () => {
    await using made = await site()
    const socket = connect({ port: made.served.port, host: '127.0.0.1', rejectUnauthorized: false })
    const said = new Promise<string>((resolve) => void socket.once('data', (data) => resolve(String(data))))
    socket.write('POST /.s4u/sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n')
    socket.write('Content-Type: application/x-www-form-urlencoded\r\n\r\n')
    for (let at = 0; at < 20; at++) socket.write(`400\r\n${'x'.repeat(1024)}\r\n`)
    expect(await said).toMatch(/^HTTP\/1\.1 413 /)
    socket.destroy()
    expect((await made.signedIn()).cookies.has(SESSION)).toBe(true)
  })
})

test('nothing that was typed is in a page without being escaped, nor a password at all', async () => {
  await using made = await site()
  const browser = made.served.browser()
  const user = `"><script>alert(1)</script>'&`
  const answer = await browser.submit(await browser.get('/orders'), { user, password: 'a-secret-of-alice' })
  expect(answer.body).toContain('value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&amp;"')
  expect(answer.body).not.toMatch(/<script|a-secret-of-alice/)
})

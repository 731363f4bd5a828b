/** Pages of the gateway itself on a host whose sites all have paths. */

import { describe, expect, test } from 'vitest'
import { pageStyle, pageStyleSource } from '@s4u/sign-in'
import { PASSWORD } from './fixtures/corporation.js'
import { type Answer, type GatewaySite, gatewaySite, INNER, PUBLIC, type Site } from './gateway-site.js'

const accept = 'text/html'
const origin = `http://${PUBLIC}`

function openSite(sites: (to: string) => readonly Site[]): Promise<GatewaySite> {
  return gatewaySite({ site: { paths: '/orders', signIn: 'form' }, also: sites })
}

const cookiesOf = ({ headers }: Answer): string =>
  (headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')

/** Follows the way of a browser from a page of the site to the session. */
async function signIn(site: GatewaySite, path: string): Promise<string> {
  const shown = await site.ask(path, { headers: { accept, 'sec-fetch-mode': 'navigate' } })
  const page = /<form[^>]* action="([^"?]+)/.exec(shown.body)?.[1] ?? '/no-form'
  const token = /name="token" value="([^"]*)"/.exec(shown.body)?.[1] ?? ''
  const fields = { user: 'alice', password: PASSWORD, token, next: path, computer: 'private' }
  const signedIn = await site.ask(page, {
    method: 'POST',
    headers: { origin, cookie: cookiesOf(shown), 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  })
  expect([signedIn.status, signedIn.headers.location]).toEqual([303, path])
  return cookiesOf(signedIn)
}

describe('a host whose sites all have paths', () => {
  test('has the page to sign in, the page of the user, and the sign-out', async () => {
    await using site = await openSite(() => [])
    const cookie = await signIn(site, '/orders/1')
    expect(await site.ask('/orders/1', { headers: { cookie } })).toMatchObject({ body: 'alice@AD.TEST /orders/1' })
    expect(await site.ask('/.s4u/', { headers: { cookie } })).toMatchObject({
      status: 200,
      body: expect.stringContaining('alice@AD.TEST'),
    })
    const out = await site.ask('/.s4u/sign-out', { method: 'POST', headers: { cookie, origin } })
    expect([out.status, out.headers['set-cookie']?.join()]).toEqual([303, expect.stringContaining('Max-Age=0')])
    expect((await site.ask('/else', { headers: { cookie } })).status).toBe(404)
  })

  test('has them where the first site, and that of the whole host, have no page to sign in', async () => {
    await using site = await openSite((to) => [
      { hosts: PUBLIC, paths: '/api', to, signIn: 'basic', delegation: { service: INNER } },
      { hosts: PUBLIC, to, delegation: { service: INNER }, signIn: 'negotiate' },
    ])
    const cookie = await signIn(site, '/orders/2')
    expect(await site.ask('/orders/2', { headers: { cookie } })).toMatchObject({ body: 'alice@AD.TEST /orders/2' })
  })

  test('answers unknown users there as at any other page, and lets nothing of it inside', async () => {
    await using site = await openSite(() => [])
    expect((await site.ask('/.s4u/')).status).toBe(401)
    expect((await site.ask('/.s4u/', { host: 'unknown.example.com' })).status).toBe(404)
    expect(site.seen).toEqual([])
  })
})

describe('a site where tickets alone sign in', () => {
  const signedOut = '/.s4u/signed-out'

  test('has the page of the user, and a sign-out that ends the session and signs nobody in again', async () => {
    await using site = await gatewaySite({ site: { signIn: 'negotiate' } })
    const first = await site.ask('/.s4u/', { as: 'alice' })
    expect([first.status, first.body]).toEqual([200, expect.stringContaining('action="/.s4u/sign-out"')])
    const headers = { cookie: cookiesOf(first), origin }
    expect((await site.ask('/orders', { headers })).body).toBe('alice@AD.TEST /orders')
    const out = await site.ask('/.s4u/sign-out', { method: 'POST', headers })
    expect([out.status, out.headers.location]).toEqual([303, signedOut])
    expect(out.headers['set-cookie']?.join()).toContain('Max-Age=0')
    expect(out.headers['www-authenticate']).toBeUndefined()
    const copied = await site.ask('/orders', { headers })
    expect(copied.status).toBe(401)
    const page = await site.ask(signedOut, { headers: { 'accept-language': 'de' } })
    expect([page.status, page.headers['www-authenticate']]).toEqual([200, undefined])
    expect(page.body).toContain('<h1>Sie sind abgemeldet</h1>')
    expect(site.seen).toHaveLength(1)
  })

  test('is not signed out by a page of another site, nor by a GET', async () => {
    await using site = await gatewaySite({ site: { signIn: 'negotiate' } })
    const cookie = cookiesOf(await site.ask('/orders', { as: 'alice' }))
    const forged = { cookie, origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }
    expect((await site.ask('/.s4u/sign-out', { method: 'POST', headers: forged })).status).toBe(403)
    const looked = await site.ask('/.s4u/sign-out', { headers: { cookie } })
    expect([looked.status, looked.headers['set-cookie']]).toEqual([200, undefined])
    expect((await site.ask('/orders', { headers: { cookie } })).body).toBe('alice@AD.TEST /orders')
  })

  test('shows the page after the sign-out for hosts of its own only', async () => {
    await using site = await gatewaySite()
    expect((await site.ask(signedOut, { host: 'unknown.example.com' })).status).toBe(404)
    expect((await site.ask(signedOut, { method: 'POST', headers: { origin } })).status).toBe(401)
  })
})

test('the pages of the gateway look as the page to sign in does, with the name and colour of the site', async () => {
  const form = { form: { title: 'Example <Ltd>', accent: '#7a1fa2' } }
  await using site = await gatewaySite({
    site: { paths: '/orders', signIn: form, access: { paths: '/orders/no', allow: 'nobody' } },
  })
  const headers = { accept, 'sec-fetch-mode': 'navigate' }
  const shown = await site.ask('/orders/1', { headers })
  const cookie = await signIn(site, '/orders/1')
  const user = await site.ask('/.s4u/', { headers: { ...headers, cookie } })
  const refusal = await site.ask('/orders/no', { headers: { ...headers, cookie } })
  expect([shown.status, user.status, refusal.status]).toEqual([401, 200, 403])
  const styleIn = ({ body }: Answer) => /<style>([\s\S]*)<\/style>/.exec(body)?.[1]
  const sourceIn = (answer: Answer) =>
    /style-src ('sha256-[^']*')/.exec(`${answer.headers['content-security-policy']}`)?.[1]
  const pages = [shown, user, refusal]
  expect(pages.map(styleIn)).toEqual(Array(3).fill(pageStyle({ accent: '#7a1fa2' })))
  expect(pages.map(sourceIn)).toEqual(Array(3).fill(pageStyleSource(pageStyle({ accent: '#7a1fa2' }))))
  for (const { body } of pages) expect(body).toMatch(/<p class="site">Example &(?:lt|#60);Ltd&(?:gt|#62);<\/p>/)
})

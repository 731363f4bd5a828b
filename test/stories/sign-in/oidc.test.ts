/** Signing in at a real OpenID provider, over TLS, through Express and Koa. */

import type { NegotiatorOptions } from '@s4u/negotiate'
import { oidc, type OidcOptions, type OidcSource } from '@s4u/sign-in'
import { afterAll, describe, expect, test } from 'vitest'
import { certifiedSite, type CertifiedSite } from '../fixtures/certified-site.js'
import { corporation, Desktop } from '../fixtures/corporation.js'
import { startProvider } from '../fixtures/provider.js'
import { type Page, RoamingBrowser } from '../fixtures/roaming-browser.js'
import { stacks, type Visit } from '../fixtures/stacks.js'
import { freePort } from '../fixtures/free-port.js'

const realm = await corporation()
const port = await freePort()
const origin = `https://127.0.0.1:${port}`
const redirectUri = `${origin}/.s4u/oidc/callback`
const users = {
  alice: { upn: 'alice@ad.test', sam: 'alice', email: 'bob@ad.test', onprem: 'alice@corp.example' },
  bob: { upn: 'bob@ad.test' },
  eve: { upn: 'alice@ad.test@AD.TEST', sam: 'web$', onprem: 'alice@partner.example' },
  stranger: { upn: 'nobody@ad.test' },
}
const provider = await startProvider({
  ...{ users, redirectUris: [redirectUri, `${origin}/.s4u/partner/callback`], afterSignOut: [`${origin}/bye`] },
})
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await realm[Symbol.asyncDispose]()
})

const own = { issuer: provider.issuer, clientId: 'public', redirectUri, claim: 'upn', allowInsecure: true } as const
const session = { kind: 'cookie', keys: ['k'.repeat(32)] } as const

interface Opened extends AsyncDisposable {
  readonly site: CertifiedSite
  readonly source: OidcSource
}

async function open(
  options: Partial<OidcOptions> = {},
  more: NegotiatorOptions = {},
  stack = stacks[0],
): Promise<Opened> {
  const source = oidc({ ...own, ...options })
  const handle = ({ identity, request }: Visit): unknown => ({
    ...{ who: identity?.principal, how: identity?.authenticationMethod, level: identity?.impersonationLevel },
    ...{ url: request.url, subject: identity && source.subjectOf(request, identity) },
  })
  const negotiator: NegotiatorOptions = {
    ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, session, signIn: [source] },
    ...{ delegation: { principal: 'web', protocolTransition: true }, now: () => realm.now, ...more },
  }
  const site = await certifiedSite(stack.build({ options: negotiator, handle }).listener, {}, port)
  return { site, source, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() }
}

/** Goes to a page as somebody whom the issuer signs in as this user; the page leads there. */
async function signIn(browser: RoamingBrowser, user: string, path = '/orders?page=2'): Promise<Page> {
  const asked = await browser.go(origin + path)
  const link = /url=([^"]+)"/.exec(asked.body)?.[1]?.replaceAll('&#38;', '&') ?? 'no link'
  const issuer = await browser.go(new URL(link, origin).href)
  expect(issuer.url).toContain('/interaction/')
  return browser.go(`${issuer.url}?user=${user}`)
}

describe.each(stacks)('$name', (stack) => {
  test('a person is led to the issuer, and comes back known, to where the way began', async () => {
    await using _opened = await open({}, {}, stack)
    const browser = new RoamingBrowser()
    const page = await signIn(browser, 'alice')
    expect([page.url, page.status, JSON.parse(page.body)]).toEqual([
      `${origin}/orders?page=2`,
      200,
      {
        ...{ who: 'alice@AD.TEST', how: 'oidc', level: 'delegation', url: '/orders?page=2' },
        subject: { issuer: provider.issuer, subject: 'alice', principal: 'alice@AD.TEST' },
      },
    ])
    expect([...browser.cookiesFor(origin).keys()].sort()).toEqual(['__Host-s4u', '__Host-s4u-oidc-user'])
  })
})

test('a browser with a ticket is known by it, and programs are offered Kerberos alone', async () => {
  await using opened = await open()
  const authorization = await new Desktop(realm, 'bob').authorization()
  const known = await opened.site.visit('/', { headers: { authorization } })
  expect(JSON.parse(known.body)).toMatchObject({ who: 'bob@AD.TEST', how: 'kerberos' })
  const unknown = await opened.site.visit('/')
  expect([unknown.status, unknown.headers['www-authenticate'], unknown.body]).toEqual([
    401,
    'Negotiate',
    expect.not.stringContaining('oidc'),
  ])
})

test('a confidential client proves its secret, and the claims of UserInfo count where it is told', async () => {
  await using _opened = await open({ clientId: 'secret', clientSecret: 'shared', userInfo: true })
  expect(JSON.parse((await signIn(new RoamingBrowser(), 'alice')).body)).toMatchObject({ who: 'alice@AD.TEST' })
})

describe('the account of a user is that of', () => {
  test.each<[string, Partial<OidcOptions>]>([
    ['the whole user principal name', { claim: 'upn' }],
    [
      'the part before the @, of a domain that is listed',
      { claim: 'onprem', account: 'userPart', suffixes: ['CORP.example'] },
    ],
    ['a sAMAccountName', { claim: 'sam', account: 'samAccountName' }],
    ['a function', { claim: ({ sub }) => `${String(sub)}@AD.TEST` }],
  ])('%s', async (_what, options) => {
    await using _opened = await open(options)
    expect(JSON.parse((await signIn(new RoamingBrowser(), 'alice')).body)).toMatchObject({ who: 'alice@AD.TEST' })
  })

  test.each<[string, string, Partial<OidcOptions>]>([
    ['two @', 'eve', { claim: 'upn' }],
    ['a computer', 'eve', { claim: 'sam', account: 'samAccountName' }],
    ['another domain', 'eve', { claim: 'onprem', account: 'userPart', suffixes: ['corp.example'] }],
    ['no claim', 'bob', { claim: 'sam', account: 'samAccountName' }],
    ['no function’s answer', 'bob', { claim: () => undefined }],
  ])('nobody with %s', async (_what, user, options) => {
    const failures: string[] = []
    await using _opened = await open(options, { onFailed: ({ code }) => void failures.push(code) })
    const page = await signIn(new RoamingBrowser(), user)
    expect([page.status, failures]).toEqual([403, ['S4U_CLAIM_UNUSABLE']])
    expect(page.body).toContain('You could not be signed in.')
    expect(page.body).not.toContain('http-equiv')
  })

  test('nobody, where the directory has no such account', async () => {
    await using _opened = await open()
    expect((await signIn(new RoamingBrowser(), 'stranger')).status).not.toBe(200)
  })
})

test('who declines at the issuer gets a page that leads nowhere by itself', async () => {
  const failures: string[] = []
  await using _opened = await open({}, { onFailed: ({ code }) => void failures.push(code) })
  const page = await signIn(new RoamingBrowser(), '')
  expect([page.status, failures]).toEqual([403, ['access_denied']])
  expect(page.body).toContain('<a href="/.s4u/oidc">Try again</a>')
})

test.each([
  ['//evil.test/', '/'],
  ['/\\evil.test', '/'],
  ['https://evil.test/', '/'],
  ['/fine?x=1', '/fine?x=1'],
])('a way that was to lead to %s leads to %s', async (next, target) => {
  await using _opened = await open()
  const browser = new RoamingBrowser()
  const issuer = await browser.go(`${origin}/.s4u/oidc?${new URLSearchParams({ next })}`)
  expect((await browser.go(`${issuer.url}?user=alice`)).url).toBe(origin + target)
})

test('a sign-out ends the session here, and at the issuer where it is told where to go then', async () => {
  await using opened = await open({ afterSignOut: `${origin}/bye` })
  const browser = new RoamingBrowser()
  await signIn(browser, 'alice')
  const cookie = [...browser.cookiesFor(origin)].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = { cookie, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }
  const out = await opened.site.visit('/.s4u/sign-out', { method: 'POST', headers })
  expect([out.status, out.headers.location, out.cookies]).toEqual([303, '/.s4u/oidc/sign-out', ''])
  expect(out.headers['set-cookie']).toHaveLength(2)
  const next = await browser.go(`${origin}/.s4u/oidc/sign-out`, 1)
  expect(next.url).toMatch(new RegExp(`^${provider.issuer}/session/end\\?.*post_logout_redirect_uri=`))
  expect(next.status).toBe(200)
})

test('an issuer that starts after the app is asked again after some seconds', async () => {
  const late = await freePort()
  let now = realm.now
  await using opened = await open({ issuer: `http://127.0.0.1:${late}`, timeLimit: 1_000 }, { now: () => now })
  const down = await opened.site.visit('/.s4u/oidc')
  expect([down.status, down.headers['retry-after'], down.body]).toEqual([
    503,
    '5',
    expect.stringContaining('not possible now'),
  ])
  await using started = await startProvider({ users, redirectUris: [redirectUri], port: late })
  expect((await opened.site.visit('/.s4u/oidc')).status).toBe(503)
  now += 6_000
  const up = await opened.site.visit('/.s4u/oidc')
  expect(up.headers.location).toMatch(new RegExp(`^${started.issuer}/auth\\?`))
})

describe('the address of the issuer’s page', () => {
  test('asks for a code with PKCE, a state and a nonce, and is kept in a cookie of this browser', async () => {
    await using opened = await open({ scope: 'openid profile', parameters: { login_hint: 'alice' } })
    const { headers } = await opened.site.visit('/.s4u/oidc')
    const asked = Object.fromEntries(new URL(headers.location ?? '').searchParams)
    expect(asked).toEqual({
      ...{ client_id: 'public', redirect_uri: redirectUri, response_type: 'code', scope: 'openid profile' },
      ...{ code_challenge_method: 'S256', code_challenge: expect.stringMatching(/^[\w-]{43}$/), login_hint: 'alice' },
      ...{ state: expect.stringMatching(/^[\w-]{43}$/), nonce: expect.stringMatching(/^[\w-]{43}$/) },
    })
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-s4u-oidc-[\w-]{12}=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/),
    ])
  })

  test('of a browser with many unfinished sign-ins comes with their removal', async () => {
    await using opened = await open()
    const left = Array.from({ length: 5 }, (_, index) => `__Host-s4u-oidc-${'x'.repeat(11)}${index}=1`).join('; ')
    const { headers } = await opened.site.visit('/.s4u/oidc', { headers: { cookie: left } })
    expect(headers['set-cookie']?.filter((line) => line.includes('Max-Age=0'))).toHaveLength(5)
  })
})

describe('options', () => {
  test.each<[string, object, string]>([
    ['the mail address', { claim: 'email' }, 'does not name an account'],
    ['no claim', { claim: undefined }, 'claim must be a text'],
    ['a user part of every domain', { account: 'userPart' }, "account: 'userPart' needs suffixes"],
    ['another form', { account: 'mail' }, 'account must be one of'],
    ['an issuer without TLS', { allowInsecure: false }, 'issuer must begin with https://'],
    ['an issuer that is none', { issuer: 'login' }, 'is not the address of an issuer'],
    ['a path in place of redirectUri', { redirectUri: '/.s4u/oidc/callback' }, 'is not an address with https://'],
    ['a scope without openid', { scope: 'profile' }, 'scope must have openid'],
    [
      'a parameter that would switch PKCE off',
      { parameters: { code_challenge: 'x' } },
      'code_challenge is set by this source',
    ],
    ['no time', { timeLimit: 0 }, 'timeLimit must be milliseconds from 1'],
    ['an hour of difference', { clockSkew: 3_600_000 }, 'clockSkew must be milliseconds from 0 to 300000'],
    ['a name that there is not', { clientID: 'x' }, 'did you mean "clientId"'],
  ])('with %s are refused', (_what, options, message) => {
    expect(() => oidc({ ...own, ...options } as OidcOptions)).toThrow(message)
  })

  test.each<[string, Partial<OidcOptions>, NegotiatorOptions, string]>([
    ['without a session', {}, { session: false }, 'oidc needs a session'],
    [
      'with a callback elsewhere',
      {},
      { signInOptions: { path: '/app/.s4u' } },
      'redirectUri must end in /app/.s4u/oidc/callback',
    ],
    ['without the permission to vouch', {}, { delegation: { principal: 'web' } }, 'does not permit itself to vouch'],
  ])('%s the app does not start', async (_what, options, more, message) => {
    await expect(open(options, more)).rejects.toThrow(message)
  })
})

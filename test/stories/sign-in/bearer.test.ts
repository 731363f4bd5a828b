/** Calling an API with an access token of a real OpenID provider. */

import { createHash, randomBytes } from 'node:crypto'
import type { NegotiatorOptions } from '@s4u/negotiate'
import { bearer, type BearerOptions } from '@s4u/sign-in'
import { afterAll, describe, expect, test } from 'vitest'
import { certifiedSite, type CertifiedSite } from '../fixtures/certified-site.js'
import { corporation, Desktop } from '../fixtures/corporation.js'
import { API_AUDIENCE, startProvider } from '../fixtures/provider.js'
import { RoamingBrowser } from '../fixtures/roaming-browser.js'
import { stacks, type Visit } from '../fixtures/stacks.js'

const realm = await corporation()
const redirectUri = 'http://127.0.0.1:1/callback'
const provider = await startProvider({ users: { alice: { upn: 'alice@ad.test' } }, redirectUris: [redirectUri] })
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await realm[Symbol.asyncDispose]()
})

const own = { issuer: provider.issuer, audience: API_AUDIENCE, claim: 'upn', allowInsecure: true } as const

async function open(
  options: Partial<BearerOptions> = {},
  more: NegotiatorOptions = {},
  stack = stacks[0],
): Promise<CertifiedSite> {
  const negotiator: NegotiatorOptions = {
    ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, signIn: [bearer({ ...own, ...options })] },
    ...{ delegation: { principal: 'web', protocolTransition: true }, now: () => realm.now },
    ...{ session: { kind: 'cookie', keys: ['k'.repeat(32)] }, ...more },
  }
  const handle = ({ identity }: Visit): unknown => ({
    ...{ who: identity?.principal, how: identity?.authenticationMethod, level: identity?.impersonationLevel },
  })
  return certifiedSite(stack.build({ options: negotiator, handle }).listener)
}

const call = (site: CertifiedSite, token: string, scheme = 'Bearer') =>
  site.visit('/', { headers: { authorization: `${scheme} ${token}` } })

/** What a native app does: the code flow with PKCE, for an access token to the API. */
async function tokensOf(user: string): Promise<{ access_token: string; id_token: string }> {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const asked = {
    client_id: 'public',
    response_type: 'code',
    redirect_uri: redirectUri,
    state: 's',
    resource: API_AUDIENCE,
  }
  const query = { ...asked, scope: 'openid orders.read', code_challenge: challenge, code_challenge_method: 'S256' }
  const browser = new RoamingBrowser()
  const page = await browser.go(`${provider.issuer}/auth?${new URLSearchParams(query)}`)
  const back = await browser.go(`${page.url}?user=${user}`, 1)
  const code = new URL(back.headers.location ?? '').searchParams.get('code') ?? ''
  const body = new URLSearchParams({
    ...{
      grant_type: 'authorization_code',
      client_id: 'public',
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    },
  })
  return (await (await fetch(`${provider.issuer}/token`, { method: 'POST', body })).json()) as never
}

describe.each(stacks)('$name', (stack) => {
  test('a program with an access token acts for the user whom it names, without a session', async () => {
    await using site = await open({ scope: 'orders.read' }, {}, stack)
    const { access_token: token } = await tokensOf('alice')
    const answer = await call(site, token, 'bearer')
    expect([answer.status, JSON.parse(answer.body), answer.cookies]).toEqual([
      200,
      { who: 'alice@AD.TEST', how: 'bearer', level: 'delegation' },
      '',
    ])
  })

  test('an unknown caller is offered Kerberos and tokens', async () => {
    await using site = await open({}, {}, stack)
    const { status, headers } = await site.visit('/')
    expect([status, headers['www-authenticate']]).toEqual([401, `Negotiate, Bearer realm="${provider.issuer}/"`])
  })
})

test('the ID token of the same sign-in is refused', async () => {
  await using site = await open()
  const { id_token: token } = await tokensOf('alice')
  const { status, headers } = await call(site, token)
  expect([status, headers['www-authenticate']]).toEqual([
    401,
    `Negotiate, Bearer realm="${provider.issuer}/", error="invalid_token"`,
  ])
})

test('a token that permits too little is refused with what is needed', async () => {
  await using site = await open({ scope: ['orders.read', 'orders.write'] })
  const { status, headers } = await call(site, await provider.token({ upn: 'alice@ad.test', scope: 'orders.read' }))
  expect([status, headers['www-authenticate']]).toEqual([
    403,
    `Bearer realm="${provider.issuer}/", error="insufficient_scope", scope="orders.read orders.write"`,
  ])
})

test('scopes of Entra and ADFS count', async () => {
  await using site = await open({ scope: ['orders.read'], type: 'JWT' })
  for (const scp of ['orders.read other', ['orders.read']])
    expect((await call(site, await provider.token({ upn: 'alice@ad.test', scp }, { typ: 'JWT' }))).status).toBe(200)
})

test('a token without the claim is nobody’s', async () => {
  await using site = await open()
  expect((await call(site, await provider.token())).status).toBe(403)
})

test('Kerberos goes on as before', async () => {
  await using site = await open()
  const authorization = await new Desktop(realm, 'bob').authorization()
  expect((await site.visit('/', { headers: { authorization } })).status).toBe(200)
})

test('an issuer that is down is told with a 503', async () => {
  const failures: string[] = []
  const options = { issuer: 'http://127.0.0.1:9', timeLimit: 1_000 }
  await using site = await open(options, { onFailed: ({ code }) => void failures.push(code) })
  expect((await call(site, await provider.token())).status).toBe(503)
  expect(failures).toEqual(['temporarily_unavailable'])
})

describe('options', () => {
  test.each<[string, object, string]>([
    ['no audience', { audience: undefined }, 'audience must be a list of texts'],
    ['an empty audience', { audience: [] }, 'audience is an empty list'],
    ['a shared secret', { algorithms: ['HS256'] }, 'which is not shown is not a signature of an issuer'],
    ['no signature', { algorithms: ['none'] }, '"none" is not a signature of an issuer'],
    ['no algorithm', { algorithms: [] }, 'is not a signature of an issuer'],
    ['two scopes in one text', { scope: 'a b' }, 'is not one scope'],
    ['a scope that would end the header’s text', { scope: 'a"b' }, 'is not one scope'],
    ['another type', { type: 'jwt' }, 'type must be one of at+jwt, JWT'],
    ['the mail address', { claim: 'email' }, 'does not name an account'],
  ])('with %s are refused', (_what, options, message) => {
    expect(() => bearer({ ...own, ...options } as BearerOptions)).toThrow(message)
  })

  test('without the permission to vouch the app does not start', async () => {
    await expect(open({}, { delegation: { principal: 'web' } })).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
  })

  test('with level identification no permission is needed', async () => {
    await using site = await open({ level: 'identification' }, { delegation: { principal: 'web' }, session: false })
    const answer = await call(site, await provider.token({ upn: 'alice@ad.test' }))
    expect(JSON.parse(answer.body)).toMatchObject({ who: 'alice@AD.TEST', level: 'identification' })
  })
})

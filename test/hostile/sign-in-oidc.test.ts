/** Who comes between a person, this site and the issuer, and an issuer that lies. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FailedEvent, NegotiatorOptions } from '@s4u/negotiate'
import { oidc, type OidcOptions } from '@s4u/sign-in'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { certifiedSite, type CertifiedSite } from '../stories/fixtures/certified-site.js'
import { corporation } from '../stories/fixtures/corporation.js'
import { freePort } from '../stories/fixtures/free-port.js'
import { startProvider } from '../stories/fixtures/provider.js'
import { RoamingBrowser } from '../stories/fixtures/roaming-browser.js'
import { stacks, type Visit } from '../stories/fixtures/stacks.js'

const realm = await corporation()
const port = await freePort()
const origin = `https://127.0.0.1:${port}`
const callback = (name: string): string => `${origin}/.s4u/${name}/callback`
const users = { alice: { upn: 'alice@ad.test' }, bob: { upn: 'bob@ad.test' } }
const redirectUris = [callback('oidc'), callback('partner')]
const provider = await startProvider({ users, redirectUris })
const partner = await startProvider({ users, redirectUris })
afterAll(async () => {
  for (const one of [provider, partner, realm]) await one[Symbol.asyncDispose]()
})

const failures: FailedEvent[] = []
beforeEach(() => void failures.splice(0))
const codes = (): string[] => failures.map(({ code }) => code)

function source(issuer: string, name = 'oidc', more: Partial<OidcOptions> = {}) {
  return oidc({
    ...{ issuer, name, clientId: 'public', redirectUri: callback(name), claim: 'upn', allowInsecure: true },
    ...more,
  })
}

function open(
  signIn: NegotiatorOptions['signIn'] = [source(provider.issuer)],
  now = (): number => realm.now,
): Promise<CertifiedSite> {
  const options: NegotiatorOptions = {
    ...{
      keytab: realm.keytabFor('web'),
      kdc: realm.transport,
      session: { kind: 'cookie', keys: ['k'.repeat(32)] },
      signIn,
    },
    ...{
      delegation: { principal: 'web', protocolTransition: true },
      now,
      onFailed: (event) => void failures.push(event),
    },
  }
  const handle = ({ identity }: Visit): unknown => identity?.principal
  return certifiedSite(stacks[0].build({ options, handle }).listener, {}, port)
}

/** The address at which the issuer sends a browser back, which has not gone there yet. */
async function answerFor(browser: RoamingBrowser, user: string, name = 'oidc'): Promise<string> {
  const issuer = await browser.go(`${origin}/.s4u/${name}`)
  const auth = await browser.go(`${issuer.url}?user=${user}`, 1)
  return auth.headers.location ?? 'no location'
}

describe('somebody with two browsers', () => {
  test('cannot sign a victim in as himself: the answer belongs to the browser that began', async () => {
    await using _site = await open()
    const answer = await answerFor(new RoamingBrowser(), 'bob')
    const victim = new RoamingBrowser()
    await answerFor(victim, 'alice')
    const page = await victim.go(answer)
    expect([page.status, codes()]).toEqual([403, ['S4U_UNKNOWN_STATE']])
    expect(victim.cookiesFor(origin).has('__Host-s4u')).toBe(false)
  })

  test('cannot use a code that he has seen, with a sign-in of his own', async () => {
    await using _site = await open()
    const [victims, own] = [new RoamingBrowser(), new RoamingBrowser()]
    const stolen = new URL(await answerFor(victims, 'alice'))
    const mine = new URL(await answerFor(own, 'bob'))
    mine.searchParams.set('code', stolen.searchParams.get('code') ?? '')
    const page = await own.go(mine.href)
    expect([page.status, codes()]).toEqual([403, ['invalid_grant']])
  })

  test('cannot use an answer twice', async () => {
    await using _site = await open()
    const browser = new RoamingBrowser()
    const answer = await answerFor(browser, 'alice')
    const kept = new Map(browser.cookiesFor(origin))
    expect((await browser.go(answer)).body).toBe('"alice@AD.TEST"')
    expect((await browser.go(answer)).status).toBe(403)
    const copy = new RoamingBrowser()
    for (const [name, value] of kept) copy.cookiesFor(origin).set(name, value)
    expect((await copy.go(answer)).status).toBe(403)
    expect(codes()).toEqual(['S4U_UNKNOWN_STATE', 'invalid_grant'])
  })

  test('cannot keep an answer for later', async () => {
    let now = realm.now
    await using _site = await open(undefined, () => now)
    const browser = new RoamingBrowser()
    const answer = await answerFor(browser, 'alice')
    now += 601_000
    expect([(await browser.go(answer)).status, codes()]).toEqual([403, ['S4U_UNKNOWN_STATE']])
  })
})

test.each<[string, (url: URL) => void, string]>([
  ['two states', (url) => url.searchParams.append('state', 'x'), 'S4U_UNKNOWN_STATE'],
  ['no state', (url) => url.searchParams.delete('state'), 'S4U_UNKNOWN_STATE'],
  ['two codes', (url) => url.searchParams.append('code', 'x'), 'invalid_token'],
  ['no code', (url) => url.searchParams.delete('code'), 'invalid_token'],
  ['the name of another issuer', (url) => url.searchParams.set('iss', partner.issuer), 'invalid_token'],
  ['no name of the issuer', (url) => url.searchParams.delete('iss'), 'invalid_token'],
])('an answer with %s is refused', async (_what, change, code) => {
  await using _site = await open()
  const browser = new RoamingBrowser()
  const answer = new URL(await answerFor(browser, 'alice'))
  change(answer)
  expect([(await browser.go(answer.href)).status, codes()]).toEqual([403, [code]])
})

test('the answer of one issuer is none at the callback of another (mix-up)', async () => {
  await using _site = await open([source(provider.issuer), source(partner.issuer, 'partner')])
  const browser = new RoamingBrowser()
  await answerFor(browser, 'alice')
  const other = new URL(await answerFor(browser, 'bob', 'partner'))
  expect((await browser.go(`${callback('oidc')}${other.search}`)).status).toBe(403)
  expect(codes()).toEqual(['S4U_UNKNOWN_STATE'])
})

test('no code, state or token is in an event, an error or a page', async () => {
  await using _site = await open()
  const browser = new RoamingBrowser()
  const answer = new URL(await answerFor(browser, 'alice'))
  answer.searchParams.set('iss', partner.issuer)
  const page = await browser.go(answer.href)
  const { inspect } = await import('node:util')
  const shown =
    inspect(
      failures.map(({ error }) => error),
      { depth: 20, showHidden: true },
    ) + page.body
  for (const name of ['code', 'state']) expect(shown).not.toContain(answer.searchParams.get(name) ?? 'missing')
})

/** An issuer whose ID tokens are what a test wants. */
async function lyingIssuer(lie: (said: JWTPayload, key: KeyObject) => Promise<string>) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  let nonce = ''
  server.on('request', async (request, response) => {
    const url = new URL(request.url ?? '', issuer)
    response.setHeader('content-type', 'application/json')
    if (url.pathname.startsWith('/.well-known/'))
      response.end(
        JSON.stringify({
          issuer,
          authorization_endpoint: `${issuer}/auth`,
          token_endpoint: `${issuer}/token`,
          jwks_uri: `${issuer}/jwks`,
        }),
      )
    else if (url.pathname === '/jwks')
      response.end(JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'RS256', use: 'sig' }] }))
    else if (url.pathname === '/auth') {
      nonce = url.searchParams.get('nonce') ?? ''
      response
        .writeHead(303, {
          location: `${url.searchParams.get('redirect_uri')}?code=c&state=${url.searchParams.get('state')}`,
        })
        .end()
    } else {
      const seconds = Math.floor(Date.now() / 1_000)
      const said = {
        iss: issuer,
        aud: 'public',
        sub: 'alice',
        upn: 'alice@ad.test',
        nonce,
        iat: seconds,
        exp: seconds + 300,
      }
      response.end(JSON.stringify({ access_token: 'a', token_type: 'bearer', id_token: await lie(said, privateKey) }))
    }
  })
  return {
    issuer,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const signed = (said: JWTPayload, key: KeyObject): Promise<string> =>
  new SignJWT(said).setProtectedHeader({ alg: 'RS256', kid: 'k' }).sign(key)
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

describe('an ID token', () => {
  test('that is as it must be lets its user in', async () => {
    await using liar = await lyingIssuer(signed)
    await using _site = await open([source(liar.issuer)])
    expect((await new RoamingBrowser().go(`${origin}/.s4u/oidc`)).body).toBe('"alice@AD.TEST"')
  })

  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const seconds = Math.floor(Date.now() / 1_000)
  test.each<[string, (said: JWTPayload, key: KeyObject) => Promise<string>]>([
    ['for another client', (said, key) => signed({ ...said, aud: 'other' }, key)],
    [
      'for several clients, and this is not the one that asked',
      (said, key) => signed({ ...said, aud: ['public', 'x'], azp: 'x' }, key),
    ],
    ['of another issuer', (said, key) => signed({ ...said, iss: 'https://evil.test' }, key)],
    ['of another sign-in', (said, key) => signed({ ...said, nonce: 'x' }, key)],
    ['without a nonce', ({ nonce: _, ...said }, key) => signed(said, key)],
    ['that has ended', (said, key) => signed({ ...said, exp: seconds - 120 }, key)],
    ['of the future', (said, key) => signed({ ...said, nbf: seconds + 600 }, key)],
    ['without a subject', ({ sub: _, ...said }, key) => signed(said, key)],
    ['that somebody else has signed', (said) => signed(said, stranger)],
    ['that nobody has signed', async (said) => `${part({ alg: 'none' })}.${part(said)}.`],
    [
      'that was changed',
      async (said, key) => {
        const [head, , signature] = (await signed(said, key)).split('.')
        return `${head}.${part({ ...said, upn: 'bob@ad.test' })}.${signature}`
      },
    ],
    ['that is none', async () => 'x'],
  ])('%s lets nobody in', async (_what, lie) => {
    await using liar = await lyingIssuer(lie)
    await using _site = await open([source(liar.issuer)])
    const page = await new RoamingBrowser().go(`${origin}/.s4u/oidc`)
    expect([page.status, codes()]).toEqual([403, ['invalid_token']])
  })
})

test('an issuer that calls itself otherwise than the app does is not believed', async () => {
  await using site = await open([source(`${provider.issuer}/other`)])
  expect((await site.visit('/.s4u/oidc')).status).toBe(503)
  expect(codes()).toEqual(['temporarily_unavailable'])
})

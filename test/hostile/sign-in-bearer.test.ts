/** Tokens that are not those of the issuer, for this API, for this user. */

import { createHmac, generateKeyPairSync } from 'node:crypto'
import type { FailedEvent, NegotiatorOptions } from '@s4u/negotiate'
import { bearer, type BearerOptions } from '@s4u/sign-in'
import { type JWTPayload, SignJWT } from 'jose'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { certifiedSite, type CertifiedSite } from '../stories/fixtures/certified-site.js'
import { corporation } from '../stories/fixtures/corporation.js'
import { API_AUDIENCE, startProvider } from '../stories/fixtures/provider.js'
import { stacks, type Visit } from '../stories/fixtures/stacks.js'

const realm = await corporation()
const provider = await startProvider({ users: {}, redirectUris: ['http://127.0.0.1:1/'] })
const other = await startProvider({ users: {}, redirectUris: ['http://127.0.0.1:1/'] })
afterAll(async () => {
  for (const one of [provider, other, realm]) await one[Symbol.asyncDispose]()
})

const failures: FailedEvent[] = []
beforeEach(() => void failures.splice(0))

function open(options: Partial<BearerOptions> = {}, now = (): number => realm.now): Promise<CertifiedSite> {
  const own = { issuer: provider.issuer, audience: API_AUDIENCE, claim: 'upn', allowInsecure: true } as const
  const negotiator: NegotiatorOptions = {
    ...{ keytab: realm.keytabFor('web'), kdc: realm.transport, signIn: [bearer({ ...own, ...options })], now },
    ...{ delegation: { principal: 'web', protocolTransition: true }, onFailed: (event) => void failures.push(event) },
  }
  return certifiedSite(
    stacks[0].build({ options: negotiator, handle: ({ identity }: Visit) => identity?.principal }).listener,
  )
}

const call = (site: CertifiedSite, token: string) => site.visit('/', { headers: { authorization: `Bearer ${token}` } })
const ALICE = { upn: 'alice@ad.test' }
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const seconds = Math.floor(Date.now() / 1_000)
const said = (more: JWTPayload = {}): JWTPayload => ({
  ...{ iss: provider.issuer, aud: API_AUDIENCE, sub: 'alice', iat: seconds, exp: seconds + 300, ...ALICE, ...more },
})
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey

test('the token that they imitate is taken', async () => {
  await using site = await open()
  expect((await call(site, await provider.token(ALICE))).body).toBe('"alice@AD.TEST"')
})

test.each<[string, () => Promise<string>]>([
  ['that nobody has signed', async () => `${part({ alg: 'none', typ: 'at+jwt' })}.${part(said())}.`],
  [
    'signed with the public key as a shared secret',
    async () => {
      const signed = `${part({ alg: 'HS256', typ: 'at+jwt', kid: 'key-1' })}.${part(said())}`
      return `${signed}.${createHmac('sha256', provider.publicKey).update(signed).digest('base64url')}`
    },
  ],
  [
    'that somebody else has signed',
    () => new SignJWT(said()).setProtectedHeader({ alg: 'RS256', kid: 'key-1', typ: 'at+jwt' }).sign(stranger),
  ],
  ['of another issuer', () => other.token(ALICE)],
  ['of another issuer that takes the name of ours', () => other.token({ ...ALICE, iss: provider.issuer })],
  ['of our issuer under another name', () => provider.token({ ...ALICE, iss: `${provider.issuer}/` })],
  ['for another API', () => provider.token({ ...ALICE, aud: 'api://invoices' })],
  ['for no API', () => provider.token({ ...ALICE, aud: [] })],
  ['that has ended', () => provider.token({ ...ALICE, exp: seconds - 60 })],
  ['that never ends', () => provider.token({ ...ALICE, exp: undefined as never })],
  ['of the future', () => provider.token({ ...ALICE, nbf: seconds + 600 })],
  ['without a subject', () => provider.token({ ...ALICE, sub: undefined as never })],
  ['that is an ID token', () => provider.token({ ...ALICE, nonce: 'x' }, { typ: 'JWT' })],
  [
    'whose claims were changed',
    async () => {
      const [head, , signature] = (await provider.token(ALICE)).split('.')
      return `${head}.${part(said({ upn: 'bob@ad.test' }))}.${signature}`
    },
  ],
  [
    'with a critical header that is not known',
    async () => `${part({ alg: 'RS256', kid: 'key-1', typ: 'at+jwt', crit: ['x'], x: 1 })}.${part(said())}.AAAA`,
  ],
  ['that is none', async () => 'x.y.z'],
  ['that is opaque', async () => 'opaque'],
])('a token %s lets nobody in', async (_what, make) => {
  await using site = await open()
  const answer = await call(site, await make())
  expect([answer.status, failures.map(({ code }) => code)]).toEqual([401, ['invalid_token']])
  expect(answer.headers['www-authenticate']).toContain('error="invalid_token"')
})

describe('where access tokens are not marked (type JWT)', () => {
  test.each<[string, JWTPayload, string]>([
    ['with a nonce', { ...ALICE, scope: 'x', nonce: 'n' }, 'JWT'],
    ['with the hash of an access token', { ...ALICE, scope: 'x', at_hash: 'h' }, 'JWT'],
    ['without what only access tokens have', { ...ALICE, client_id: undefined as never }, 'JWT'],
    ['of another kind', { ...ALICE, scope: 'x' }, 'logout+jwt'],
  ])('a token %s is refused', async (_what, claims, typ) => {
    await using site = await open({ type: 'JWT' })
    expect((await call(site, await provider.token(claims, { typ }))).status).toBe(401)
  })
})

test.each([
  ['two @', 'alice@ad.test@AD.TEST'],
  ['a slash', 'HTTP/web@ad.test'],
  ['a backslash', 'AD\\alice'],
  ['a control', 'alice\u0000@ad.test'],
  ['a mark of direction', '\u202ealice@ad.test'],
  ['a space in front', ' alice@ad.test'],
  ['a list', ['alice@ad.test']],
  ['an object', { toString: 'alice@ad.test' }],
  ['a very long name', `${'a'.repeat(2_000)}@ad.test`],
])('a name with %s is nobody’s', async (_what, upn) => {
  await using site = await open()
  expect((await call(site, await provider.token({ upn }))).status).toBe(403)
  expect(failures.map(({ code }) => code)).toEqual(['S4U_CLAIM_UNUSABLE'])
})

test('a claim is the token’s own, and not what every object has', async () => {
  await using site = await open({ claim: 'constructor' })
  expect((await call(site, await provider.token(ALICE))).status).toBe(403)
})

test('a flood of unknown keys makes the issuer be asked once', async () => {
  await using site = await open()
  await call(site, await provider.token(ALICE))
  provider.asked.length = 0
  const flood = Array.from({ length: 50 }, (_, index) => provider.token(ALICE, { kid: `key-${index + 2}` }))
  const answers = await Promise.all((await Promise.all(flood)).map((token) => call(site, token)))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]))
  expect(provider.asked.length).toBeLessThanOrEqual(1)
})

test('a flood while the issuer’s keys cannot be read makes it be asked once in five seconds', async () => {
  let [asked, now] = [0, realm.now]
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    if (!url.endsWith('/jwks')) return globalThis.fetch(url, init)
    asked++
    return Promise.resolve(new Response('', { status: 500 }))
  }
  await using site = await open({ fetch }, () => now)
  const token = await provider.token(ALICE)
  for (let index = 0; index < 10; index++) expect((await call(site, token)).status).toBe(503)
  expect(asked).toBe(1)
  now += 6_000
  expect((await call(site, token)).status).toBe(503)
  expect(asked).toBe(2)
})

test('no token is in an event or an error', async () => {
  await using site = await open()
  const token = await provider.token({ ...ALICE, aud: 'other' })
  await call(site, token)
  const { inspect } = await import('node:util')
  const shown = inspect(
    failures.map(({ error }) => error),
    { depth: 20, showHidden: true },
  )
  for (const one of [...token.split('.'), 'alice@ad.test']) expect(shown).not.toContain(one)
})

/** Users of an OpenID provider outside, and Kerberos inside, by configuration alone. */

import { createGateway } from '@s4u/gateway'
import { ConfigurationError } from '@s4u/krb5'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from './fixtures/free-port.js'
import { API_AUDIENCE, type RunningProvider, startProvider } from './fixtures/provider.js'
import { RoamingBrowser } from './fixtures/roaming-browser.js'
import { ask, gatewaySite, type GatewaySite } from './gateway-site.js'

const port = await freePort()
const origin = `http://127.0.0.1:${port}`
const redirectUri = `${origin}/.s4u/oidc/callback`
let provider: RunningProvider
let site: GatewaySite

const issuer = (): { issuer: string; claim: string; allowInsecure: true } => ({
  issuer: provider.issuer,
  claim: 'upn',
  allowInsecure: true,
})

beforeAll(async () => {
  provider = await startProvider({
    users: { alice: { upn: 'alice@ad.test' }, bob: { upn: 'bob@ad.test' } },
    redirectUris: [redirectUri],
  })
  const signIn = [
    { oidc: { ...issuer(), clientId: 'secret', clientSecret: 'shared', redirectUri } },
    { bearer: { ...issuer(), audience: API_AUDIENCE } },
  ]
  site = await gatewaySite({
    site: { hosts: '127.0.0.1', paths: '/orders' },
    config: { signIn, listeners: { address: `127.0.0.1:${port}`, plain: true } },
  })
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await provider[Symbol.asyncDispose]()
})

describe('an OpenID provider', () => {
  test('signs people in, and the inner server knows each of them by a ticket', async () => {
    const path = '/orders?page=2'
    for (const user of ['alice', 'bob']) {
      const browser = new RoamingBrowser()
      const asked = await browser.go(origin + path)
      const link = /url=([^"]+)"/.exec(asked.body)?.[1]?.replaceAll('&#38;', '&') ?? '/no-link'
      const page = await browser.go(new URL(link, origin).href)
      expect(page.url).toContain(`${provider.issuer}/interaction/`)
      const back = await browser.go(`${page.url}?user=${user}`)
      expect([back.url, back.status, back.body]).toEqual([origin + path, 200, `${user}@AD.TEST ${path}`])
    }
  })
})

describe('an access token of the issuer', () => {
  const call = async (token: string) =>
    ask(port, '/orders/api', { host: `127.0.0.1:${port}`, headers: { authorization: `Bearer ${token}` } })

  test('lets a program in, in the name of its user; it stays outside', async () => {
    const token = await provider.token({ upn: 'alice@ad.test' })
    site.seen.splice(0)
    expect(await call(token)).toMatchObject({ status: 200, body: 'alice@AD.TEST /orders/api' })
    expect(site.seen.map(({ headers }) => headers.authorization?.split(' ')[0])).toEqual(['Negotiate'])
  })

  test.each([
    ['for another audience', { aud: 'api://else' }],
    ['that has ended', { exp: 1 }],
  ])('%s is refused, and nothing goes inside', async (_what, claims) => {
    site.seen.splice(0)
    const answer = await call(await provider.token({ upn: 'alice@ad.test', ...claims }))
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('error="invalid_token"'),
    ])
    expect(site.seen).toEqual([])
  })
})

describe('a configuration that could not work is refused at the start', () => {
  const listeners = { address: '127.0.0.1:0', plain: true }
  const sites = { hosts: 'a.test', to: 'http://b.test' }

  test('an address to come back to that is no address', () => {
    const oidc = { issuer: 'https://login.test', clientId: 'gateway', claim: 'upn', redirectUri: '/back' }
    expect(messageOf(() => createGateway({ listeners, sites, signIn: { oidc } }))).toContain(
      'signIn.oidc.redirectUri must be an address with https://',
    )
  })

  test('an address to come back to at another path', async () => {
    const wrong = { ...issuer(), clientId: 'public', redirectUri: `${origin}/callback` }
    const refused = await gatewaySite({ config: { signIn: [{ oidc: wrong }] } }).catch((error: unknown) => error)
    expect([refused instanceof ConfigurationError, String(refused)]).toEqual([
      true,
      expect.stringContaining('redirectUri must end in /.s4u/oidc/callback'),
    ])
  })
})

function messageOf(run: () => void): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigurationError) return `${error.message} ${error.hint}`
  }
  return 'no refusal'
}

import { expect, describe, test } from 'vitest'
import { Desktop } from '../stories/fixtures/corporation.js'
import { type Answer, type GatewaySite, gatewaySite, PUBLIC } from '../stories/gateway-site.js'

/** Clients, and machines that pose as proxies, who want to be somebody else to the inner server. */

const BROUGHT = [
  'X-S4U-User',
  'X_S4U_User',
  'x-s4u_groups',
  'Remote-User',
  'REMOTE_USER',
  'X-Remote-User',
  'X_Remote_User',
  'X-Forwarded-User',
  'X-Auth-Request-User',
  'X-authentik-username',
  'X-Pomerium-Claim-Email',
  'X-Client-Cert',
  'SSL-Client-S-DN',
  'X-Original-URL',
  'X-Rewrite-URL',
  // lighttpd makes HTTP_X_S4U_USER and HTTP_X_REMOTE_USER of these for programs behind CGI.
  'X.S4U.User',
  'X~Remote~User',
  'X|s4u!groups',
  'Proxy_Authorization',
  // HTTP_PROXY behind CGI (CVE-2016-5385).
  'Proxy',
  'X-WEBAUTH-USER',
  'OIDC_CLAIM_sub',
  'iv-user',
  'SM_USER',
  'Cf-Access-Authenticated-User-Email',
  'X-MS-CLIENT-PRINCIPAL-NAME',
]

/** Each value of a header that the inner server got, whichever way its name is written. */
function gotOf({ seen }: GatewaySite, name: string): string[] {
  const raw = seen.at(-1)?.rawHeaders ?? []
  const plain = (text: string) => text.toLowerCase().replaceAll(/[^a-z\d]/g, '-')
  return raw.filter((_, at) => at % 2 === 1 && plain(raw[at - 1]) === plain(name))
}

describe('a client of the gateway', () => {
  const site = { delegation: { service: 'HTTP/orders.ad.test', userHeaders: true } }

  test.each(BROUGHT)('that brings %s along brings nothing inside', async (name) => {
    await using gateway = await gatewaySite({ site })
    const { status } = await gateway.ask('/', { as: 'alice', headers: { [name]: 'root' } })
    expect(status).toBe(200)
    expect(gateway.seen.at(-1)?.rawHeaders.join('\n')).not.toContain('root')
    expect(gotOf(gateway, 'X-S4U-User')).toEqual(['alice@AD.TEST'])
    expect(gotOf(gateway, 'X-S4U-Groups')).toEqual([expect.stringMatching(/^S-1-5-21-[\d-]+(?:,S-1-[\d-]+)*$/)])
  })

  test.each(['X-S4U-User', 'x_s4u_user', 'Authorization', 'close, Authorization', 'Host', 'Cookie'])(
    'cannot take a header away with Connection: %s',
    async (name) => {
      await using gateway = await gatewaySite({ site })
      const { status } = await gateway.ask('/', { as: 'alice', headers: { connection: name } })
      expect([status, gateway.seen]).toEqual([400, []])
    },
  )

  test('who is known to nobody has no identity in a public place, whatever comes along', async () => {
    const open = { ...site, access: [{ allow: 'everybody' as const }] }
    await using gateway = await gatewaySite({ site: open, innerAuthenticates: false })
    await gateway.ask('/', {
      headers: { 'X-S4U-User': 'root', 'X-S4U-Groups': 'S-1-5-32-544', authorization: 'Basic eDp5' },
    })
    expect([gotOf(gateway, 'X-S4U-User'), gotOf(gateway, 'X-S4U-Groups')]).toEqual([[''], ['']])
    expect(gotOf(gateway, 'Authorization')).toEqual([])
  })
})

describe('whoever asks in the place of a proxy', () => {
  const CHECK = '/.s4u/authorize'
  const said = (changes: Readonly<Record<string, string | string[]>> = {}) => ({
    'X-Forwarded-Method': 'GET',
    'X-Forwarded-Proto': 'http',
    'X-Forwarded-Host': PUBLIC,
    'X-Forwarded-Uri': '/orders',
    ...changes,
  })
  const asking = (from: string) => gatewaySite({ config: { forwardAuth: { from, convention: 'forwarded' } } })
  const ticketIn = ({ headers }: Answer) => [headers.authorization, headers['x-s4u-user'], headers['x-s4u-groups']]

  test('gets a ticket of its user if it is named, and no other machine gets one', async () => {
    await using named = await asking('127.0.0.1')
    const answer = await named.ask(CHECK, { as: 'alice', headers: said() })
    expect([answer.status, ...ticketIn(answer)]).toEqual([
      200,
      expect.stringMatching(/^Negotiate /),
      'alice@AD.TEST',
      expect.stringMatching(/^S-1-5-21-/),
    ])
    await using other = await asking('192.0.2.1')
    const refused = await other.ask(CHECK, {
      as: 'alice',
      headers: said({ 'X-Forwarded-For': '192.0.2.1', 'X-Real-IP': '192.0.2.1', Forwarded: 'for=192.0.2.1' }),
    })
    expect([refused.status, ...ticketIn(refused)]).toEqual([403, undefined, undefined, undefined])
  })

  test('is told nothing where no proxy is named at all', async () => {
    await using gateway = await gatewaySite()
    const answer = await gateway.ask(CHECK, { as: 'alice', headers: said() })
    expect(ticketIn(answer)).toEqual([undefined, undefined, undefined])
  })

  test.each([
    ['another host', { 'X-Forwarded-Host': 'evil.test' }, 404],
    ['a host with a path', { 'X-Forwarded-Host': `${PUBLIC}/@evil.test` }, 400],
    ['two hosts', { 'X-Forwarded-Host': [PUBLIC, 'evil.test'] }, 400],
    ['hosts in a list', { 'X-Forwarded-Host': `evil.test, ${PUBLIC}` }, 400],
    ['a whole URL', { 'X-Forwarded-Uri': `http://${PUBLIC}/orders` }, 400],
    ['a backslash', { 'X-Forwarded-Uri': '/\\evil.test' }, 400],
    ['an encoded slash', { 'X-Forwarded-Uri': '/a%2f..%2fadmin' }, 400],
    ['dot segments', { 'X-Forwarded-Uri': '/orders/..;/admin' }, 400],
    ['another method', { 'X-Forwarded-Method': 'GET\tx' }, 400],
    ['another scheme', { 'X-Forwarded-Proto': 'https, http' }, 400],
  ])('and says %s gets no ticket', async (_, changes, status) => {
    await using gateway = await asking('127.0.0.1')
    const answer = await gateway.ask(CHECK, { as: 'alice', headers: said(changes) })
    expect([answer.status, ...ticketIn(answer)]).toEqual([status, undefined, undefined, undefined])
  })

  test('for a page of another site gets no ticket of the user: a form, and a WebSocket', async () => {
    await using gateway = await asking('127.0.0.1')
    const foreign = { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }
    const wishes: readonly Readonly<Record<string, string>>[] = [
      { 'X-Forwarded-Method': 'POST' },
      { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
    ]
    for (const changes of wishes) {
      const answer = await gateway.ask(CHECK, { as: 'alice', headers: { ...said(changes), ...foreign } })
      expect([answer.status, ...ticketIn(answer)]).toEqual([403, undefined, undefined, undefined])
    }
  })

  test('gets a ticket once for each token: a second check with it is a replay', async () => {
    await using gateway = await asking('127.0.0.1')
    const authorization = await new Desktop(gateway.realm, 'alice').authorization(`HTTP/${PUBLIC}`)
    const answers = [1, 2].map(() => () => gateway.ask(CHECK, { headers: { ...said(), authorization } }))
    const [first, second] = [await answers[0](), await answers[1]()]
    expect([first.status, first.headers['x-s4u-user']]).toEqual([200, 'alice@AD.TEST'])
    expect([second.status, ...ticketIn(second)]).toEqual([401, undefined, undefined, undefined])
  })

  test('asks for the challenge of a known user gets a way back within the site, and no ticket', async () => {
    await using gateway = await asking('127.0.0.1')
    const answer = await gateway.ask('/.s4u/challenge', {
      as: 'alice',
      headers: said({ 'X-Forwarded-Uri': '/orders?x=1' }),
    })
    expect([answer.status, answer.headers.location, ...ticketIn(answer)]).toEqual([
      303,
      'http://orders.example.com/orders?x=1',
      undefined,
      undefined,
      undefined,
    ])
  })

  test.each(['//evil.test/a', '///evil.test', '/.//evil.test', '//evil.test:80/?next=//evil.test'])(
    'and was asked for %s leads the user nowhere else, also where such paths pass',
    async (target) => {
      await using gateway = await gatewaySite({
        site: { strictPaths: false },
        config: { forwardAuth: { from: '127.0.0.1', convention: 'forwarded' } },
      })
      const answer = await gateway.ask('/.s4u/challenge', { as: 'alice', headers: said({ 'X-Forwarded-Uri': target }) })
      expect([answer.status, answer.headers.location]).toEqual([303, `http://orders.example.com${target}`])
    },
  )
})

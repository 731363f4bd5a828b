import { randomBytes } from 'node:crypto'
import type { Agent } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { FailedEvent, NegotiatorOptions, SessionOption } from '@s4u/negotiate'
import { API, corporation, Desktop, WEB } from './fixtures/corporation.js'
import { type Answer, oneConnection, serve } from './fixtures/serve.js'
import { stacks, type Visit } from './fixtures/stacks.js'

/** What a caller keeps who has authenticated once. */

const HOUR = 3_600_000
const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const bob = new Desktop(realm, 'bob')
const keys = [randomBytes(32)]
const delegation = { principal: 'web', protocolTransition: true }

/** What the backend would see. */
const whoseTicket = async ({ identity, url }: Visit): Promise<unknown> => {
  if (url !== '/backend') return identity ?? { principal: null }
  using caller = identity!.impersonate()
  const ticket = await caller.ticketFor(API)
  return { principal: `${ticket.client.name.nameString.join('/')}@${ticket.client.realm}` }
}

const cookiesOf = ({ headers }: Answer): string =>
  (headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')
const principalOf = ({ body }: Answer): unknown => JSON.parse(body).principal

describe.each(stacks)('$name with cookie sessions', (stack) => {
  const open = (session: SessionOption, more: NegotiatorOptions = {}) =>
    serve(
      stack.build({
        options: { keytab, kdc: realm.transport, delegation, session, ...more },
        handle: whoseTicket,
      }).listener,
    )

  test('knows who has signed in before, and still acts as that user, on another instance too', async () => {
    await using first = await open({ kind: 'cookie', keys })
    await using second = await open({ kind: 'cookie', keys })
    const signedIn = await first.get('/', { authorization: await alice.authorization() })
    expect(signedIn.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-s4u=1\.[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    const headers = { cookie: `theme=dark; ${cookiesOf(signedIn)}; lang=en` }
    for (const site of [first, second]) {
      const answer = await site.get('/', { headers })
      expect(answer.status).toBe(200)
      expect(JSON.parse(answer.body)).toEqual(JSON.parse(signedIn.body))
      expect(answer.headers['set-cookie']).toBeUndefined()
      expect(principalOf(await site.get('/backend', { headers }))).toBe('alice@AD.TEST')
    }
  })

  test('takes a session of other keys for none, says so to the operator, and takes the cookie away', async () => {
    const failures: FailedEvent[] = []
    await using site = await open({ kind: 'cookie', keys }, { onFailed: (event) => void failures.push(event) })
    await using other = await open('cookie')
    const headers = { cookie: cookiesOf(await other.get('/', { authorization: await alice.authorization() })) }
    const answer = await site.get('/', { headers })
    expect(answer.status).toBe(401)
    expect(answer.headers['www-authenticate']).toBe('Negotiate')
    expect(answer.headers['set-cookie']).toEqual(['__Host-s4u=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Lax'])
    expect(failures).toEqual([expect.objectContaining({ code: 'GSS_S_DEFECTIVE_CREDENTIAL' })])
    expect(failures[0].statusCode).toBeUndefined()
  })

  test('believes no cookie that was touched', async () => {
    await using site = await open({ kind: 'cookie', keys })
    const cookie = cookiesOf(await site.get('/', { authorization: await alice.authorization() }))
    for (const index of [20, cookie.length >> 1, cookie.length - 2]) {
      const changed = cookie.slice(0, index) + (cookie[index] === 'A' ? 'B' : 'A') + cookie.slice(index + 1)
      expect((await site.get('/', { headers: { cookie: changed } })).status).toBe(401)
    }
    for (const rubbish of [
      '__Host-s4u=',
      '__Host-s4u=1.',
      '__Host-s4u=9.AAAA',
      '__Host-s4u=1.%%%',
      '__Host-s4u=2.AAAA',
    ]) {
      expect((await site.get('/', { headers: { cookie: rubbish } })).status).toBe(401)
    }
  })

  test('goes on while keys are changed', async () => {
    const next = randomBytes(32)
    await using before = await open({ kind: 'cookie', keys })
    const cookie = cookiesOf(await before.get('/', { authorization: await alice.authorization() }))
    await using during = await open({ kind: 'cookie', keys: [next, ...keys] })
    expect((await during.get('/', { headers: { cookie } })).status).toBe(200)
    const renewed = cookiesOf(await during.get('/', { authorization: await alice.authorization() }))
    await using after = await open({ kind: 'cookie', keys: [next] })
    expect((await after.get('/', { headers: { cookie: renewed } })).status).toBe(200)
    expect((await after.get('/', { headers: { cookie } })).status).toBe(401)
  })

  test('ends a session after maxAge, and with the ticket at the latest', async () => {
    let later = 0
    const codes: string[] = []
    const more = { now: () => Date.now() + later, onFailed: ({ code }: FailedEvent) => void codes.push(code) }
    await using short = await open({ kind: 'cookie', keys, maxAge: HOUR }, more)
    await using long = await open({ kind: 'cookie', keys, maxAge: 1000 * HOUR }, more)
    const cookies = [short, long].map(async (site) =>
      cookiesOf(await site.get('/', { authorization: await alice.authorization() })),
    )
    const [shortCookie, longCookie] = await Promise.all(cookies)
    later = 2 * HOUR
    expect((await short.get('/', { headers: { cookie: shortCookie } })).status).toBe(401)
    expect((await long.get('/', { headers: { cookie: longCookie } })).status).toBe(200)
    later = 11 * HOUR
    expect((await long.get('/', { headers: { cookie: longCookie } })).status).toBe(401)
    expect(codes).toEqual(['GSS_S_CREDENTIALS_EXPIRED', 'GSS_S_CREDENTIALS_EXPIRED'])
  })

  test('lets a token speak louder than a cookie, and leaves other schemes alone', async () => {
    await using site = await open({ kind: 'cookie', keys }, { mode: 'optional' })
    const cookie = cookiesOf(await site.get('/', { authorization: await alice.authorization() }))
    const headers = { cookie }
    expect(principalOf(await site.get('/', { headers, authorization: await bob.authorization() }))).toBe('bob@AD.TEST')
    expect(principalOf(await site.get('/', { headers, authorization: 'Bearer eyJ' }))).toBeNull()
    expect((await site.get('/', { headers, authorization: 'Negotiate YII=' })).status).toBe(401)
  })

  test('does not let a caller be impersonated later who asked to be identified only', async () => {
    await using site = await open({ kind: 'cookie', keys })
    const signedIn = await site.get('/', { authorization: await alice.authorization(WEB, { identify: true }) })
    const answer = await site.get('/', { headers: { cookie: cookiesOf(signedIn) } })
    expect(JSON.parse(answer.body)).toMatchObject({ principal: 'alice@AD.TEST', impersonationLevel: 'identification' })
    expect((await site.get('/backend', { headers: { cookie: cookiesOf(signedIn) } })).status).toBe(403)
  })

  test('begins and ends a session for a user whom the app has authenticated itself', async () => {
    const handle = async (visit: Visit): Promise<unknown> => {
      const { negotiator, url, given, header } = visit
      if (url === '/login') {
        const user = await negotiator.identityFor('bob', { method: 'password' })
        for (const [name, value] of Object.entries(negotiator.startSession(user))) header(name, value)
        return {}
      }
      if (url !== '/logout') return whoseTicket(visit)
      for (const [name, value] of Object.entries(negotiator.endSession(given))) header(name, value)
      return {}
    }
    const options: NegotiatorOptions = {
      keytab,
      kdc: realm.transport,
      delegation,
      session: { kind: 'cookie', keys },
      mode: 'optional',
    }
    await using site = await serve(stack.build({ options, handle }).listener)
    const headers = { cookie: cookiesOf(await site.get('/login')) }
    expect(JSON.parse((await site.get('/', { headers })).body)).toMatchObject({
      principal: 'bob@AD.TEST',
      authenticationMethod: 'password',
      impersonationLevel: 'delegation',
    })
    expect(principalOf(await site.get('/backend', { headers }))).toBe('bob@AD.TEST')
    const goodbye = await site.get('/logout', { headers })
    expect(goodbye.headers['set-cookie']).toEqual([expect.stringMatching(/^__Host-s4u=; Max-Age=0; /)])
  })
})

test('a ticket that is too big for one cookie travels in several, and one that is too big for those makes no session', async () => {
  const groups = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => `S-1-5-21-7-8-9-${5000 + index}`)
  await realm.addUser('dave', { password: 'wonderland', groups: groups(150) })
  await realm.addUser('erin', { password: 'wonderland', groups: groups(900) })
  const warnings: string[] = []
  const warned = (warning: Error & { code?: string }): void => void warnings.push(warning.code ?? '')
  process.on('warning', warned)
  const options = { keytab, session: { kind: 'cookie', keys } } as const
  await using site = await serve(stacks[0].build({ options }).listener)
  const dave = await site.get('/', { authorization: await new Desktop(realm, 'dave').authorization() })
  expect(dave.headers['set-cookie']!.length).toBeGreaterThan(1)
  for (const cookie of dave.headers['set-cookie']!) expect(cookie.length).toBeLessThanOrEqual(4096)
  const again = await site.get('/', { headers: { cookie: cookiesOf(dave) } })
  expect(JSON.parse(again.body).groups).toHaveLength(JSON.parse(dave.body).groups.length)
  const headers = { cookie: cookiesOf(dave).split('; ').slice(0, -1).join('; ') }
  expect((await site.get('/', { headers })).status).toBe(401)
  const erin = await site.get('/', { authorization: await new Desktop(realm, 'erin').authorization() })
  expect(erin.status).toBe(200)
  expect(erin.headers['set-cookie']).toBeUndefined()
  await new Promise((resolve) => setImmediate(resolve))
  process.off('warning', warned)
  expect(warnings).toContain('S4U_SESSION_TOO_BIG')
})

describe.each(stacks)('$name with connection-bound sessions', (stack) => {
  const open = (more: NegotiatorOptions = {}) =>
    serve(stack.build({ options: { keytab, session: 'connection', ...more } }).listener)
  const signIn = async (site: Awaited<ReturnType<typeof open>>, desktop: Desktop, agent: Agent, headers = {}) =>
    site.get('/', { agent, headers, authorization: await desktop.authorization() })

  test('knows the caller for as long as the connection lasts, and says so', async () => {
    await using site = await open()
    const agent = oneConnection()
    const signedIn = await signIn(site, alice, agent)
    expect(signedIn.headers['persistent-auth']).toBe('true')
    expect(principalOf(await site.get('/', { agent }))).toBe('alice@AD.TEST')
    expect((await site.get('/', { agent: oneConnection() })).status).toBe(401)
  })

  test('binds nobody to the connection of a proxy, and forgets who was bound when one shows', async () => {
    await using site = await open()
    const headers = { 'x-forwarded-for': '10.0.0.1' }
    const agent = oneConnection()
    const proxied = await signIn(site, alice, agent, headers)
    expect(proxied.status).toBe(200)
    expect(proxied.headers['persistent-auth']).toBeUndefined()
    expect((await site.get('/', { agent })).status).toBe(401)
    const direct = oneConnection()
    await signIn(site, alice, direct)
    expect((await site.get('/', { agent: direct, headers })).status).toBe(401)
    expect((await site.get('/', { agent: direct })).status).toBe(401)
  })

  test('binds nobody any more to a connection that a second user shows on', async () => {
    await using site = await open()
    const agent = oneConnection()
    await signIn(site, alice, agent)
    const second = await signIn(site, bob, agent)
    expect(principalOf(second)).toBe('bob@AD.TEST')
    expect(second.headers['persistent-auth']).toBeUndefined()
    expect((await site.get('/', { agent })).status).toBe(401)
  })

  test('forgets the caller when a token on the connection is refused, and when the ticket ends', async () => {
    let later = 0
    await using site = await open({ now: () => Date.now() + later })
    const agent = oneConnection()
    await signIn(site, alice, agent)
    expect((await site.get('/', { agent, authorization: 'Negotiate YII=' })).status).toBe(401)
    expect((await site.get('/', { agent })).status).toBe(401)
    await signIn(site, alice, agent)
    expect((await site.get('/', { agent })).status).toBe(200)
    later = 11 * HOUR
    expect((await site.get('/', { agent })).status).toBe(401)
  })
})

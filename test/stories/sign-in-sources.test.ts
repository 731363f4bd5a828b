/** What holds for every way to sign in beside Negotiate, whoever writes the source. */

import { TLSSocket } from 'node:tls'
import { Duplex, Readable, Writable } from 'node:stream'
import {
  createNegotiator,
  identityGate,
  localTarget,
  type NegotiableRequest,
  type NegotiatorOptions,
  RejectedTokenError,
  type SignInSource,
  writeAuditTo,
} from '@s4u/negotiate'
import { describe, expect, test } from 'vitest'
import { corporation, Desktop, PASSWORD } from './fixtures/corporation.js'

await using realm = await corporation()
const alice = new Desktop(realm, 'alice')

interface Told {
  readonly screened: string[]
  readonly asked: string[]
}

/** A source that believes a user and a password in a header, and has a page of its own. */
function door(changes: Partial<Record<'requireTls' | 'ambient', boolean>> = {}, told?: Told): SignInSource {
  return {
    name: 'door',
    open(site) {
      return {
        ...changes,
        screen: ({ path }) => void told?.screened.push(path),
        brings: (request) => request.header('x-door') !== undefined || request.path === `${site.path}/door`,
        async signIn(request) {
          told?.asked.push(request.path)
          if (request.path === `${site.path}/door` && request.method === 'GET')
            return { status: 'answer', answer: { statusCode: 200, headers: {}, body: 'the door' } }
          const fields = request.method === 'POST' ? await request.fields() : undefined
          const [user, password] = fields
            ? [fields.get('user') ?? '', fields.get('password') ?? '']
            : (request.header('x-door') ?? '').split(':')
          const { clientAddress } = request
          const identity = await site.attempts.check({ user, clientAddress }, () =>
            site.identityFor({ user, password }, { method: 'door' }),
          )
          const location = fields && (localTarget(fields.get('next')) ?? '/')
          return { status: 'signed-in', identity, ...(location !== undefined && { location }) }
        },
        offer: (request) => ({
          challenges: ['Door realm="house"'],
          page: () => ({
            statusCode: 401,
            headers: { 'Content-Type': 'text/html; charset=utf-8' },
            body: `the door to ${request.returnTo} beside ${site
              .links(request)
              .map(({ href, label }) => `${href} ${label('en')}`)
              .join()}`,
          }),
        }),
      }
    },
  }
}

/** A source with a challenge and a link, which never signs anybody in. */
const bell: SignInSource = {
  name: 'bell',
  open: () => ({
    brings: (request) => request.header('x-bell') !== undefined,
    signIn: () =>
      Promise.resolve({ status: 'refused', error: new RejectedTokenError('deaf', { code: 'SEC_E_LOGON_DENIED' }) }),
    offer: () => ({ challenges: ['Bell'], link: { href: '/.s4u/bell', label: () => 'Ring' } }),
  }),
}

const make = (options: NegotiatorOptions = {}) =>
  createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web' },
    session: { kind: 'cookie', keys: ['k'.repeat(32)] },
    signInOptions: { attempts: { pace: 0 } },
    now: () => realm.now,
    signIn: [door()],
    ...options,
  })

const tls = (): NegotiableRequest['socket'] => new TLSSocket(new Duplex({ read() {}, write() {} }))
const over = (headers: NegotiableRequest['headers'], more: Partial<NegotiableRequest> = {}): NegotiableRequest => ({
  ...{ headers, method: 'GET', url: '/orders?page=2', socket: tls() },
  ...more,
})
const NAVIGATION = { 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'none' }

function posted(fields: Record<string, string>, headers: NegotiableRequest['headers'] = {}): NegotiableRequest {
  const body = new URLSearchParams(fields).toString()
  return Object.assign(Readable.from([Buffer.from(body)]), {
    ...{ method: 'POST', url: '/.s4u/door', socket: tls() },
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'same-origin', ...headers },
  })
}

describe('a caller who brings what a source takes', () => {
  test('is known by it, with a session, and counted and told with its name', async () => {
    const told: unknown[] = []
    using negotiator = make({ onAuthenticated: ({ by, source }) => void told.push({ by, source }) })
    const outcome = await negotiator.authenticate(over({ 'x-door': `alice:${PASSWORD}` }))
    expect(outcome).toMatchObject({ status: 'authenticated', by: 'sign-in', source: 'door' })
    expect(outcome.status === 'authenticated' && outcome.identity).toMatchObject({
      principal: 'alice@AD.TEST',
      authenticationMethod: 'door',
      impersonationLevel: 'delegation',
    })
    expect(outcome.headers).toMatchObject({ 'Set-Cookie': [expect.stringMatching(/^__Host-s4u=/)] })
    expect(told).toEqual([{ by: 'sign-in', source: 'door' }])
    expect(negotiator.counters).toMatchObject({
      authenticated: { 'sign-in': 1 },
      signIn: { door: { signedIn: 1, refused: {} } },
    })
  })

  test('is refused for what is wrong, with all offers again', async () => {
    const told: unknown[] = []
    using negotiator = make({
      onFailed: ({ code, source, statusCode }) => void told.push({ code, source, statusCode }),
    })
    const outcome = await negotiator.authenticate(over({ 'x-door': 'alice:looking-glass' }))
    expect(outcome).toMatchObject({
      ...{ status: 'challenge', statusCode: 401, error: { code: 'KDC_ERR_PREAUTH_FAILED' } },
      headers: { 'WWW-Authenticate': ['Negotiate', 'Door realm="house"'], 'Cache-Control': 'private, no-store' },
    })
    expect(told).toEqual([{ code: 'KDC_ERR_PREAUTH_FAILED', source: 'door', statusCode: 401 }])
    expect(negotiator.counters.signIn).toEqual({ door: { signedIn: 0, refused: { KDC_ERR_PREAUTH_FAILED: 1 } } })
  })

  test('keeps the session of the same user, and gets another in place of that of another', async () => {
    using negotiator = make()
    const cookieOf = async (headers: NegotiableRequest['headers']): Promise<string | undefined> => {
      const lines = (await negotiator.authenticate(over(headers))).headers['Set-Cookie']
      return lines && [...lines].map((line) => line.split(';')[0]).join('; ')
    }
    const first = await cookieOf({ 'x-door': `alice:${PASSWORD}` })
    expect(await cookieOf({ 'x-door': `alice:${PASSWORD}`, cookie: first })).toBeUndefined()
    expect(await cookieOf({ 'x-door': `bob:${PASSWORD}`, cookie: first })).toMatch(/^__Host-s4u=/)
  })

  test('is not looked at with a token of Negotiate beside it, even one that is refused', async () => {
    const told: Told = { screened: [], asked: [] }
    using negotiator = make({ signIn: [door({}, told)] })
    const authorization = await alice.authorization()
    const both = await negotiator.authenticate(over({ authorization, 'x-door': `bob:${PASSWORD}` }))
    expect(both).toMatchObject({ by: 'token', identity: { principal: 'alice@AD.TEST' } })
    const again = await negotiator.authenticate(over({ authorization, 'x-door': `bob:${PASSWORD}` }))
    expect(again).toMatchObject({ statusCode: 401, error: { code: 'KRB_AP_ERR_REPEAT' } })
    expect(told).toEqual({ screened: Array(2).fill('/orders'), asked: [] })
  })

  test('is refused unseen without TLS, unless a named proxy says that there is', async () => {
    const told: Told = { screened: [], asked: [] }
    using negotiator = make({ signIn: [door({}, told)], trustedProxies: ['192.0.2.0/24'] })
    const plain = (remoteAddress: string, headers: NegotiableRequest['headers'] = {}): NegotiableRequest =>
      over({ 'x-door': `alice:${PASSWORD}`, ...headers }, { socket: { remoteAddress } })
    for (const request of [
      plain('192.0.2.7'),
      plain('192.0.2.7', { 'x-forwarded-proto': 'http, https' }),
      plain('198.51.100.7', { 'x-forwarded-proto': 'https' }),
    ]) {
      const outcome = await negotiator.authenticate(request)
      expect(outcome).toMatchObject({ statusCode: 403, error: { code: 'S4U_TLS_REQUIRED' } })
    }
    expect(told.asked).toEqual([])
    const proxied = await negotiator.authenticate(plain('192.0.2.7', { 'x-forwarded-proto': 'https' }))
    expect(proxied).toMatchObject({ by: 'sign-in' })
    using plainly = make({ signIn: [door({ requireTls: false })] })
    expect(await plainly.authenticate(plain('198.51.100.7'))).toMatchObject({ by: 'sign-in' })
  })

  test('is refused where a page of another site sent it, unless no browser adds it', async () => {
    const foreign = { 'x-door': `alice:${PASSWORD}`, 'sec-fetch-site': 'cross-site', origin: 'https://evil.test' }
    using negotiator = make()
    expect(await negotiator.authenticate(over(foreign, { method: 'POST' }))).toMatchObject({
      ...{ statusCode: 403, error: { code: 'S4U_CROSS_SITE' } },
    })
    using other = make({ signIn: [door({ ambient: false })] })
    const outcome = await other.authenticate(over(foreign, { method: 'DELETE' }))
    expect(outcome).toMatchObject({ by: 'sign-in' })
  })
})

describe('an unknown caller', () => {
  test('is offered all challenges as a program, in the order of the list', async () => {
    using negotiator = make({ signIn: [bell, door()] })
    const { headers, ...outcome } = await negotiator.authenticate(over({}))
    expect(headers['WWW-Authenticate']).toEqual(['Negotiate', 'Bell', 'Door realm="house"'])
    expect(outcome).toMatchObject({ statusCode: 401, body: 'Sign in with Kerberos to use this service.\n' })
  })

  test('is shown the first page as a person, without the challenges of sources behind it', async () => {
    using negotiator = make({ signIn: [door(), bell] })
    const outcome = await negotiator.authenticate(over(NAVIGATION))
    expect(outcome).toMatchObject({
      statusCode: 401,
      headers: { 'WWW-Authenticate': 'Negotiate', 'Content-Type': 'text/html; charset=utf-8' },
      body: 'the door to /orders?page=2 beside /.s4u/bell Ring',
    })
    using other = make({ signIn: [bell, door()] })
    const { headers } = await other.authenticate(over(NAVIGATION))
    expect(headers['WWW-Authenticate']).toEqual(['Negotiate', 'Bell'])
  })

  test('is shown the page without Negotiate after a token that was refused', async () => {
    using negotiator = make()
    const outcome = await negotiator.authenticate(over({ ...NAVIGATION, authorization: 'Negotiate TlRMTVNTUAAB' }))
    expect(outcome).toMatchObject({ statusCode: 401, body: expect.stringContaining('the door') })
    expect(outcome.headers).not.toHaveProperty('WWW-Authenticate')
  })

  test('is offered nothing over plain HTTP that needs TLS', async () => {
    using negotiator = make()
    const { headers } = await negotiator.authenticate(over(NAVIGATION, { socket: { remoteAddress: '192.0.2.7' } }))
    expect(headers['WWW-Authenticate']).toBe('Negotiate')
  })
})

describe('a page of a source', () => {
  test('answers in place of the app, also for a caller with a token', async () => {
    using negotiator = make({ mode: 'optional' })
    const request = over({ authorization: await alice.authorization() }, { url: '/.s4u/door?next=/x' })
    expect(await negotiator.authenticate(request)).toMatchObject({ statusCode: 200, body: 'the door' })
  })

  test('leads on with a new session, and within the site only', async () => {
    using negotiator = make()
    const fields = { user: 'alice', password: PASSWORD, next: '/orders' }
    expect(await negotiator.authenticate(posted(fields))).toMatchObject({
      ...{ status: 'challenge', statusCode: 303, body: '' },
      headers: { Location: '/orders', 'Set-Cookie': [expect.stringMatching(/^__Host-s4u=/)] },
    })
    const evil = await negotiator.authenticate(posted({ ...fields, next: '//evil.test' }))
    expect(evil.headers.Location).toBe('/')
  })

  test('is refused where no session can begin', async () => {
    using negotiator = make({ session: false })
    const outcome = await negotiator.authenticate(posted({ user: 'alice', password: PASSWORD }))
    expect(outcome).toMatchObject({ statusCode: 403, error: { code: 'S4U_SESSION_NOT_BEGUN' } })
  })

  test('takes the fields that a body parser has read, and the path under which an app is mounted', async () => {
    using negotiator = make({ signInOptions: { path: '/app/.s4u', attempts: { pace: 0 } } })
    const request = Object.assign(posted({}), { url: '/.s4u/door' })
    const body = { user: 'bob', password: PASSWORD, next: '/app/' }
    const outcome = await negotiator.authenticate(request, { url: '/app/.s4u/door', body })
    expect(outcome).toMatchObject({ statusCode: 303, headers: { Location: '/app/' } })
  })

  test('for signing out ends the session of its own site alone', async () => {
    using negotiator = make()
    const signedIn = await negotiator.authenticate(posted({ user: 'alice', password: PASSWORD }))
    const cookie = String(signedIn.headers['Set-Cookie']).split(';')[0]
    const signOut = (site: string): NegotiableRequest => posted({}, { cookie, 'sec-fetch-site': site })
    const away = (request: NegotiableRequest) => negotiator.authenticate(request, { url: '/.s4u/sign-out' })
    expect(await away(signOut('cross-site'))).toMatchObject({ statusCode: 403 })
    expect(await away(signOut('same-origin'))).toMatchObject({
      ...{ statusCode: 303, headers: { Location: '/', 'Set-Cookie': [expect.stringMatching(/Max-Age=0/)] } },
    })
  })
})

test('a handshake for a WebSocket is known by a source too, and refused without a page', async () => {
  using negotiator = make()
  const upgrade = (headers: NegotiableRequest['headers']) =>
    negotiator.authenticateUpgrade(over({ upgrade: 'websocket', 'sec-fetch-site': 'same-origin', ...headers }))
  expect(await upgrade({ 'x-door': `alice:${PASSWORD}` })).toMatchObject({ by: 'sign-in' })
  const refused = await upgrade({ accept: 'text/html' })
  expect(refused.headers).toMatchObject({ 'Content-Type': 'text/plain; charset=utf-8' })
})

test('a route that needs a caller behind mode optional shows the page', async () => {
  using negotiator = make({ mode: 'optional' })
  const request = over(NAVIGATION)
  expect(await negotiator.authenticate(request)).toMatchObject({ status: 'anonymous' })
  expect(identityGate()(request, undefined)).toMatchObject({
    statusCode: 401,
    body: expect.stringContaining('the door'),
  })
})

test('the audit has each sign-in and each refusal, with the source and the address', async () => {
  const lines: string[] = []
  const stream = new Writable({ write: (chunk, _encoding, done) => (lines.push(String(chunk)), done()) })
  using _audit = writeAuditTo(stream)
  using negotiator = make({ clientAddress: () => '192.0.2.7' })
  await negotiator.authenticate(over({ 'x-door': `alice:${PASSWORD}` }))
  await negotiator.authenticate(over({ 'x-door': 'alice:looking-glass' }))
  const records = lines.map((line) => JSON.parse(line)).filter(({ source }) => source === 'door')
  expect(records).toMatchObject([
    { channel: 's4u:accept', outcome: 'accepted', client: 'alice@AD.TEST', clientAddress: '192.0.2.7' },
    { channel: 's4u:accept', outcome: 'refused', code: 'KDC_ERR_PREAUTH_FAILED', clientAddress: '192.0.2.7' },
  ])
  expect(lines.join('')).not.toMatch(/wonderland|looking-glass/)
})

test('attempts are counted before the KDC is asked, whatever the name is written like', async () => {
  using negotiator = make({ signInOptions: { attempts: { pace: 0, perUser: 3 } } })
  const attempt = (user: string, password: string) => negotiator.authenticate(over({ 'x-door': `${user}:${password}` }))
  const outcomes = await Promise.all(['alice', 'ALICE', 'alice@AD.TEST', 'álice', 'alice'].map((u) => attempt(u, 'x')))
  const codes = outcomes.map((outcome) => (outcome.status === 'challenge' ? outcome.error?.code : undefined))
  expect(codes.filter((code) => code === 'S4U_TOO_MANY_ATTEMPTS')).toHaveLength(2)
  const right = await attempt('alice', PASSWORD)
  expect(right).toMatchObject({ statusCode: 429, headers: { 'Retry-After': '2100' } })
  expect(await attempt('bob', PASSWORD)).toMatchObject({ by: 'sign-in' })
})

test.each([
  [{ signIn: [{}] }, 'signIn must be a list of ways to sign in'],
  [{ signIn: [bell, bell] }, 'signIn: bell is there twice'],
  [{ signInOptions: { path: '//evil' } }, 'is no path of this site'],
  [
    { signInOptions: { afterSignOut: '//evil' } },
    'signInOptions.afterSignOut: a text of 6 characters, which is not shown is no path of this site',
  ],
  [{ signInOptions: { attempts: { perUser: 0 } } }, 'signInOptions.attempts.perUser must be a whole number from 1'],
  [{ signInOptions: { attempts: { store: {} } } }, 'signInOptions.attempts.store must have take and settle'],
  [{ trustedProxies: ['proxy.ad.test'] }, 'trustedProxies: "proxy.ad.test" is neither an address nor a network'],
])('options that cannot work are refused at once: %j', (options, message) => {
  expect(() => make(options as never)).toThrow(message)
})

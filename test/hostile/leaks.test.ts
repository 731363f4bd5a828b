import { createAcceptor } from '@s4u/acceptor'
import { createKdcClient, type RandomSource } from '@s4u/kdc-client'
import { formatAuthorization } from '@s4u/gssapi'
import type { Keytab } from '@s4u/krb5'
import { type CallerIdentity, createNegotiator, type Negotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { createTestRealm } from '@s4u/test-kdc'
import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { API, Desktop, PASSWORD, WEB } from '../stories/fixtures/corporation.js'
import { Leaks } from './leaks.js'
import { Meddler } from './meddler.js'

/**
 * The main job in memory, with everything kept that anybody gets to see of it: each record on a
 * diagnostics channel, each event, each error with its causes, what is printed of each object, what
 * is written to the console. No key, password or ticket is in any of it.
 */

let leaks = new Leaks()
const lookedAt = { secrets: 0, shown: 0 }
const CHANNELS = ['s4u:accept', 's4u:kdc', 's4u:impersonate', 's4u:fetch']
const KEY_LENGTHS: readonly number[] = [16, 32]
const COOKIE_SECRET = 'a secret for cookies, long enough for them'
const SERVICE_PASSWORD = 'correct horse battery staple'

const show = (value: unknown): void => {
  leaks.show(inspect(value, { depth: Infinity, showHidden: true, maxArrayLength: Infinity, maxStringLength: Infinity }))
  leaks.show(JSON.stringify(value, (_key, each: unknown) => (typeof each === 'bigint' ? String(each) : each)) ?? '')
  leaks.show(String(value))
}

const showError = (error: unknown): void => {
  show(error)
  for (let each = error; each instanceof Error; each = each.cause) leaks.show(`${each.message} ${each.stack}`)
}

/** Random octets of the length of a key are one. */
const random: RandomSource = (length) => {
  const octets = new Uint8Array(randomBytes(length))
  if (KEY_LENGTHS.includes(length)) leaks.hide('random key', octets.slice())
  return octets
}

const onRecord = (record: unknown): void => show(record)

beforeAll(() => {
  for (const name of CHANNELS) subscribe(name, onRecord)
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const)
    vi.spyOn(console, method).mockImplementation((...values) => values.forEach(show))
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => show(warning))
})

beforeEach(() => {
  leaks = new Leaks()
})

afterEach(() => {
  lookedAt.secrets += leaks.secrets
  lookedAt.shown += leaks.shown
})

afterAll(() => {
  for (const name of CHANNELS) unsubscribe(name, onRecord)
  vi.restoreAllMocks()
})

async function world() {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    random,
    users: {
      alice: { password: PASSWORD, groups: ['Sales'] },
      bob: { password: PASSWORD },
      carol: { password: PASSWORD, sensitive: true },
    },
    services: {
      web: {
        spns: [WEB],
        password: SERVICE_PASSWORD,
        trustedToAuthForDelegation: true,
        allowedToDelegateTo: [API],
      },
      api: { spns: [API] },
      other: { spns: ['HTTP/other.ad.test'] },
    },
  })
  for (const account of ['web', 'api', 'other'])
    for (const { key } of realm.keytabFor(account).entries) leaks.hide(`key of ${account}`, key.exposeSecretBytes())
  return { realm, meddler: new Meddler(realm) }
}

type World = Awaited<ReturnType<typeof world>>

/** The site, which shows all that happens to it. */
function site({ realm, meddler }: World, options: NegotiatorOptions = {}): Negotiator {
  const listener = ({ request: _request, ...event }: object & { request?: unknown }): void => show(event)
  return createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: meddler.transport,
    delegation: { principal: 'web', protocolTransition: true },
    session: { kind: 'cookie', keys: [COOKIE_SECRET] },
    random,
    onEvent: show,
    onChallenge: listener,
    onAuthenticated: listener,
    onFailed: listener,
    fetch: { random, onEvent: show, fetch: backend(realm.keytabFor('api')), connections: 'shared' },
    ...options,
  })
}

/** What the site calls; it answers as a server does. */
function backend(keytab: Keytab): typeof globalThis.fetch {
  const negotiator = createNegotiator({ keytab, random, onEvent: show })
  return async (input, init) => {
    const headers = Object.fromEntries(new Request(input, init).headers)
    const outcome = await negotiator.authenticate({ headers })
    if (outcome.status === 'challenge') showError(outcome.error)
    const answer = new Headers()
    for (const [name, value] of Object.entries(outcome.headers)) answer.set(name, String(value))
    return new Response('', { status: outcome.status === 'challenge' ? outcome.statusCode : 200, headers: answer })
  }
}

async function callerOf(negotiator: Negotiator, authorization: string): Promise<CallerIdentity> {
  const outcome = await negotiator.authenticate({ headers: { authorization } })
  if (outcome.status !== 'authenticated') throw new Error(outcome.status)
  const cookie = [outcome.headers['Set-Cookie']]
    .flat()
    .join('; ')
    .replace(/; (Path|HttpOnly|Secure|SameSite)[^;]*/g, '')
  const again = await negotiator.authenticate({ headers: { cookie } })
  if (again.status !== 'authenticated') throw new Error(again.status)
  show({ ...outcome, headers: undefined })
  show({ ...again, headers: undefined })
  return again.identity
}

async function failing(attempt: () => unknown): Promise<void> {
  try {
    await attempt()
  } catch (error) {
    showError(error)
    return
  }
  throw new Error('it did not fail')
}

/** What everybody must keep to themselves, of all that has gone over the wire. */
function hideTickets(
  { meddler }: World,
  ...more: readonly { readonly encPart: { readonly cipher: Uint8Array } }[]
): void {
  for (const { encPart } of [...meddler.tickets, ...more]) leaks.hide('ticket', encPart.cipher)
  leaks.hideText('password', PASSWORD)
  leaks.hideText('password of the service', SERVICE_PASSWORD)
  leaks.hideText('secret of the cookies', COOKIE_SECRET)
}

describe('no key, password or ticket is shown', () => {
  test('when callers sign in and are acted for', async () => {
    const here = await world()
    using negotiator = site(here)
    const ticket = await new Desktop(here.realm, 'alice').ticketFor(WEB)
    leaks.hide('session key', ticket.sessionKey.exposeSecretBytes())
    const alice = await callerOf(negotiator, await new Desktop(here.realm, 'alice').authorization())
    const bob = await negotiator.identityFor('bob')
    show(negotiator)
    for (const identity of [alice, bob]) {
      using caller = identity.impersonate()
      show(identity)
      show(caller)
      expect((await caller.fetch('http://api.ad.test/orders')).status).toBe(200)
      const delegated = await caller.ticketFor(API)
      leaks.hide('session key', delegated.sessionKey.exposeSecretBytes())
      show(await caller.contextFor(API).then(() => caller))
      show(delegated.sessionKey)
    }
    hideTickets(here, ticket.ticket)
    expect(leaks.found()).toEqual([])
  })

  test('when tokens are refused', async () => {
    const here = await world()
    using negotiator = site(here)
    const token = await new Desktop(here.realm, 'alice').token()
    const flipped = token.map((octet, index) => (index === token.length - 30 ? octet ^ 1 : octet))
    const elsewhere = await new Desktop(here.realm, 'alice').token('HTTP/other.ad.test')
    for (const each of [
      token,
      token,
      flipped,
      elsewhere,
      token.subarray(0, 300),
      token.subarray(40),
      new Uint8Array(40),
    ]) {
      const outcome = await negotiator.authenticate({ headers: { authorization: formatAuthorization(each) } })
      show({ ...outcome, headers: undefined })
      if (outcome.status === 'challenge') showError(outcome.error)
    }
    for (const cookie of ['__Host-s4u=1.AAAA', `__Host-s4u=1.${Buffer.from(token).toString('base64url')}`])
      show(await negotiator.authenticate({ headers: { cookie } }))
    leaks.hide('token', token.subarray(200))
    hideTickets(here)
    expect(leaks.found()).toEqual([])
  })

  test('when the KDC refuses, lies or is away', async () => {
    const here = await world()
    const { realm } = here
    using negotiator = site(here)
    const alice = await callerOf(negotiator, await new Desktop(realm, 'alice').authorization())
    using caller = alice.impersonate()
    await failing(() => caller.fetch('http://other.ad.test/'))
    using carol = (await negotiator.identityFor('carol')).impersonate()
    await failing(() => carol.ticketFor(API))
    await failing(() => negotiator.identityFor('nobody'))
    for (const lie of ['wrongClient', 'wrongNonce', 'wrongService', 'downgradeEtype', 'truncate', 'dead'] as const) {
      realm.misbehave[lie] = true
      const client = createKdcClient({
        kdc: realm.transport,
        credentials: { principal: 'web', keytab: realm.keytabFor('web') },
        random,
      })
      await failing(() => client.ticketFor(API))
      realm.misbehave[lie] = false
    }
    for (const password of [SERVICE_PASSWORD, 'wrong']) {
      const credentials = { principal: 'web@AD.TEST', password: `${password}, but another` }
      const client = createKdcClient({ kdc: realm.transport, credentials, random })
      show(client)
      await failing(() => client.ticketFor(API))
    }
    hideTickets(here)
    expect(leaks.found()).toEqual([])
  })

  test('when the backend is not who it should be', async () => {
    const here = await world()
    using negotiator = site(here, {
      fetch: {
        random,
        onEvent: show,
        fetch: async () => new Response('', { headers: { 'WWW-Authenticate': 'Negotiate AAAA' } }),
        connections: 'shared',
      },
    })
    const alice = await callerOf(negotiator, await new Desktop(here.realm, 'alice').authorization())
    using caller = alice.impersonate()
    await failing(() => caller.fetch('http://api.ad.test/'))
    hideTickets(here)
    expect(leaks.found()).toEqual([])
  })

  test('when keytabs are damaged or lack the service', async () => {
    const here = await world()
    const file = here.realm.keytabFile('web')
    for (const damaged of [file.subarray(1), file.map((octet, at) => (at === 4 ? 0x7f : octet))])
      await failing(() => createNegotiator({ keytab: damaged }))
    // The record that is cut is left out, and told.
    using cut = createAcceptor({ keytab: file.subarray(0, file.length - 5), onEvent: show })
    show(cut)
    await failing(() => createNegotiator({ keytab: here.realm.keytabFor('api'), service: WEB }))
    using acceptor = createAcceptor({ keytab: file, onEvent: show })
    show(acceptor)
    show(here.realm.keytabFor('web'))
    hideTickets(here)
    expect(leaks.found()).toEqual([])
  })
})

test('the search finds what is shown', () => {
  const secret = new Uint8Array(randomBytes(32))
  const buffer = Buffer.from(secret)
  const shown = [
    buffer.toString('hex').toUpperCase(),
    inspect(buffer),
    inspect(secret),
    inspect({ deep: { in: [secret] } }, { depth: 9 }),
    JSON.stringify(secret),
    JSON.stringify([...secret]),
    buffer.toString('latin1'),
    ...[0, 1, 2].map((shift) => Buffer.concat([Buffer.alloc(shift), buffer, Buffer.alloc(2)]).toString('base64')),
  ]
  for (const [index, text] of shown.entries()) {
    const search = new Leaks()
    search.hide('key', secret)
    search.show(`before ${text} behind`)
    expect(search.found(), `as text ${index}`).toHaveLength(1)
  }
})

test('there was much to look at', () => {
  expect(lookedAt.secrets).toBeGreaterThan(200)
  expect(lookedAt.shown).toBeGreaterThan(200)
})

import { MemoryReplayStore } from '@s4u/acceptor'
import { createFetch } from '@s4u/fetch'
import { createKdcClient, type TicketStore } from '@s4u/kdc-client'
import { type CallerIdentity, createNegotiator, type Negotiator, respond, writeHeaders } from '@s4u/negotiate'
import type { TestRealm } from '@s4u/test-kdc'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { API, corporation, Desktop, PASSWORD } from './fixtures/corporation.js'
import { serve, type Serving } from './fixtures/serve.js'

/**
 * A backend gets a new key, as every account in a directory does now and then, and those who hold a
 * ticket for it go on.
 */
let realm: TestRealm
let api: Negotiator
let site: Serving
/** Follows the realm's, so that what was a while ago can be made so. */
const now = () => realm.now

beforeEach(async () => {
  realm = await corporation(() => Date.now())
  api = apiWithCurrentKey()
  site = await serve(async (request, response) => {
    const outcome = await api.authenticate(request)
    if (outcome.status === 'challenge') return respond(response, outcome)
    writeHeaders(response, outcome.headers)
    response.end(outcome.status === 'authenticated' ? outcome.identity.principal : '')
  })
})

afterEach(async () => {
  api[Symbol.dispose]()
  await site[Symbol.asyncDispose]()
})

function apiWithCurrentKey(): Negotiator {
  return createNegotiator({ keytab: realm.keytabFor('api'), kdc: realm.transport, now })
}

async function rotate(): Promise<void> {
  await realm.changePassword('api')
  api[Symbol.dispose]()
  api = apiWithCurrentKey()
}

function webServer(store?: TicketStore): Negotiator {
  return createNegotiator({
    keytab: realm.keytabFor('web'),
    now,
    // Each stands for another process, with a memory of its own.
    replayCache: new MemoryReplayStore({ now }),
    delegation: { principal: 'web', protocolTransition: true },
    fetch: { serviceNames: { '127.0.0.1': API } },
    kdc: { kdc: realm.transport, ...(store && { cache: { shared: { store, secret: 'x'.repeat(32) } } }) },
  })
}

async function arrive(web: Negotiator, authorization: string): Promise<CallerIdentity> {
  const outcome = await web.authenticate({ headers: { authorization } })
  if (outcome.status !== 'authenticated') throw new Error('the caller was not let in')
  return outcome.identity
}

async function callAs(identity: CallerIdentity): Promise<string> {
  using caller = identity.impersonate()
  const response = await caller.fetch(site.url)
  return `${response.status} ${await response.text()}`
}

const exchangesFor = (service: string) => realm.exchanges.filter((exchange) => exchange.service === service).length

describe('after a change of the backend’s key', () => {
  test('a caller who came with a ticket is served as before', async () => {
    using web = webServer()
    const alice = await arrive(web, await new Desktop(realm, 'alice').authorization())
    for (let changes = 0; changes < 3; changes++) {
      for (let calls = 0; calls < 2; calls++) expect(await callAs(alice)).toBe('200 alice@AD.TEST')
      expect(exchangesFor(API)).toBe(1 + changes)
      await rotate()
      realm.now += 60_000
    }
    expect(await callAs(alice)).toBe('200 alice@AD.TEST')
  })

  test('a caller whom the service vouches for is served as before, and is not vouched for again', async () => {
    using web = webServer()
    const bob = await web.identityFor('bob')
    expect(await callAs(bob)).toBe('200 bob@AD.TEST')
    await rotate()
    expect(await callAs(bob)).toBe('200 bob@AD.TEST')
    expect(realm.exchanges.map(({ kind }) => kind)).toEqual(['AS', 'AS', 'S4U2Self', 'S4U2Proxy', 'S4U2Proxy'])
  })

  test('the service itself is served as before', async () => {
    const credentials = { principal: 'alice', password: PASSWORD }
    const client = createKdcClient({ realm: realm.realm, kdc: realm.transport, credentials, now })
    const call = createFetch({
      ticketFor: (spn, options) => client.ticketFor(spn, options),
      serviceNames: { '127.0.0.1': API },
      now,
    })
    for (let changes = 0; changes < 2; changes++) {
      expect((await call(site.url)).status).toBe(200)
      await rotate()
    }
  })

  test('many requests at once are one question to the KDC', async () => {
    using web = webServer()
    const alice = await arrive(web, await new Desktop(realm, 'alice').authorization())
    await callAs(alice)
    await rotate()
    const answers = await Promise.all(Array.from({ length: 50 }, () => callAs(alice)))
    expect(new Set(answers)).toEqual(new Set(['200 alice@AD.TEST']))
    expect(exchangesFor(API)).toBe(2)
  })

  test('a ticket that instances share does not come back', async () => {
    const values = new Map<string, Uint8Array>()
    const store: TicketStore = {
      get: async (key) => values.get(key),
      set: async (key, value) => void values.set(key, value),
    }
    using web = webServer(store)
    const authorization = await new Desktop(realm, 'alice').authorization()
    const alice = await arrive(web, authorization)
    await callAs(alice)
    await rotate()
    expect(await callAs(alice)).toBe('200 alice@AD.TEST')
    using sibling = webServer(store)
    expect(await callAs(await arrive(sibling, authorization))).toBe('200 alice@AD.TEST')
    expect(exchangesFor(API)).toBe(2)
  })
})

test('a backend that never has the key is no reason to ask the KDC with every request', async () => {
  using web = webServer()
  const alice = await arrive(web, await new Desktop(realm, 'alice').authorization())
  await realm.changePassword('api')
  for (let call = 0; call < 20; call++) expect(await callAs(alice)).toMatch(/^401/)
  expect(exchangesFor(API)).toBe(2)
})

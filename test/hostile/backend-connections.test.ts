/**
 * A backend that authenticates connections, and users of one app who call it. Whatever stands in
 * for the platform's fetch, no request is served there as somebody who came before.
 */
import { createNegotiator, type CallerIdentity, type Negotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { createAcceptor } from '@s4u/acceptor'
import { fetch as ambientFetch } from '@s4u/fetch'
import type { TestRealm } from '@s4u/test-kdc'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { API, corporation, Desktop } from '../stories/fixtures/corporation.js'

type Fetch = typeof globalThis.fetch

const platformFetch = globalThis.fetch
const PEOPLE = ['alice', 'bob'] as const

let realm: TestRealm
let backend: Server
let origin: string
let seen: { readonly hadToken: boolean; readonly servedAs: string }[]

beforeEach(async () => {
  realm = await corporation(() => Date.now())
  const acceptor = createAcceptor({ keytab: realm.keytabFor('api') })
  const bound = new WeakMap<object, string>()
  seen = []
  backend = createServer({ maxHeaderSize: 65_536 }, async ({ socket, headers }, response) => {
    const parsed = parseAuthorization(headers.authorization)
    const outcome = parsed.status === 'token' ? await acceptor.accept(parsed.token) : undefined
    if (outcome?.status === 'accepted') {
      bound.set(socket, outcome.identity.principal)
      if (outcome.reply) response.setHeader('www-authenticate', formatChallenge(outcome.reply))
    }
    const servedAs = bound.get(socket) ?? 'nobody'
    seen.push({ hadToken: parsed.status === 'token', servedAs })
    response.end(servedAs)
  }).listen(0, '127.0.0.1')
  await once(backend, 'listening')
  origin = `http://127.0.0.1:${(backend.address() as AddressInfo).port}`
})

afterEach(async () => {
  globalThis.fetch = platformFetch
  backend.close()
  backend.closeAllConnections()
  await once(backend, 'close').catch(() => {})
})

function site(fetch: NegotiatorOptions['fetch'] = {}): Negotiator {
  return createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web', protocolTransition: true },
    fetch: { serviceNames: { '127.0.0.1': API }, ...fetch },
  })
}

async function callers(web: Negotiator): Promise<CallerIdentity[]> {
  return Promise.all(
    PEOPLE.map(async (name) => {
      const authorization = await new Desktop(realm, name).authorization()
      const outcome = await web.authenticate({ headers: { authorization } })
      if (outcome.status !== 'authenticated') throw new Error(outcome.status)
      return outcome.identity
    }),
  )
}

const losing: Fetch = (input, init) => platformFetch(new Request(new Request(input, init).url))
const passing: Fetch = (input, init) => platformFetch(input, init)

const refusal = {
  name: 'ConfigurationError',
  code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  hint: expect.stringContaining("connections: 'shared'"),
}

describe('users of one app, before a backend that authenticates connections', () => {
  test.each([
    ['the platform’s fetch', platformFetch],
    ['a wrapper that passes on what it is given', passing],
  ])('are served as themselves by %s, and nobody is served as one of them', async (_, below) => {
    using web = site()
    const [alice, bob] = await callers(web)
    globalThis.fetch = below
    for (const [caller, expected] of [
      [alice, 'alice@AD.TEST'],
      [bob, 'bob@AD.TEST'],
      [undefined, 'nobody'],
      [alice, 'alice@AD.TEST'],
    ] as const) {
      const answer = caller === undefined ? ambientFetch(origin) : caller.impersonate(() => ambientFetch(origin))
      expect(await (await answer).text()).toBe(expected)
    }
  })

  test.each(['in place of the global one', 'as the option'])(
    'get no token onto a connection of a fetch that loses the dispatcher, %s',
    async (place) => {
      using web = site(place === 'as the option' ? { fetch: losing } : {})
      if (place !== 'as the option') globalThis.fetch = losing
      for (const caller of await callers(web)) {
        using impersonation = caller.impersonate()
        await expect(impersonation.fetch(origin)).rejects.toMatchObject(refusal)
        await expect(caller.impersonate(() => ambientFetch(origin))).rejects.toMatchObject(refusal)
      }
      expect(await (await platformFetch(origin)).text()).toBe('nobody')
      expect(seen).toEqual([{ hadToken: false, servedAs: 'nobody' }])
    },
  )

  test('may share where the app says so', async () => {
    using web = site({ connections: 'shared', fetch: passing })
    for (const [index, caller] of (await callers(web)).entries()) {
      using impersonation = caller.impersonate()
      expect(await (await impersonation.fetch(origin)).text()).toBe(`${PEOPLE[index]}@AD.TEST`)
    }
  })
})

/**
 * Backends that authenticate a connection instead of each request on it, and fetches that send by
 * connections which all share. The next request on such a connection would be served as whoever
 * came before.
 */
import { Agent, fetch as undiciFetch } from 'undici'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { acceptorOf, authenticate, type Site } from '../../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { Connections } from '../connections/connections.js'
import type { CreateFetchOptions } from './fetch-options.js'
import type { Fetch } from '../options/token-options.js'

const { service, server, fetchAs, keep } = backendFixture()
const platformFetch = globalThis.fetch
afterEach(() => {
  globalThis.fetch = platformFetch
})

/** Authenticates connections, as IIS and mod_auth_gssapi can. */
async function connectionBound(): Promise<Site> {
  const acceptor = acceptorOf(service)
  const bound = new WeakMap<object, string>()
  const site = await server(async (incoming, response) => {
    const { socket, headers } = incoming
    const known = bound.get(socket)
    if (headers.authorization === undefined) return response.end(known ?? 'nobody')
    const principal = await authenticate(acceptor, incoming, response)
    if (principal !== undefined) bound.set(socket, principal)
    return principal
  })
  return site
}

const refusal = {
  name: 'ConfigurationError',
  code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
  hint: expect.stringContaining("connections: 'shared'"),
}

/** Fetches that lose what they are told about connections. */
const losing: [string, Fetch][] = [
  ['leaves the dispatcher out', (input, init) => platformFetch(input, withoutDispatcher(init))],
  [
    'makes a request of its arguments',
    (input, init) => platformFetch(new Request(String(input), withoutDispatcher(init))),
  ],
  ['brings its own connections', (input, init) => platformFetch(input, withDispatcher(init, shared))],
  [
    'answers after a while',
    async (input, init) => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return platformFetch(input, withoutDispatcher(init))
    },
  ],
]

const shared = new Agent({ connections: 1 })
afterAll(() => shared.destroy())

function withoutDispatcher(init: RequestInit | undefined): RequestInit {
  return withDispatcher(init, undefined)
}

function withDispatcher(init: RequestInit | undefined, dispatcher: Agent | undefined): RequestInit {
  const changed: object = { ...init, dispatcher }
  return changed
}

describe.each(losing)('a fetch that %s', (_, lose) => {
  test.each(['in place of the global one', 'as the option', 'as the option, with connections'])(
    '%s is refused before anything is sent',
    async (place) => {
      const { origin, seen } = await connectionBound()
      if (place === 'in place of the global one') globalThis.fetch = lose
      const connections = new Connections()
      keep(connections)
      const options: Partial<CreateFetchOptions> =
        place === 'in place of the global one'
          ? {}
          : { fetch: lose, ...(place.includes('connections') && { connections }) }
      for (const init of [{}, { method: 'POST', body: 'x' }, { headers: { authorization: 'NTLM x' } }]) {
        await expect(fetchAs('bob', options)(origin, init)).rejects.toMatchObject(refusal)
      }
      await expect(fetchAs('bob', { ...options, preemptive: false })(origin)).rejects.toMatchObject(refusal)
      expect(seen).toEqual([])
      expect(await (await platformFetch(origin)).text()).toBe('nobody')
    },
  )

  test('is used where the app says that it may be', async () => {
    const { origin } = await connectionBound()
    const answer = await fetchAs('bob', { fetch: lose, connections: 'shared' })(origin)
    expect(await answer.text()).toBe('bob@AD.TEST')
  })
})

test('a fetch that loses the dispatcher of some requests gets no token for those', async () => {
  const { origin, seen } = await connectionBound()
  const below: Fetch = (input, init) =>
    platformFetch(input, String(input).includes('/lost') ? withoutDispatcher(init) : init)
  const call = fetchAs('bob', { fetch: below })
  expect(await (await call(`${origin}/kept`)).text()).toBe('bob@AD.TEST')
  await expect(call(`${origin}/lost`)).rejects.toMatchObject(refusal)
  await expect(call(`${origin}/lost`, { headers: { authorization: 'NTLM x' } })).rejects.toMatchObject(refusal)
  expect(seen.map(({ headers }) => headers.authorization !== undefined)).toEqual([true, false, false])
  expect(await (await platformFetch(origin)).text()).toBe('nobody')
})

test('who wraps a fetch in a list of URLs is told what to add to it', async () => {
  const below: Fetch = async (input, init) => {
    if (!String(input).includes('localhost')) throw new Error(`${String(input)} is on no list of ours`)
    return platformFetch(input, init)
  }
  const error: unknown = await fetchAs('bob', { fetch: below })('http://localhost/').catch((one: unknown) => one)
  expect(error).toMatchObject({
    ...refusal,
    hint: expect.stringContaining('http://255.255.255.255/'),
    cause: expect.objectContaining({ message: 'http://255.255.255.255/ is on no list of ours' }),
  })
})

test('a fetch that answers from a memory of its own is not believed to have asked as this user', async () => {
  const below = vi.fn<Fetch>(async (input, init) =>
    String(input).includes('remembered') ? new Response('of somebody') : platformFetch(input, init),
  )
  await expect(fetchAs('bob', { fetch: below })('http://localhost/remembered')).rejects.toMatchObject(refusal)
})

describe.each<[string, Fetch | undefined]>([
  ['the platform’s fetch', undefined],
  ['the platform’s fetch as the option', platformFetch],
  ['undici’s own fetch', (input, init) => Reflect.apply(undiciFetch, undefined, [input, init])],
  ['a wrapper that passes on what it is given', (input, init) => platformFetch(input, init)],
])('by %s', (_, below) => {
  test('two users and nobody have connections of their own', async () => {
    const { origin, seen } = await connectionBound()
    const options = below === undefined ? {} : { fetch: below }
    const [alice, bob] = [fetchAs('alice', options), fetchAs('bob', options)]
    const answers: string[] = []
    for (const call of [alice, bob, platformFetch, alice, bob, platformFetch]) {
      answers.push(await (await call(origin)).text())
    }
    expect(answers).toEqual([...Array(2)].flatMap(() => ['alice@AD.TEST', 'bob@AD.TEST', 'nobody']))
    const omitted = await alice(origin, { credentials: 'omit' })
    expect(await omitted.text()).toBe('nobody')
    expect(new Set(seen.map(({ port, principal }) => `${port} ${principal}`)).size).toBe(
      new Set(seen.map(({ port }) => port)).size,
    )
  })
})

/**
 * Web-standard requests where the runtime tells little of their connections, as Bun.serve and
 * Deno.serve do. That all other stories hold for them too is the stack `web-standard requests`.
 */

import { fetch as fetchAsCaller } from '@s4u/fetch'
import {
  createNegotiator,
  type FailedEvent,
  identityGate,
  impersonationGate,
  type NegotiatorOptions,
  respond,
  writeHeaders,
} from '@s4u/negotiate'
import { trustedHeader } from '@s4u/sign-in'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CautiousClient } from './fixtures/cautious-client.js'
import { API, corporation, Desktop } from './fixtures/corporation.js'
import { oneConnection, serve, type Serving } from './fixtures/serve.js'
import { bridge, type Env } from './fixtures/web/bridge.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const bob = new Desktop(realm, 'bob')

const whoami = (_request: Request, { principal }: { readonly principal: string }, _env: Env): Response =>
  Response.json({ principal })

/** A site whose runtime tells the address of the client, and nothing else. */
function site(options: NegotiatorOptions = {}): Promise<Serving> {
  const connection = () => ({ clientAddress: '127.0.0.1' })
  return serve(bridge(createNegotiator({ keytab, ...options }).protect(whoami, { connection })))
}

const principalOf = ({ body }: { readonly body: string }): unknown => JSON.parse(body).principal

describe('where the runtime does not tell the connection', () => {
  test('a caller signs in with one token', async () => {
    await using web = await site()
    expect((await web.get()).status).toBe(401)
    expect(principalOf(await web.get('/', { authorization: await alice.authorization() }))).toBe('alice@AD.TEST')
  })

  test('several legs are refused, and the log says what to give', async () => {
    const failed: FailedEvent[] = []
    await using web = await site({ onFailed: (event) => void failed.push(event) })
    const agent = oneConnection()
    expect((await new CautiousClient({ site: web, agent, desktop: alice }).signIn()).status).toBe(401)
    expect(failed).toMatchObject([
      {
        code: 'GSS_S_UNAVAILABLE',
        error: { hint: expect.stringContaining('authenticateRequest(request, { socket })') },
      },
    ])
    agent.destroy()
  })

  test('no session of a connection begins, so that one caller is never another', async () => {
    await using web = await site({ session: 'connection' })
    const agent = oneConnection()
    const first = await web.get('/', { agent, authorization: await alice.authorization() })
    expect([first.status, first.headers['persistent-auth']]).toEqual([200, undefined])
    expect((await web.get('/', { agent })).status).toBe(401)
    expect(principalOf(await web.get('/', { agent, authorization: await bob.authorization() }))).toBe('bob@AD.TEST')
    agent.destroy()
  })

  test('a cookie keeps the caller', async () => {
    await using web = await site({ session: { kind: 'cookie', keys: ['k'.repeat(32)], secure: false } })
    const first = await web.get('/', { authorization: await alice.authorization() })
    const cookie = (first.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')
    expect(principalOf(await web.get('/', { headers: { cookie } }))).toBe('alice@AD.TEST')
    expect((await web.get()).status).toBe(401)
  })

  test('a token is good once, whatever Request object it comes in', async () => {
    await using web = await site()
    const authorization = await alice.authorization()
    expect((await web.get('/', { authorization })).status).toBe(200)
    expect((await web.get('/', { authorization })).status).toBe(401)
  })

  test('a page of another site opens no WebSocket, in no mode', async () => {
    const negotiator = createNegotiator({ keytab, crossSite: 'allow' })
    const headers = { upgrade: 'websocket', origin: 'https://evil.example' }
    for (const mode of ['required', 'optional', 'off'] as const) {
      const outcome = await negotiator.authenticateRequest(new Request('https://web.ad.test/chat', { headers }), {
        mode,
      })
      expect(outcome).toMatchObject({ status: 'challenge', statusCode: 403 })
    }
  })
})

describe('where the runtime gives the socket', () => {
  test('several legs go on, each on its connection', async () => {
    const negotiator = createNegotiator({ keytab })
    const handler = negotiator.protect(whoami, {
      connection: (_request, { incoming: { socket } }) => ({ socket }),
    })
    await using web = await serve(bridge(handler))
    const [agent, other] = [oneConnection(), oneConnection()]
    expect(principalOf(await new CautiousClient({ site: web, agent, desktop: alice }).signIn())).toBe('alice@AD.TEST')
    const { answer, mechTypes } = await new CautiousClient({ site: web, agent, desktop: alice }).begin()
    const elsewhere = new CautiousClient({ site: web, agent: other, desktop: alice })
    expect((await elsewhere.finish(answer, mechTypes)).status).toBe(401)
    agent.destroy()
    other.destroy()
  })

  test('an object that stands for the connection will do', async () => {
    const connections = new WeakMap<object, object>()
    const negotiator = createNegotiator({ keytab })
    const handler = negotiator.protect(whoami, {
      connection(_request, { incoming: { socket } }) {
        const mine = connections.get(socket) ?? {}
        connections.set(socket, mine)
        return { clientAddress: '127.0.0.1', socket: mine }
      },
    })
    await using web = await serve(bridge(handler))
    const agent = oneConnection()
    expect(principalOf(await new CautiousClient({ site: web, agent, desktop: bob }).signIn())).toBe('bob@AD.TEST')
    agent.destroy()
  })
})

describe('a protected handler', () => {
  let api: Serving
  let options: NegotiatorOptions

  beforeAll(async () => {
    const backend = createNegotiator({ keytab: realm.keytabFor('api') })
    api = await serve(async (request, response) => {
      const outcome = await backend.authenticate(request)
      if (outcome.status === 'challenge') return respond(response, outcome)
      writeHeaders(response, outcome.headers)
      response.end(outcome.identity?.principal)
    })
    const serviceNames = { [new URL(api.url).host]: API }
    options = { keytab, kdc: realm.transport, delegation: { principal: 'web' }, fetch: { serviceNames } }
  })
  afterAll(() => api[Symbol.asyncDispose]())

  test('calls its backend as the caller', async () => {
    const handler = createNegotiator(options).protect(async (_request, identity) => {
      using caller = identity.impersonate()
      return new Response(await (await caller.fetch(api.url)).text())
    })
    await using web = await serve(bridge(handler))
    expect((await web.get('/', { authorization: await alice.authorization() })).body).toBe('alice@AD.TEST')
  })

  test('runs as the caller behind a gate that says so', async () => {
    const negotiator = createNegotiator(options)
    const gates = [identityGate(), negotiator.impersonation('required')]
    const handler = negotiator.protect(async () => new Response(await (await fetchAsCaller(api.url)).text()), { gates })
    await using web = await serve(bridge(handler))
    expect((await web.get('/', { authorization: await bob.authorization() })).body).toBe('bob@AD.TEST')
  })

  test('answers a refused delegation with its status, and tells the operator', async () => {
    const told: unknown[] = []
    const negotiator = createNegotiator({ ...options, delegation: { principal: 'web', allow: [] } })
    const handler = negotiator.protect(async (_request, identity) => identity.impersonate().fetch(api.url), {
      onError: ({ code, hint }) => void told.push({ code, hint }),
    })
    await using web = await serve(bridge(handler))
    const answer = await web.get('/', { authorization: await alice.authorization() })
    expect([answer.status, answer.body]).toEqual([403, 'Forbidden\n'])
    expect(answer.headers['www-authenticate']).toMatch(/^Negotiate ./)
    expect(told).toEqual([{ code: 'KDC_ERR_POLICY', hint: expect.any(String) }])
  })

  test('is behind an app that impersonates every caller', async () => {
    const negotiator = createNegotiator({ ...options, impersonateCallerForAllOperations: true })
    const handler = negotiator.protect(async () => new Response(await (await fetchAsCaller(api.url)).text()))
    await using web = await serve(bridge(handler))
    expect((await web.get('/', { authorization: await alice.authorization() })).body).toBe('alice@AD.TEST')
    expect(() => negotiator.impersonation('notAllowed')).toThrow('notAllowed')
    expect(impersonationGate('allowed')).toBeTypeOf('function')
  })
})

describe('a header that a source takes away', () => {
  const signIn = [trustedHeader({ from: ['10.0.0.7'], level: 'identification' })]
  const asked = () => {
    const headers = { 'x-remote-user': 'bob', x_remote_user: 'bob', 'x-more': 'stays' }
    const abort = new AbortController()
    const request = new Request('https://web.ad.test/a?b=c', {
      ...{ method: 'PUT', headers, body: 'octets', signal: abort.signal },
    })
    return { request, abort }
  }
  const connection = () => ({ clientAddress: '127.0.0.1' })

  async function handed(request: Request): Promise<{ request: Request; status: number }> {
    using negotiator = createNegotiator({ keytab, signIn, mode: 'optional' })
    const seen: Request[] = []
    const options = { connection, mode: 'optional' } as const
    const handler = negotiator.protect((given) => (seen.push(given), new Response('here')), options)
    const { status } = await handler(request)
    return { request: seen[0], status }
  }
  const shown = async (request: Request): Promise<unknown> => [
    ...[request.method, request.url, [...request.headers.keys()].sort(), await request.text()],
  ]
  const RIGHT = ['PUT', 'https://web.ad.test/a?b=c', ['content-type', 'x-more'], 'octets']

  test('is not in the request of the handler', async () => {
    const { request, abort } = asked()
    const given = await handed(request)
    expect(given.status).toBe(200)
    expect(await shown(given.request)).toEqual(RIGHT)
    abort.abort()
    expect(given.request.signal.aborted).toBe(true)
  })

  test('is not there either where the runtime lets nobody change headers', async () => {
    const { request, abort } = asked()
    Object.defineProperty(request.headers, 'delete', {
      value: () => {
        throw new TypeError('immutable')
      },
    })
    const given = await handed(request)
    expect(await shown(given.request)).toEqual(RIGHT)
    abort.abort()
    expect(given.request.signal.aborted).toBe(true)
  })

  test('stays where the named peer has sent it, and the request is the same one', async () => {
    using negotiator = createNegotiator({
      ...{ keytab, kdc: realm.transport, now: () => realm.now, mode: 'optional' },
      signIn: [trustedHeader({ from: ['127.0.0.1'], level: 'identification' })],
    })
    const request = new Request('https://web.ad.test/', { headers: { 'x-remote-user': 'bob' } })
    let seen: Request | undefined
    await negotiator.protect((given) => ((seen = given), new Response('here')), { connection })(request)
    expect(seen).toBe(request)
    expect(request.headers.get('x-remote-user')).toBe('bob')
  })
})

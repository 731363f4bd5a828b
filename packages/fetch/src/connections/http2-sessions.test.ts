/**
 * HTTP/2 by an Agent of the app's, and a backend that authenticates a session once and serves all
 * that come by it as the first. No request of another identity may come by such a session.
 */
import { once } from 'node:events'
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { Agent, type Dispatcher, fetch as undiciFetch, request } from 'undici'
import { describe, expect, test } from 'vitest'
import { CERTIFICATES } from '../../../../test/stories/certificates.js'
import { acceptorOf, authenticate, issueTicket } from '../../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { Connections } from './connections.js'
import type { CreateFetchOptions } from '../fetch/fetch-options.js'
import { type InterceptorOptions, negotiateInterceptor } from '../interceptor.js'
import { createFetch } from '../fetch/create-fetch.js'
import type { Fetch } from '../options/token-options.js'

const { service, keep, keepAgent } = backendFixture()
const [certificate] = CERTIFICATES
interface Bound {
  readonly origin: string
  /** Whom each request was served as, and by which connection; `as` is whom its own token named. */
  readonly seen: { readonly served: string; readonly port: number; readonly version: string }[]
  /** Ends all connections. */
  end(): void
}

/** Authenticates connections, HTTP/2 sessions included, as IIS and mod_auth_gssapi can. */
async function connectionBound(protocolOf?: (count: number) => string): Promise<Bound> {
  const acceptor = acceptorOf(service)
  const bound = new WeakMap<object, string>()
  const seen: Bound['seen'] = []
  let connections = 0
  const handle = async (incoming: Http2ServerRequest, response: Http2ServerResponse): Promise<void> => {
    const connection: object = incoming.stream?.session ?? incoming.socket
    const { remotePort: port = 0 } = incoming.socket
    const known = bound.get(connection)
    const note = (served: string) => void seen.push({ served, port, version: incoming.httpVersion })
    if (known !== undefined) {
      note(known)
      response.end(known)
      return
    }
    const principal = await authenticate(acceptor, incoming as never, response as never)
    if (principal !== undefined) bound.set(connection, principal)
    note(principal ?? 'nobody')
  }
  const settings = { allowHTTP1: true, ...(protocolOf && { ALPNCallback: () => protocolOf(connections++) }) }
  const server: Http2SecureServer = createSecureServer(
    { ...certificate, ...settings },
    (incoming, response) => void handle(incoming, response),
  )
  const sockets = new Set<Socket>()
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0)
  await once(server, 'listening')
  const end = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  const close = async (): Promise<void> => {
    server.close()
    end()
  }
  keep({ [Symbol.asyncDispose]: close })
  return { origin: `https://localhost:${(server.address() as AddressInfo).port}`, seen, end }
}

const agentWith = (options: Agent.Options) => keepAgent(new Agent({ connect: { ca: certificate.cert }, ...options }))

const anotherAgent = () => agentWith({ allowH2: true })

const refused = (who: string) => ({
  name: 'ConfigurationError',
  code: 'HTTP_1_1_REQUIRED',
  status: 500,
  message: expect.stringMatching(
    new RegExp(`^a request ${who} would share an HTTP/2 session to https://localhost:\\d+ with another identity`),
  ),
})

/**
 * A backend that serves by the session proves nothing, and one that is believed all the same is the
 * danger here.
 */
const UNPROVEN: Partial<CreateFetchOptions> = { mutualAuthentication: 'off' }

describe.each<[string, Fetch | undefined]>([
  ['the platform’s fetch', undefined],
  ['undici’s own fetch', (input, init) => Reflect.apply(undiciFetch, undefined, [input, init])],
])('a dispatcher that comes with a request, by %s,', (_, below) => {
  const callAs = (user: string, options: Partial<CreateFetchOptions> = {}) => {
    const ticket = issueTicket(service, user)
    const call = createFetch({
      ticketFor: async () => ticket,
      ...UNPROVEN,
      ...(below && { fetch: below }),
      ...options,
    })
    return async (agent: Dispatcher | undefined, url: string, init: RequestInit = {}) => {
      const sent: object = { ...init, ...(agent && { dispatcher: agent }) }
      return (await call(url, sent)).text()
    }
  }

  test('carries one identity by HTTP/2, and no other by its session', async () => {
    const { origin, seen } = await connectionBound()
    const agent = agentWith({ allowH2: true })
    const [alice, bob] = [callAs('alice'), callAs('bob')]
    expect(await alice(agent, origin)).toBe('alice@AD.TEST')
    await expect(bob(agent, origin)).rejects.toMatchObject(refused('as bob@AD.TEST'))
    await expect(bob(agent, origin, { method: 'POST', body: 'x' })).rejects.toMatchObject(refused('as bob@AD.TEST'))
    await expect(alice(agent, origin, { credentials: 'omit' })).rejects.toMatchObject(refused('without credentials'))
    await expect(alice(agent, origin, { headers: { authorization: 'Basic x' } })).rejects.toMatchObject(
      refused('with its own Authorization'),
    )
    expect(await alice(agent, origin)).toBe('alice@AD.TEST')
    expect(seen.map(({ served, version }) => `${served} ${version}`)).toEqual(Array(2).fill('alice@AD.TEST 2.0'))
    expect(new Set(seen.map(({ port }) => port)).size).toBe(1)
  })

  test('does what the hint of the refusal says', async () => {
    const { origin } = await connectionBound()
    const shared = agentWith({ allowH2: true })
    await callAs('alice')(shared, origin)
    await expect(callAs('bob')(shared, origin)).rejects.toMatchObject({
      hint: 'Give the requests of each identity an Agent of their own, or one without HTTP/2 to all: new Agent({ allowH2: false }). Without a dispatcher, connections: new Connections({ allowH2: true }) keeps sessions apart for each ticket by itself.',
    })
    const connections = new Connections({ allowH2: true, tls: { ca: certificate.cert } })
    keep(connections)
    const plain = agentWith({ allowH2: false })
    for (const user of ['alice', 'bob', 'alice']) {
      expect(await callAs(user)(anotherAgent(), origin)).toBe(`${user}@AD.TEST`)
      expect(await callAs(user)(plain, origin)).toBe(`${user}@AD.TEST`)
      expect(await callAs(user, { connections })(undefined, origin)).toBe(`${user}@AD.TEST`)
    }
  })

  test.each([{ connections: 1 }, {}])('lets the first of two decide which come at once (%j)', async (options) => {
    const { origin, seen } = await connectionBound()
    const agent = agentWith({ allowH2: true, ...options })
    const answers = await Promise.allSettled([callAs('alice')(agent, origin), callAs('bob')(agent, origin)])
    expect(answers).toEqual([
      { status: 'fulfilled', value: 'alice@AD.TEST' },
      { status: 'rejected', reason: expect.objectContaining(refused('as bob@AD.TEST')) },
    ])
    expect(seen).toHaveLength(1)
  })

  test('carries all at once where HTTP/1.1 is spoken', async () => {
    const { origin, seen } = await connectionBound()
    const agent = agentWith({ allowH2: false })
    const users = Array.from({ length: 10 }, (_one, index) => `user${index % 5}`)
    const answers = await Promise.all(users.map((user) => callAs(user)(agent, origin)))
    expect(answers).toEqual(users.map((user) => `${user}@AD.TEST`))
    expect(new Set(seen.map(({ port }) => port)).size).toBe(users.length)
  })

  test('carries another identity once the session has ended', async () => {
    const { origin, end } = await connectionBound()
    const agent = agentWith({ allowH2: true })
    await callAs('alice')(agent, origin)
    const gone = once(agent, 'disconnect')
    end()
    await gone
    expect(await callAs('bob')(agent, origin)).toBe('bob@AD.TEST')
    await expect(callAs('alice')(agent, origin)).rejects.toMatchObject(refused('as alice@AD.TEST'))
  })

  test('shows the token of the next request at once where an authenticated session is there', async () => {
    const { origin, seen } = await connectionBound()
    const agent = agentWith({ allowH2: true })
    const [alice, bob] = [callAs('alice', { preemptive: false }), callAs('bob', { preemptive: false })]
    expect(await alice(agent, origin)).toBe('alice@AD.TEST')
    expect(await alice(agent, origin)).toBe('alice@AD.TEST')
    await expect(bob(agent, origin)).rejects.toMatchObject(refused('as bob@AD.TEST'))
    expect(seen.map(({ served }) => served)).toEqual(['nobody', 'alice@AD.TEST', 'alice@AD.TEST'])
  })

  test('hands out no answer that came by the session of another after all', async () => {
    // HTTP/1.1 is spoken at first, as by a backend one of whose machines is older.
    const { origin, seen } = await connectionBound((count) => (count === 0 ? 'http/1.1' : 'h2'))
    const agent = agentWith({ allowH2: true, connections: 1 })
    expect(await callAs('carol')(agent, origin)).toBe('carol@AD.TEST')
    const answers = await Promise.allSettled([callAs('alice')(agent, origin), callAs('bob')(agent, origin)])
    const texts = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason.code)))
    expect(texts.toSorted()).toEqual(['HTTP_1_1_REQUIRED', 'alice@AD.TEST'])
    expect(seen.map(({ version }) => version)).toEqual(['1.1', '2.0', '2.0'])
    expect(seen[1]?.port).toBe(seen[2]?.port)
  })

  test('waits for no first request longer than its signal says', async () => {
    const { createServer } = await import('node:net')
    const silent = createServer(() => {}).listen(0)
    await once(silent, 'listening')
    keep({ [Symbol.asyncDispose]: async () => void silent.close() })
    const origin = `https://localhost:${(silent.address() as AddressInfo).port}`
    const agent = agentWith({ allowH2: true, connect: { ca: certificate.cert, timeout: 2_000 } })
    const first = callAs('alice')(agent, origin)
    const second = callAs('bob')(agent, origin, { signal: AbortSignal.timeout(50) })
    await expect(second).rejects.toMatchObject({ name: 'TimeoutError' })
    await agent.destroy()
    await expect(first).rejects.toThrow('fetch failed')
  })
})

describe('an Agent with the interceptor', () => {
  const composed = (agent: Dispatcher, origin: string, user: string, options: Partial<InterceptorOptions> = {}) => {
    const ticket = issueTicket(service, user)
    const given = { ticketFor: async () => ticket, origins: [origin], mutualAuthentication: 'off' as const }
    return agent.compose(negotiateInterceptor({ ...given, ...options }))
  }
  const get = async (origin: string, dispatcher: Dispatcher, headers = {}) =>
    (await request(origin, { dispatcher, headers })).body.text()

  test('carries one identity by HTTP/2, and no other by its session', async () => {
    const { origin, seen } = await connectionBound()
    const agent = agentWith({ allowH2: true })
    const [alice, bob] = [composed(agent, origin, 'alice'), composed(agent, origin, 'bob')]
    expect(await get(origin, alice)).toBe('alice@AD.TEST')
    await expect(get(origin, bob)).rejects.toMatchObject({
      ...refused('as bob@AD.TEST'),
      hint: 'Make an Agent for each identity and say so: new Agent({ allowH2: true }).compose(negotiateInterceptor({ ownAgent: true, … })). An Agent without HTTP/2, new Agent({ allowH2: false }), may be shared.',
    })
    await expect(get(origin, bob, { authorization: 'Basic x' })).rejects.toMatchObject(
      refused('with its own Authorization'),
    )
    const stranger = composed(agent, 'https://elsewhere.test', 'bob')
    await expect(get(origin, stranger)).rejects.toMatchObject(refused('without credentials'))
    expect(await get(origin, alice)).toBe('alice@AD.TEST')
    expect(seen.map(({ served }) => served)).toEqual(Array(2).fill('alice@AD.TEST'))
  })

  test('does what the hint of the refusal says', async () => {
    const { origin, seen } = await connectionBound()
    const plain = agentWith({ allowH2: false })
    const own = new Map(
      ['alice', 'bob'].map((user) => [user, composed(anotherAgent(), origin, user, { ownAgent: true })]),
    )
    for (const user of ['alice', 'bob', 'alice', 'bob']) {
      expect(await get(origin, own.get(user) as Dispatcher)).toBe(`${user}@AD.TEST`)
      expect(await get(origin, composed(plain, origin, user))).toBe(`${user}@AD.TEST`)
    }
    expect(new Set(seen.filter(({ version }) => version === '2.0').map(({ port }) => port)).size).toBe(2)
  })

  test('whose tickets are those of several users lets the first of them by', async () => {
    const { origin, seen } = await connectionBound()
    const users = ['alice', 'bob']
    const ticketFor = async () => issueTicket(service, users.shift())
    const dispatcher = composed(anotherAgent(), origin, 'nobody', { ticketFor })
    const answers = await Promise.allSettled([get(origin, dispatcher), get(origin, dispatcher)])
    expect(answers).toEqual([
      { status: 'fulfilled', value: 'alice@AD.TEST' },
      { status: 'rejected', reason: expect.objectContaining(refused('as bob@AD.TEST')) },
    ])
    expect(seen).toHaveLength(1)
  })

  test('shows the token of the next request at once where an authenticated session is there', async () => {
    const { origin, seen } = await connectionBound()
    const agent = agentWith({ allowH2: true })
    const [alice, bob] = ['alice', 'bob'].map((user) => composed(agent, origin, user, { preemptive: false }))
    expect(await get(origin, alice)).toBe('alice@AD.TEST')
    expect(await get(origin, alice)).toBe('alice@AD.TEST')
    await expect(get(origin, bob)).rejects.toMatchObject(refused('as bob@AD.TEST'))
    expect(seen.map(({ served }) => served)).toEqual(['nobody', 'alice@AD.TEST', 'alice@AD.TEST'])
  })

  test('ends the connection of a request with its own Authorization, which may authenticate it', async () => {
    const { origin, seen } = await connectionBound()
    const agent = agentWith({ allowH2: false, connections: 1 })
    await get(origin, composed(agent, origin, 'bob'), { authorization: 'Basic x' })
    expect(await get(origin, composed(agent, origin, 'alice'))).toBe('alice@AD.TEST')
    expect(new Set(seen.map(({ port }) => port)).size).toBe(2)
  })
})

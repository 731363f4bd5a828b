import { ConfigurationError, type ServiceTicket } from '@s4u/kdc-client'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Readable } from 'node:stream'
import { Agent, fetch as undiciFetch, request, type Dispatcher, upgrade } from 'undici'
import { describe, expect, test } from 'vitest'
import { acceptorOf, authenticate, issueTicket, serviceNamed } from '../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../test/stories/backend-fixture.js'
import { type InterceptorOptions, negotiateInterceptor } from './interceptor.js'

const { service, site, server, keepAgent } = backendFixture()

function agentFor(
  origin: string,
  options: Partial<InterceptorOptions> = {},
  ticket = issueTicket(service),
): Dispatcher {
  const interceptor = negotiateInterceptor({ ticketFor: async () => ticket, origins: [origin], ...options })
  return keepAgent(new Agent()).compose(interceptor)
}

describe('an Agent with the interceptor', () => {
  test('sends a token with each request, and keeps what the request had', async () => {
    const { origin, seen } = await site()
    const dispatcher = agentFor(origin)
    for (const headers of [{ 'x-a': '1' }, ['x-a', '1'], new Map([['x-a', '1']])]) {
      const { statusCode, body } = await request(`${origin}/p?q=1`, { dispatcher, method: 'POST', body: 'hi', headers })
      expect([statusCode, await body.text()]).toEqual([200, 'alice@AD.TEST hi'])
    }
    for (const one of seen) expect(one).toMatchObject({ method: 'POST', url: '/p?q=1', headers: { 'x-a': '1' } })
    expect(new Set(seen.map(({ headers }) => headers.authorization)).size).toBe(3)
  })

  test('works below the fetch of Node and that of undici', async () => {
    const { origin } = await site()
    const dispatcher = agentFor(origin)
    const init: object = { dispatcher, method: 'POST', body: 'hi' }
    expect(await (await fetch(origin, init)).text()).toBe('alice@AD.TEST hi')
    expect(await (await undiciFetch(origin, { dispatcher })).text()).toBe('alice@AD.TEST')
  })

  test('leaves no connection behind that another identity could come by', async () => {
    const { origin, seen } = await site()
    const shared = keepAgent(new Agent({ connections: 1 }))
    const own = keepAgent(new Agent({ connections: 1 }))
    const as = (user: string, agent: Agent) => {
      const options = { ticketFor: async () => issueTicket(service, user), origins: [origin], ownAgent: agent === own }
      return agent.compose(negotiateInterceptor(options))
    }
    const get = async (dispatcher: Dispatcher) => (await request(origin, { dispatcher })).body.text()
    for (const user of ['alice', 'bob', 'alice']) await get(as(user, shared))
    expect(new Set(seen.map(({ port }) => port)).size).toBe(3)
    for (let count = 0; count < 3; count++) await get(as('alice', own))
    expect(new Set(seen.slice(3).map(({ port }) => port)).size).toBe(1)
  })

  test('sends no token to origins that are not listed, and lets a request bring its own', async () => {
    const { origin, seen } = await site()
    await (await request(origin, { dispatcher: agentFor('https://api.ad.test') })).body.dump()
    await (await request(origin, { dispatcher: agentFor(origin), headers: { Authorization: 'Basic x' } })).body.dump()
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Basic x'])
  })

  test.each(['//hr.ad.test/x', '/\\hr.ad.test/x', 'http://hr.ad.test/x'])(
    'asks for a ticket to the host that the request goes to, whatever its path says (%s)',
    async (path) => {
      const { origin, seen } = await site()
      const asked: string[] = []
      const ticketFor = async (spn: string) => {
        asked.push(spn)
        return issueTicket(service)
      }
      const dispatcher = agentFor(origin, { ticketFor, origins: [origin, 'http://hr.ad.test'] })
      await (await dispatcher.request({ origin, path, method: 'GET' })).body.dump()
      expect(asked).toEqual(['HTTP/localhost'])
      expect(seen.map(({ principal }) => principal)).toEqual(['alice@AD.TEST'])
    },
  )

  test('hands out what a server says meanwhile, and judges its answer alone', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server(async (incoming, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' })
      response.writeProcessing()
      return authenticate(acceptor, incoming, response)
    })
    const told: unknown[] = []
    const onInfo = ({ statusCode, headers }: { statusCode: number; headers: object }) =>
      void told.push([statusCode, headers])
    const { statusCode, body } = await request(origin, { dispatcher: agentFor(origin), onInfo })
    expect([statusCode, await body.text()]).toEqual([200, 'alice@AD.TEST'])
    expect(told).toEqual([
      [103, { link: '</style.css>; rel=preload' }],
      [102, {}],
    ])
  })

  test('does not hand out a connection that a server switches to without having proved itself', async () => {
    const impostor = createServer((socket) => {
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      )
      socket.on('error', () => {})
    }).listen(0)
    await once(impostor, 'listening')
    const origin = `http://localhost:${(impostor.address() as AddressInfo).port}`
    const forged = upgrade(origin, { dispatcher: agentFor(origin), protocol: 'x' })
    await expect(forged).rejects.toMatchObject({ code: 'KRB_AP_ERR_MUT_FAIL' })
    const trusting = agentFor(origin, { mutualAuthentication: 'off' })
    const { socket } = await upgrade(origin, { dispatcher: trusting, protocol: 'x' })
    socket.destroy()
    impostor.close()
  })

  test('keeps the answer of a server that does not prove itself', async () => {
    const { origin } = await server((_request, response) => response.end('forged'))
    await expect(request(origin, { dispatcher: agentFor(origin) })).rejects.toMatchObject({
      code: 'KRB_AP_ERR_MUT_FAIL',
    })
    const init: object = { dispatcher: agentFor(origin) }
    await expect(fetch(origin, init)).rejects.toMatchObject({ cause: { code: 'KRB_AP_ERR_MUT_FAIL' } })
  })

  test('hands a refusal out', async () => {
    const { origin } = await server((_request, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('no'),
    )
    const { statusCode, body } = await request(origin, { dispatcher: agentFor(origin) })
    expect([statusCode, await body.text()]).toEqual([401, 'no'])
  })

  test('waits with the token until the server has asked, and where it may, no longer than that', async () => {
    const { origin, seen } = await site()
    const get = async (options: Partial<InterceptorOptions>, body?: string | Readable) => {
      const method = body === undefined ? 'GET' : 'POST'
      const response = await request(origin, { dispatcher: agentFor(origin, options), method, body })
      return [await response.body.text(), seen.splice(0).map(({ principal }) => principal)]
    }
    const [asked, unasked] = [[undefined, 'alice@AD.TEST'], ['alice@AD.TEST']]
    for (let count = 0; count < 2; count++)
      expect(await get({ preemptive: false }, 'x')).toEqual(['alice@AD.TEST x', asked])
    expect(await get({ preemptive: false }, Readable.from(['x']))).toEqual(['alice@AD.TEST x', unasked])
    expect(await get({ preemptive: 'learned' })).toEqual(['alice@AD.TEST', unasked])
    const fresh = await site()
    const learning = agentFor(fresh.origin, { preemptive: 'learned' })
    for (let count = 0; count < 2; count++) await (await request(fresh.origin, { dispatcher: learning })).body.dump()
    expect(fresh.seen.map(({ principal }) => principal)).toEqual([...asked, ...unasked])
  })

  test('does not answer a server that asks for something else', async () => {
    const { origin, seen } = await server((_request, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('no'),
    )
    const { statusCode, body } = await request(origin, { dispatcher: agentFor(origin, { preemptive: false }) })
    expect([statusCode, await body.text(), seen.length]).toEqual([401, 'no', 1])
  })

  test('reports that there is no ticket', async () => {
    const { origin } = await site()
    const ticketFor = () => Promise.reject(new ConfigurationError('no ticket'))
    await expect(request(origin, { dispatcher: agentFor(origin, { ticketFor }) })).rejects.toThrow('no ticket')
    const init: object = { dispatcher: agentFor(origin, { ticketFor }) }
    await expect(fetch(origin, init)).rejects.toMatchObject({ cause: { message: 'no ticket' } })
  })

  test('gets a fresh ticket when the service has another key, for a body that it still has', async () => {
    const { origin, seen } = await site()
    const wrong = () => issueTicket({ ...service, key: serviceNamed().key })
    const renewing =
      (first: ServiceTicket) =>
      async (_: string, { fresh = false }: { fresh?: boolean }) =>
        fresh ? issueTicket(service) : first
    const once = { dispatcher: agentFor(origin, { ticketFor: renewing(wrong()) }), method: 'POST' } as const
    expect((await request(origin, { ...once, body: 'x' })).statusCode).toBe(200)
    const streamed = { dispatcher: agentFor(origin, { ticketFor: renewing(wrong()) }), method: 'POST' } as const
    const { statusCode, body } = await request(origin, { ...streamed, body: Readable.from(['x']) })
    expect([statusCode, await body.text()]).toEqual([401, 'no'])
    expect(seen).toHaveLength(3)
    const same = agentFor(origin, {}, wrong())
    expect(await (await request(origin, { dispatcher: same })).body.text()).toBe('no')
  })

  test('can be aborted while the ticket is on its way', async () => {
    const { origin, seen } = await site()
    const controller = new AbortController()
    const ticketFor = async (): Promise<ServiceTicket> => {
      controller.abort(new Error('enough'))
      return issueTicket(service)
    }
    const { signal } = controller
    const aborted = request(origin, { dispatcher: agentFor(origin, { ticketFor }), signal })
    await expect(aborted).rejects.toThrow('enough')
    // Whatever was sent before this one has arrived before it.
    await (await request(origin, { dispatcher: agentFor(origin), headers: { 'x-after': '1' } })).body.dump()
    expect(seen.map(({ headers }) => headers['x-after'])).toEqual(['1'])
  })

  test('passes large answers through', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server(async (incoming, response) => {
      const end = response.end.bind(response)
      const big = () => end(Buffer.alloc(5_000_000, 'x'))
      response.end = big
      return authenticate(acceptor, incoming, response)
    })
    const { body } = await request(origin, { dispatcher: agentFor(origin) })
    expect((await body.arrayBuffer()).byteLength).toBe(5_000_000)
  })
})

test('channel binding is refused, since the Agent opens the connections', () => {
  expect(() => agentFor('https://api.ad.test', { channelBinding: 'require' })).toThrow(ConfigurationError)
})

test('what is refused is told', () => {
  expect(() => agentFor('https://api.ad.test', { channelBinding: 'require' })).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      code: 'GSS_S_BAD_BINDINGS',
      message: 'an interceptor does not see the TLS connection that channelBinding needs',
      hint: 'Use the fetch of createFetch, whose connections are its own.',
    }),
  )
  expect(() => agentFor('https://api.ad.test', { preemptive: 'sometimes' as 'learned' })).toThrow(/^preemptive must be/)
  expect(() => agentFor('https://api.ad.test', { ticketFor: undefined as unknown as () => never })).toThrow(
    'negotiateInterceptor: client is missing',
  )
  expect(() => agentFor('https://api.ad.test', { ownagent: true } as object)).toThrow(/negotiateInterceptor.*ownagent/)
})

test('an Agent is told to close each connection, unless it is one identity’s own', async () => {
  const dispatched: Dispatcher.DispatchOptions[] = []
  const dispatch: Dispatcher.Dispatch = (options) => dispatched.push(options) > 0
  const ticket = issueTicket(service)
  const options = { origin: 'https://api.ad.test', path: '/', method: 'GET' } as const
  for (const ownAgent of [undefined, false, true]) {
    const own = ownAgent === undefined ? {} : { ownAgent }
    const interceptor = negotiateInterceptor({
      ticketFor: async () => ticket,
      origins: ['https://api.ad.test'],
      ...own,
    })
    expect(interceptor(dispatch)(options, {})).toBe(true)
    await new Promise((resolve) => setImmediate(resolve))
  }
  const authorization = expect.stringMatching(/^Negotiate YII/)
  expect(dispatched).toEqual([
    { ...options, reset: true, headers: ['authorization', authorization] },
    { ...options, reset: true, headers: ['authorization', authorization] },
    { ...options, headers: ['authorization', authorization] },
  ])
})

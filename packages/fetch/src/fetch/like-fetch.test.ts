/**
 * What people know of `fetch`, and expect of the delegated one: dispatchers, times, what has become
 * of a redirect.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { Agent, MockAgent } from 'undici'
import { describe, expect, test } from 'vitest'
import { CERTIFICATES } from '../../../../test/stories/certificates.js'
import { acceptorOf, authenticate } from '../../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { Connections } from '../connections/connections.js'
import { createFetch } from './create-fetch.js'

const { service, keep, site, server, fetchAs, keepAgent } = backendFixture()
const by = (dispatcher: unknown): RequestInit => ({ dispatcher }) as object

describe('a dispatcher that comes with a request', () => {
  test('carries it, with its token, by a connection that serves nobody else', async () => {
    const { origin, seen } = await site()
    const agent = keepAgent(new Agent())
    const names = ['alice', 'bob', 'alice']
    for (const name of names) expect(await (await fetchAs(name)(origin, by(agent))).text()).toBe(`${name}@AD.TEST`)
    expect(new Set(seen.map(({ port }) => port)).size).toBe(names.length)
  })

  test('carries requests with a body, and made of a Request', async () => {
    const { origin } = await site()
    const agent = keepAgent(new Agent())
    const response = await fetchAs('alice')(new Request(origin, { method: 'POST', body: 'hello' }), by(agent))
    expect(await response.text()).toBe('alice@AD.TEST hello')
  })

  test('has time limits of its own', async () => {
    const { origin } = await server(() => new Promise(() => {}))
    const answer = fetchAs('alice')(origin, by(keepAgent(new Agent({ headersTimeout: 100 }))))
    await expect(answer).rejects.toMatchObject({ name: 'BackendTimeoutError', code: 'ETIMEDOUT', status: 504 })
  })

  test('of a test answers in place of a backend', async () => {
    const mock = new MockAgent()
    mock.disableNetConnect()
    mock.get('http://api.ad.test').intercept({ path: '/' }).reply(401, 'who are you?')
    expect((await fetchAs('alice')('http://api.ad.test/', by(mock))).status).toBe(401)
  })

  test('is that of the fetch below where connections are shared', async () => {
    const { origin } = await site()
    const call = fetchAs('alice', { connections: 'shared' })
    expect(await (await call(origin, by(keepAgent(new Agent())))).text()).toBe('alice@AD.TEST')
  })

  test('that is none is refused', async () => {
    for (const none of ['agent', {}, 5])
      await expect(fetchAs('alice')('http://api.ad.test/', by(none))).rejects.toMatchObject({
        name: 'ConfigurationError',
        message: expect.stringContaining('fetch: dispatcher must be one of undici'),
      })
  })

  test('sends no token where it must be bound to a channel that nobody here sees', async () => {
    const call = fetchAs('alice', { channelBinding: 'require' })
    await expect(call('https://api.ad.test/', by(keepAgent(new Agent())))).rejects.toMatchObject({
      code: 'GSS_S_BAD_BINDINGS',
    })
  })
})

describe('the times of Connections', () => {
  const connectionsWith = (options: ConstructorParameters<typeof Connections>[0]) => {
    const connections = new Connections(options)
    keep(connections)
    return connections
  }

  test('headersTimeout ends a request whose headers do not come', async () => {
    const { origin } = await server(() => new Promise(() => {}))
    const call = fetchAs('alice', { connections: connectionsWith({ headersTimeout: 100 }) })
    await expect(call(origin)).rejects.toMatchObject({
      name: 'BackendTimeoutError',
      code: 'ETIMEDOUT',
      status: 504,
      message: `${origin} did not send the headers of its answer in time`,
      hint: 'Is the backend slow, or does it hold its clients up? new Connections({ headersTimeout }) sets the limit, in milliseconds.',
    })
  })

  test('bodyTimeout ends a body that falls silent', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server((request, response) => {
      response.end = () => response.write('begun') as never
      return authenticate(acceptor, request, response)
    })
    const call = fetchAs('alice', { connections: connectionsWith({ bodyTimeout: 1_000 }) })
    const response = await call(origin)
    await expect(response.text()).rejects.toMatchObject({
      cause: { name: 'BackendTimeoutError', message: `${origin} sent nothing more of its answer in time` },
    })
  })

  test.each(['http', 'https'])('connectTimeout ends the wait for a connection (%s)', async (scheme) => {
    // Takes connections and says nothing: TLS never comes; and nobody takes one from an address
    // that is not there.
    const silent = createServer(() => {}).listen(0)
    await once(silent, 'listening')
    const sockets: Socket[] = []
    silent.on('connection', (socket) => sockets.push(socket))
    const { port } = silent.address() as AddressInfo
    const origin = scheme === 'https' ? `https://localhost:${port}` : 'http://192.0.2.1:9'
    const serviceNames = { '192.0.2.1': service.spn }
    const call = fetchAs('alice', { connections: connectionsWith({ connectTimeout: 200 }), serviceNames })
    const answer = call(origin)
    if (scheme === 'https')
      await expect(answer).rejects.toMatchObject({
        name: 'BackendTimeoutError',
        message: `${origin} could not be connected to in time`,
      })
    // Where a firewall answers in its place, there is nothing to wait for.
    else await expect(answer).rejects.toBeInstanceOf(Error)
    for (const socket of sockets) socket.destroy()
    silent.close()
  })

  test('a longer headersTimeout is not cut off by the limit of the answer', () => {
    const limitsWith = (options: object) => {
      const { limits } = connectionsWith(options).withoutIdentity()
      return limits.answer
    }
    expect(limitsWith({})).toBe(300_000)
    expect(limitsWith({ headersTimeout: 600_000 })).toBe(600_000)
    expect(limitsWith({ headersTimeout: 100 })).toBe(300_000)
    expect(limitsWith({ headersTimeout: Infinity })).toBe(Infinity)
    expect(limitsWith({ headersTimeout: 600_000, answerTimeLimit: 5 })).toBe(5)
  })
})

describe('options of Connections that make no sense', () => {
  const senseless: readonly (readonly [options: object, message: string])[] = [
    ...['answerTimeLimit', 'bodyTimeLimit', 'connectTimeout', 'headersTimeout', 'bodyTimeout'].flatMap((name) =>
      [0, -1, Number.NaN, '1000', 2 ** 31].map((value): [object, string] => [
        { [name]: value },
        `${name} must be a number of milliseconds above 0`,
      ]),
    ),
    [{ allowH2: 'yes' }, 'allowH2 must be true or false'],
    [{ tls: 'ca.pem' }, 'tls must be an object'],
    [{ tls: { ca: 'not a certificate', cert: 'nor this', key: 'hunter2' } }, 'TLS cannot be set up with what tls says'],
    [{ tls: { ca: 5 } }, 'TLS cannot be set up with what tls says'],
    [{ proxy: 'http://proxy.test' }, 'proxy must be an object'],
    [{ headerTimeout: 5 }, 'did you mean "headersTimeout"?'],
  ]

  test.each(senseless)('%j are refused at once', (options, message) => {
    const making = (): unknown => Reflect.construct(Connections, [options])
    expect(making).toThrow(
      expect.objectContaining({ name: 'ConfigurationError', message: expect.stringContaining(message) }),
    )
    expect(making).not.toThrow(/hunter2/)
  })

  test.each([{}, { connections: 5 }, [], 'own', new Map()])(
    'createFetch is given %j in place of them',
    (connections) => {
      const making = (): unknown => Reflect.apply(createFetch, undefined, [{ ticketFor: async () => {}, connections }])
      expect(making).toThrow(
        expect.objectContaining({
          name: 'ConfigurationError',
          message: expect.stringContaining("connections must be new Connections({ … }) or 'shared'"),
        }),
      )
    },
  )
})

describe('what has become of a redirect', () => {
  test('is said as fetch does: redirected, where it led, and of a copy too', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server((request, response) =>
      request.url === '/old'
        ? response.writeHead(302, { location: '/new' }).end()
        : authenticate(acceptor, request, response),
    )
    const call = fetchAs('alice')
    const followed = await call(`${origin}/old`)
    expect(followed).toMatchObject({ redirected: true, url: `${origin}/new`, status: 200 })
    expect(followed.clone()).toMatchObject({ redirected: true })
    expect(await followed.text()).toBe('alice@AD.TEST')
    expect((await call(`${origin}/new`)).redirected).toBe(false)
    const { redirected } = await call(`${origin}/old`, { redirect: 'manual' }).catch(() => ({ redirected: false }))
    expect(redirected).toBe(false)
  })
})

test('HTTP/2 is spoken with a backend that offers it, where the app says so', async () => {
  const { createSecureServer } = await import('node:http2')
  const acceptor = acceptorOf(service)
  const versions: string[] = []
  const [certificate] = CERTIFICATES
  const server = createSecureServer(
    { ...certificate, allowHTTP1: true, maxHeaderListPairs: 100 },
    (request, response) => {
      versions.push(request.httpVersion)
      void authenticate(acceptor, request as never, response as never)
    },
  )
  server.listen(0)
  await once(server, 'listening')
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  for (const allowH2 of [true, false]) {
    const connections = new Connections({ tls: { ca: certificate.cert }, allowH2 })
    for (let count = 0; count < 2; count++)
      expect(await (await fetchAs('alice', { connections })(origin)).text()).toBe('alice@AD.TEST')
    await connections[Symbol.asyncDispose]()
  }
  expect(versions).toEqual(['2.0', '2.0', '1.1', '1.1'])
  server.close()
})

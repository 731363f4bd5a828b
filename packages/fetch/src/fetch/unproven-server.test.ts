/**
 * Who stands between an app and its backends, or in a backend's place, and would be believed
 * without a ticket's key.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type LookupFunction } from 'node:net'
import { Agent, request, upgrade } from 'undici'
import { describe, expect, test } from 'vitest'
import { acceptorOf, authenticate, issueTicket, type Site } from '../../../../test/stories/kerberos-backend.js'
import { CERTIFICATES } from '../../../../test/stories/certificates.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { Connections } from '../connections/connections.js'
import type { FetchEvent } from '../events/events.js'
import { negotiateInterceptor } from '../interceptor.js'
import type { CreateFetchOptions } from './fetch-options.js'
import { MAX_ORIGINS, rememberAsking } from '../options/learned-origins.js'
import { createFetch } from './create-fetch.js'

const { service, keep, server } = backendFixture()
const unproven = { name: 'RejectedTokenError', code: 'KRB_AP_ERR_MUT_FAIL', hint: expect.stringMatching(/\w/) }

/** Answers whoever asks, and proves nothing. */
const rogue = (status: number, headers: Record<string, string> = {}): Promise<Site> =>
  server((_request, response) => response.writeHead(status, headers).end('forged'))

const redirecting = (to: string, status = 302): Promise<Site> => rogue(status, { location: to })

const honest = (): Promise<Site> =>
  server((incoming, response, body) => authenticate(acceptorOf(service), incoming, response, body))

function fetchWith(options: Partial<CreateFetchOptions> = {}) {
  return createFetch({ ticketFor: async () => issueTicket(service), ...options })
}

function trusting(): Connections {
  const keeper = new Connections({ tls: { ca: CERTIFICATES.map(({ cert }) => cert) } })
  keep(keeper)
  return keeper
}

describe('somebody on the network who sends an unproven redirect', () => {
  test.each([301, 302, 303, 307, 308])('with %i does not lead to another port of the host', async (status) => {
    const other = await rogue(200)
    const { origin } = await redirecting(`${other.origin}/`, status)
    await expect(fetchWith()(origin)).rejects.toMatchObject(unproven)
    expect(other.seen).toEqual([])
  })

  test.each(['https', 'another host', 'an address without a name'])('does not lead to %s', async (where) => {
    const other = await server(
      (_request, response) => response.end('forged'),
      where === 'https' ? CERTIFICATES[0] : undefined,
    )
    const to = where === 'https' ? other.origin : other.origin.replace('localhost', '127.0.0.1')
    const { origin } = await redirecting(to)
    const origins = where === 'another host' ? undefined : [origin, to]
    const serviceNames: Record<string, string> = where === 'another host' ? { '127.0.0.1': 'HTTP/localhost' } : {}
    const options = { serviceNames, connections: trusting(), ...(origins && where !== 'https' && { origins }) }
    await expect(fetchWith(options)(origin)).rejects.toMatchObject(unproven)
    expect(other.seen).toEqual([])
  })

  test('nor does one who has a certificate for the name, and no key of the service', async () => {
    const other = await rogue(200)
    const { origin } = await server(
      (_request, response) => response.writeHead(302, { location: other.origin }).end(),
      CERTIFICATES[0],
    )
    const options = { connections: trusting(), origins: [origin, other.origin] }
    await expect(fetchWith(options)(origin)).rejects.toMatchObject(unproven)
    await expect(fetchWith({ connections: trusting() })(origin)).rejects.toMatchObject(unproven)
    expect(other.seen).toEqual([])
  })

  test('may lead to another port that is listed, and that one must prove itself', async () => {
    const [proven, forged] = [await honest(), await rogue(200)]
    for (const [target, result] of [
      [proven, 'alice@AD.TEST'],
      [forged, undefined],
    ] as const) {
      const { origin } = await redirecting(target.origin)
      for (const preemptive of [true, false, 'learned'] as const) {
        const answer = fetchWith({ origins: [origin, target.origin], preemptive })(origin)
        if (result === undefined) await expect(answer).rejects.toMatchObject(unproven)
        else expect(await (await answer).text()).toBe(result)
      }
    }
  })

  test.each(['manual', 'error'] as const)(
    'is not handed out either (redirect: %s), wherever it leads',
    async (redirect) => {
      const { origin } = await redirecting('/elsewhere')
      await expect(fetchWith()(origin, { redirect })).rejects.toMatchObject(unproven)
      await expect(fetchWith({ preemptive: false, origins: [origin] })(origin, { redirect })).rejects.toMatchObject(
        unproven,
      )
    },
  )

  test('may lead elsewhere on the origin, where the answer must prove itself', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server((incoming, response) => {
      if (incoming.url === '/proven') return authenticate(acceptor, incoming, response)
      if (incoming.url === '/forged') return response.end('forged')
      return response.writeHead(302, { location: incoming.url === '/a' ? '/proven' : '/forged' }).end()
    })
    expect(await (await fetchWith()(`${origin}/a`)).text()).toBe('alice@AD.TEST')
    await expect(fetchWith()(`${origin}/b`)).rejects.toMatchObject(unproven)
  })
})

test('who has led a request elsewhere on the origin is not believed there for not asking, though the origin is forgotten', async () => {
  const acceptor = acceptorOf(service)
  const { origin } = await server((incoming, response) => {
    if (incoming.url === '/forged') return response.end('forged')
    if (incoming.headers.authorization === undefined) return authenticate(acceptor, incoming, response)
    for (let index = 0; index <= MAX_ORIGINS; index++) rememberAsking(new URL(`https://host${index}.test`))
    return response.writeHead(302, { location: '/forged' }).end()
  })
  await expect(fetchWith({ preemptive: false })(origin)).rejects.toMatchObject(unproven)
})

describe.each([false, 'learned'] as const)('with preemptive %j a server that does not ask', (preemptive) => {
  test.each([200, 204, 302, 404, 500])('and answers %i is not believed where its origin is listed', async (status) => {
    const other = await rogue(200)
    const { origin } = await redirecting(other.origin, status)
    const events: FetchEvent[] = []
    const call = fetchWith({ preemptive, origins: [origin], onEvent: (event) => events.push(event) })
    await expect(call(origin)).rejects.toMatchObject(unproven)
    expect(other.seen).toEqual([])
    const code = 'KRB_AP_ERR_MUT_FAIL'
    expect(events).toEqual([{ kind: 'server-not-asking', origin, service: 'HTTP/localhost', status, code }])
  })

  test('is not believed where its origin is listed by a pattern', async () => {
    const { port } = await rogue(200)
    const lookup: LookupFunction = (_host, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }])
    const tls: object = { lookup }
    const connections = new Connections({ tls })
    keep(connections)
    const origins = [`http://*.farm.test:${port}`]
    await expect(fetchWith({ origins, connections, preemptive })(`http://api.farm.test:${port}`)).rejects.toMatchObject(
      unproven,
    )
  })

  test('is not believed where its origin has asked before', async () => {
    let isAsking = true
    const acceptor = acceptorOf(service)
    const { origin } = await server((incoming, response) =>
      isAsking ? authenticate(acceptor, incoming, response) : response.end('forged'),
    )
    expect(await (await fetchWith({ preemptive })(origin)).text()).toBe('alice@AD.TEST')
    isAsking = false
    await expect(fetchWith({ preemptive })(origin)).rejects.toMatchObject(unproven)
    const other = issueTicket(service, 'bob')
    await expect(createFetch({ ticketFor: async () => other, preemptive })(origin)).rejects.toMatchObject(unproven)
  })

  test('is believed where nobody knows that it should, or the app says so', async () => {
    const { origin } = await rogue(200)
    expect(await (await fetchWith({ preemptive })(origin)).text()).toBe('forged')
    const off = fetchWith({ preemptive, origins: [origin], mutualAuthentication: 'off' })
    expect(await (await off(origin)).text()).toBe('forged')
    const anonymous = fetchWith({ preemptive, origins: [origin], allowedImpersonationLevel: 'anonymous' })
    expect(await (await anonymous(origin)).text()).toBe('forged')
  })

  test('and asks for something else has its refusal handed out', async () => {
    const { origin } = await rogue(401, { 'www-authenticate': 'Basic realm="x"' })
    expect((await fetchWith({ preemptive, origins: [origin] })(origin)).status).toBe(401)
  })

  test('is not believed below an interceptor, nor switches protocols', async () => {
    const { origin } = await rogue(200)
    const impostor = createServer((socket) => {
      const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
      socket.once('data', () => socket.write(switching)).on('error', () => {})
    }).listen(0)
    await once(impostor, 'listening')
    const switched = `http://localhost:${(impostor.address() as AddressInfo).port}`
    const agent = new Agent()
    const options = { ticketFor: async () => issueTicket(service), origins: [origin, switched], preemptive }
    const dispatcher = agent.compose(negotiateInterceptor(options))
    await expect(request(origin, { dispatcher })).rejects.toMatchObject(unproven)
    await expect(upgrade(switched, { dispatcher, protocol: 'x' })).rejects.toMatchObject(unproven)
    await agent.destroy()
    impostor.close()
  })
})

test('a token that proves nothing is refused also where none is required', async () => {
  const { origin } = await rogue(200, { 'www-authenticate': 'Negotiate AAAA' })
  const call = fetchWith({ mutualAuthentication: 'off' })
  await expect(call(origin)).rejects.toMatchObject({ name: 'MalformedTokenError' })
})

test('a listed origin that can have no name is refused, since it could never prove itself', async () => {
  const { port, seen } = await rogue(200)
  const origin = `http://127.0.0.1:${port}`
  const refusal = { name: 'ConfigurationError', code: 'GSS_S_NO_CRED' }
  await expect(fetchWith({ origins: [origin] })(origin)).rejects.toMatchObject(refusal)
  const agent = new Agent()
  const options = { ticketFor: async () => issueTicket(service), origins: [origin] }
  const dispatcher = agent.compose(negotiateInterceptor(options))
  await expect(request(origin, { dispatcher })).rejects.toMatchObject(refusal)
  await agent.destroy()
  expect(seen).toEqual([])
})

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import {
  beginNegotiation,
  createInitiator,
  decodeNegTokenInit,
  decodeNegTokenResp,
  encodeNegTokenResp,
  formatChallenge,
  frameKrb5Token,
  parseAuthorization,
  sealApRep,
  unframe,
} from '@s4u/gssapi'
import { ConfigurationError, type ServiceTicket } from '@s4u/kdc-client'
import { describe, expect, test, vi } from 'vitest'
import {
  acceptorOf,
  authenticate,
  issueTicket,
  openedBy,
  serviceNamed,
} from '../../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { FETCH_CHANNEL, type FetchEvent } from '../events/events.js'
import type { CreateFetchOptions } from './fetch-options.js'
import { createFetch } from './create-fetch.js'

const { service, site, server } = backendFixture()
const fetchWith = (options: Partial<CreateFetchOptions> = {}, ticket = issueTicket(service)) =>
  createFetch({ ticketFor: async () => ticket, ...options })

const rejected = { name: 'RejectedTokenError' }

describe('a request in the name of a user', () => {
  test('is all that fetch takes for one: options that are inherited, and none', async () => {
    const { origin, seen } = await site()
    const inherited: RequestInit = Object.create({ method: 'POST', body: 'x' })
    expect((await fetchWith()(origin, inherited)).status).toBe(200)
    expect((await Reflect.apply(fetchWith(), undefined, [origin, null])).status).toBe(200)
    expect(seen).toMatchObject([
      { method: 'POST', body: 'x', principal: 'alice@AD.TEST' },
      { method: 'GET', principal: 'alice@AD.TEST' },
    ])
  })

  test('carries a token for the service of the URL, and gives the answer', async () => {
    const { origin, seen } = await site()
    const ticketFor = vi.fn(async () => issueTicket(service))
    const response = await createFetch({ ticketFor })(`${origin}/orders?x=1`)
    expect([response.status, await response.text()]).toEqual([200, 'alice@AD.TEST'])
    expect(ticketFor).toHaveBeenCalledWith('HTTP/localhost', expect.anything())
    expect(seen).toMatchObject([{ url: '/orders?x=1', principal: 'alice@AD.TEST' }])
  })

  test('keeps its method, headers and body', async () => {
    const { origin, seen } = await site()
    const headers = { 'x-trace': '1', 'content-type': 'text/plain' }
    await fetchWith()(new Request(origin, { method: 'PUT', headers, body: 'hello' }))
    expect(seen[0]).toMatchObject({ method: 'PUT', body: 'hello', headers })
  })

  test('that says no more than a URL, headers and a signal is sent as any other', async () => {
    const { origin, seen } = await site()
    const { signal } = new AbortController()
    const headers = { 'x-trace': '1' }
    const call = fetchWith()
    await call(origin, { headers, signal })
    await call(new URL(origin), { method: 'GET', headers: new Headers(headers) })
    await call(new Request(origin, { headers }))
    const traced = { method: 'GET', headers: { 'x-trace': '1' }, principal: 'alice@AD.TEST' }
    expect(seen).toMatchObject([traced, traced, traced])
    const ended = call(origin, { signal: AbortSignal.abort() })
    await expect(ended).rejects.toMatchObject({ name: 'AbortError' })
  })

  test.each([
    ['that is no URL', 'orders', {}],
    ['with a password in its URL', 'http://alice:wonderland@api.ad.test/', {}],
    ['with a header that is none', 'http://api.ad.test/', { headers: { 'x y': '1' } }],
    ['with a body that a GET cannot have', 'http://api.ad.test/', { body: '' }],
  ])('%s is refused before a ticket is asked for, as fetch refuses it', async (_, url, init) => {
    const ticketFor = vi.fn(async () => issueTicket(service))
    await expect(createFetch({ ticketFor })(url, init)).rejects.toBeInstanceOf(TypeError)
    expect(ticketFor).not.toHaveBeenCalled()
  })

  test('carries a token of its own each time', async () => {
    const { origin, seen } = await site()
    const call = fetchWith()
    for (let count = 0; count < 3; count++) expect((await call(origin)).status).toBe(200)
    expect(new Set(seen.map(({ headers }) => headers.authorization)).size).toBe(3)
  })

  test('goes as it is when it brings its own Authorization, or wants no credentials', async () => {
    const { origin, seen } = await site()
    await fetchWith()(origin, { headers: { authorization: 'Bearer abc' } })
    await fetchWith()(origin, { credentials: 'omit' })
    await fetchWith({ allowedImpersonationLevel: 'anonymous' })(origin)
    expect(seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer abc', undefined, undefined])
  })

  test('goes without a token to an IP address, which has no name', async () => {
    const { port, seen } = await site()
    await fetchWith()(`http://127.0.0.1:${port}/`)
    expect(seen[0].headers.authorization).toBeUndefined()
  })

  test('says when there is no ticket', async () => {
    const { origin, seen } = await site()
    const ticketFor = () => Promise.reject(new ConfigurationError('no ticket'))
    await expect(createFetch({ ticketFor })(origin)).rejects.toThrow('no ticket')
    expect(seen).toEqual([])
  })

  test('ends when it is aborted', async () => {
    const { origin } = await server(() => new Promise(() => {}))
    const signal = AbortSignal.timeout(50)
    await expect(fetchWith()(origin, { signal })).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(fetchWith()(origin, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('hands its signal to whoever gets the ticket', async () => {
    const controller = new AbortController()
    const ticketFor = (_: string, { signal }: { signal?: AbortSignal }) =>
      new Promise<ServiceTicket>((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    const answer = createFetch({ ticketFor })('http://localhost:1/', { signal: controller.signal })
    setTimeout(() => controller.abort(new Error('enough')), 10)
    await expect(answer).rejects.toThrow('enough')
  })
})

describe('a server that does not prove itself', () => {
  test.each([200, 302, 404, 500])('has its %i kept from the caller', async (status) => {
    const { origin } = await server((_request, response) =>
      response.writeHead(status, { location: 'http://elsewhere.test/' }).end('forged'),
    )
    await expect(fetchWith()(origin)).rejects.toMatchObject({ ...rejected, code: 'KRB_AP_ERR_MUT_FAIL' })
  })

  test('is found out when it answers with the token of another exchange', async () => {
    const real = await site()
    const recorded =
      (await fetchWith({ mutualAuthentication: 'off' })(real.origin)).headers.get('www-authenticate') ?? ''
    const other = await server((_request, response) => response.setHeader('www-authenticate', recorded).end('forged'))
    await expect(fetchWith()(other.origin)).rejects.toMatchObject(rejected)
  })

  test('is found out when it sends rubbish as its token', async () => {
    const { origin } = await server((_request, response) =>
      response.setHeader('www-authenticate', 'Negotiate AAAA').end('forged'),
    )
    await expect(fetchWith()(origin)).rejects.toMatchObject({ name: 'MalformedTokenError' })
  })

  test('is believed when the app says so', async () => {
    const { origin } = await server((_request, response) => response.end('unproven'))
    expect(await (await fetchWith({ mutualAuthentication: 'off' })(origin)).text()).toBe('unproven')
  })
})

describe('a refusal', () => {
  test('is handed out as the backend said it', async () => {
    const { origin } = await server((_request, response) =>
      response.writeHead(401, { 'www-authenticate': ['Basic realm="a"', 'Bearer'] }).end('other'),
    )
    const events: FetchEvent[] = []
    const response = await fetchWith({ onEvent: (event) => events.push(event) })(origin)
    expect([response.status, await response.text()]).toEqual([401, 'other'])
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="a", Bearer')
    expect(events).toEqual([
      {
        kind: 'other-scheme-wanted',
        origin,
        service: 'HTTP/localhost',
        client: 'alice@AD.TEST',
        status: 401,
        schemes: ['Basic', 'Bearer'],
      },
    ])
  })

  test('appears on the diagnostics channel with its reason', async () => {
    const { origin } = await site({ now: () => Date.now() + 3_600_000 })
    const events: unknown[] = []
    const listener = (event: unknown) => void events.push(event)
    subscribe(FETCH_CHANNEL, listener)
    const response = await fetchWith()(origin)
    unsubscribe(FETCH_CHANNEL, listener)
    expect(response.status).toBe(401)
    expect(events).toMatchObject([{ kind: 'refused', code: 'KRB_AP_ERR_SKEW', legs: 1 }])
  })
})

describe('a service whose key has changed', () => {
  const stale = () => issueTicket({ ...service, key: serviceNamed().key })

  test('is asked again with a fresh ticket', async () => {
    const { origin, seen } = await site()
    const tickets = [stale(), issueTicket(service)]
    const ticketFor = vi.fn(async (_spn: string, { fresh = false }: { fresh?: boolean }) => tickets[fresh ? 1 : 0])
    const response = await createFetch({ ticketFor })(origin, { method: 'POST', body: 'again' })
    expect(await response.text()).toBe('alice@AD.TEST again')
    expect(seen).toHaveLength(2)
  })

  test('is asked once more and not for ever', async () => {
    const { origin, seen } = await site()
    const tickets = [stale(), stale()]
    const ticketFor = vi.fn(async (_spn: string, { fresh = false }: { fresh?: boolean }) => tickets[fresh ? 1 : 0])
    expect((await createFetch({ ticketFor })(origin)).status).toBe(401)
    expect(seen).toHaveLength(2)
    // What was got afresh is refused too: the key is not the reason, and the KDC is left alone.
    ticketFor.mockClear()
    expect((await createFetch({ ticketFor: () => ticketFor('', { fresh: true }) })(origin)).status).toBe(401)
    expect(ticketFor).toHaveBeenCalledTimes(1)
  })

  test('is not asked again when the KDC has no other ticket', async () => {
    const { origin, seen } = await site()
    expect((await fetchWith({}, stale())(origin)).status).toBe(401)
    expect(seen).toHaveLength(1)
  })

  test('gets a stream only once, and the next one with a fresh ticket', async () => {
    const { origin, seen } = await site()
    let current = stale()
    const ticketFor = async (_spn: string, { fresh = false }: { fresh?: boolean }) => {
      if (fresh) current = issueTicket(service)
      return current
    }
    const call = createFetch({ ticketFor })
    expect([(await call(origin, streamed('gone'))).status, seen.length]).toEqual([401, 1])
    expect([(await call(origin, streamed('next'))).status, seen.length]).toEqual([200, 2])
  })

  test('answers for itself where the KDC has no ticket any more; a fault of the app is one', async () => {
    const { origin, seen } = await site()
    const failing = (error: Error) => {
      const ticketFor = async (_spn: string, { fresh = false }: { fresh?: boolean }) => {
        if (fresh) throw error
        return stale()
      }
      return createFetch({ ticketFor })(origin)
    }
    const refused = new ConfigurationError('no', { code: 'KDC_ERR_POLICY' })
    expect([(await failing(refused)).status, seen.length]).toEqual([401, 1])
    await expect(failing(new TypeError('a fault of the app'))).rejects.toThrow('a fault of the app')
  })
})

describe('a negotiation of several legs', () => {
  /**
   * Answers the first leg with AP-REP and MIC, as a peer does that wants the list of mechanisms
   * confirmed.
   */
  const firstLeg = (header: string | undefined, confirm: boolean) => {
    const parsed = parseAuthorization(header)
    if (parsed.status !== 'token') throw new Error('no token')
    const { mechTypes } = decodeNegTokenInit(unframe(parsed.token).innerToken)
    const step = beginNegotiation(parsed.token)
    if (step.status !== 'ap-req') throw new Error(step.status)
    const opened = openedBy(service, step)
    const sealed = sealApRep({ opened })
    const { context } = accepted(step.accept({ opened, ...sealed }))
    const responseToken = frameKrb5Token('ap-rep', sealed.apRep)
    const mic = { mechListMic: context.getMic(mechTypes.bytes) }
    const reply = encodeNegTokenResp({ negState: 'accept-incomplete', responseToken, ...(confirm && mic) })
    return { reply, mechTypes, context }
  }

  test('is carried through, and its end is the answer', async () => {
    let first: ReturnType<typeof firstLeg> | undefined
    const { origin, seen } = await server((request, response) => {
      if (first === undefined) {
        first = firstLeg(request.headers.authorization, true)
        return response
          .writeHead(401, { 'www-authenticate': formatChallenge(first.reply) })
          .end('<html>one more</html>')
      }
      const parsed = parseAuthorization(request.headers.authorization)
      const mic = parsed.status === 'token' ? decodeNegTokenResp(parsed.token).mechListMic : undefined
      first.context.verifyMic(first.mechTypes.bytes, mic ?? new Uint8Array(0))
      return response.end('confirmed')
    })
    const response = await fetchWith()(origin, { method: 'POST', body: 'both' })
    expect(await response.text()).toBe('confirmed')
    expect(seen.map(({ body }) => body)).toEqual(['both', 'both'])
    // A server may negotiate with the connection.
    expect(seen[0].port).toBe(seen[1].port)
  })

  test('does not go on for a stream', async () => {
    const { origin, seen } = await server((request, response) => {
      const { reply } = firstLeg(request.headers.authorization, true)
      return response.writeHead(401, { 'www-authenticate': formatChallenge(reply) }).end()
    })
    expect([(await fetchWith()(origin, streamed('x'))).status, seen.length]).toEqual([401, 1])
  })

  test('ends with a server that never has enough', async () => {
    let reply: string | undefined
    const { origin, seen } = await server((request, response) => {
      reply ??= formatChallenge(firstLeg(request.headers.authorization, false).reply)
      return response.writeHead(401, { 'www-authenticate': reply }).end()
    })
    expect((await fetchWith()(origin)).status).toBe(401)
    expect(seen).toHaveLength(2)
  })
})

describe('a body', () => {
  test('that is a stream goes once, with a token', async () => {
    const { origin, seen } = await site()
    const response = await fetchWith({ preemptive: false })(origin, streamed('streamed'))
    expect(await response.text()).toBe('alice@AD.TEST streamed')
    expect(seen).toHaveLength(1)
  })

  test('that is held by the caller is sent again after a challenge', async () => {
    const { origin, seen } = await site()
    const response = await fetchWith({ preemptive: false })(origin, { method: 'POST', body: new Blob(['twice']) })
    expect(await response.text()).toBe('alice@AD.TEST twice')
    expect(seen.map(({ body }) => body)).toEqual(['twice', 'twice'])
  })
})

describe('a token on challenge', () => {
  test('goes to a server that asks, and is remembered where that is wanted', async () => {
    const { origin, seen } = await site()
    const call = fetchWith({ preemptive: 'learned' })
    expect((await call(origin)).status).toBe(200)
    expect((await call(origin)).status).toBe(200)
    expect(seen.map(({ headers }) => headers.authorization !== undefined)).toEqual([false, true, true])
  })

  test('does not go to a server that does not ask', async () => {
    const { origin, seen } = await server((_request, response) => response.end('public'))
    const ticketFor = vi.fn(async () => issueTicket(service))
    expect(await (await createFetch({ ticketFor, preemptive: false })(origin)).text()).toBe('public')
    expect(ticketFor).not.toHaveBeenCalled()
    expect(seen).toHaveLength(1)
  })

  test('does not go to a server that asks for something else', async () => {
    const { origin } = await server((_request, response) =>
      response.writeHead(401, { 'www-authenticate': 'Basic realm="Negotiate"' }).end(),
    )
    const ticketFor = vi.fn(async () => issueTicket(service))
    expect((await createFetch({ ticketFor, preemptive: false })(origin)).status).toBe(401)
    expect(ticketFor).not.toHaveBeenCalled()
  })
})

describe('redirects', () => {
  const redirect = (to: () => string, status = 302) => {
    const acceptor = acceptorOf(service)
    return server(async (request, response) => {
      if (request.url === '/end') return authenticate(acceptor, request, response)
      return response.writeHead(status, { location: to() }).end()
    })
  }

  test('within the origin carry a token of their own', async () => {
    const { origin, seen } = await redirect(() => '/end')
    const response = await fetchWith()(origin)
    expect(await response.text()).toBe('alice@AD.TEST')
    expect(seen[0].headers.authorization).not.toBe(seen[1].headers.authorization)
  })

  test('to another origin carry nothing', async () => {
    const other = await server((_request, response) => response.end('elsewhere'))
    const { origin } = await server(async (request, response) => {
      response.statusCode = 307
      response.setHeader('location', `http://127.0.0.1:${other.port}/`)
      return authenticate(acceptorOf(service), request, response)
    })
    const serviceNames = { '127.0.0.1': 'HTTP/localhost' }
    const headers = { cookie: 'a=b', 'x-kept': '1' }
    const call = fetchWith({ serviceNames })
    expect(await (await call(origin, { method: 'POST', body: 'x', headers })).text()).toBe('elsewhere')
    expect(other.seen[0]).toMatchObject({ method: 'POST', body: 'x', headers: { 'x-kept': '1' } })
    expect(other.seen[0].headers.authorization).toBeUndefined()
    expect(other.seen[0].headers.cookie).toBeUndefined()
  })

  test('to another listed origin carry a token for that service', async () => {
    const other = await site()
    const { origin } = await redirect(() => `http://127.0.0.1:${other.port}/`)
    const ticketFor = vi.fn(async () => issueTicket(service))
    const origins = [origin, `http://127.0.0.1:${other.port}`]
    const serviceNames = { '127.0.0.1': 'HTTP/other.ad.test' }
    const call = createFetch({ ticketFor, origins, serviceNames, mutualAuthentication: 'off' })
    expect(await (await call(origin)).text()).toBe('alice@AD.TEST')
    expect(ticketFor.mock.calls.map(([spn]: unknown[]) => spn)).toEqual(['HTTP/localhost', 'HTTP/other.ad.test'])
  })

  test('of an unproven server over http are followed on the same host alone', async () => {
    const other = await server((_request, response) => response.end('elsewhere'))
    const { origin } = await redirect(() => `http://127.0.0.1:${other.port}/`)
    await expect(fetchWith()(origin)).rejects.toMatchObject({ code: 'KRB_AP_ERR_MUT_FAIL' })
    expect(other.seen).toEqual([])
  })

  test('are not followed for ever, nor to what is not HTTP', async () => {
    const circle = await redirect(() => '/')
    await expect(fetchWith()(circle.origin)).rejects.toThrow('more than 20 redirects')
    const file = await redirect(() => 'file:///etc/passwd')
    await expect(fetchWith({ mutualAuthentication: 'off' })(file.origin)).rejects.toThrow('not HTTP')
  })

  test('are handed out, or refused, where the request says so', async () => {
    const { origin } = await redirect(() => '/end')
    const call = fetchWith({ mutualAuthentication: 'off' })
    expect((await call(origin, { redirect: 'manual' })).status).toBe(302)
    await expect(call(origin, { redirect: 'error' })).rejects.toThrow(TypeError)
  })

  test.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [307, 'POST', 'POST', 'body'],
    [308, 'PUT', 'PUT', 'body'],
  ])('%i turns %s into %s', async (status, method, after, body) => {
    const { origin, seen } = await redirect(() => '/end', status)
    await fetchWith()(origin, { method, body: 'body', headers: { 'content-type': 'text/plain' } })
    expect(seen[1]).toMatchObject({ method: after, body })
    expect(seen[1].headers['content-type']).toBe(body === '' ? undefined : 'text/plain')
  })

  test('of a streamed body fail', async () => {
    const { origin } = await redirect(() => '/end', 307)
    await expect(fetchWith()(origin, streamed('x'))).rejects.toThrow('was a stream')
  })
})

describe('the origins of the app', () => {
  test('get tokens, others do not', async () => {
    const [listed, unlisted] = [await site(), await site()]
    const call = fetchWith({ origins: [listed.origin] })
    expect((await call(listed.origin)).status).toBe(200)
    expect((await call(unlisted.origin)).status).toBe(401)
    expect(unlisted.seen[0].headers.authorization).toBeUndefined()
  })

  test('must be origins', () => {
    expect(() => fetchWith({ origins: ['localhost'] })).toThrow(ConfigurationError)
  })
})

describe('the level that the app allows', () => {
  const levelOf = async (options: Partial<CreateFetchOptions>) => {
    const levels: string[] = []
    const { origin } = await site({ onAccepted: ({ impersonationLevel }) => levels.push(impersonationLevel) })
    expect((await fetchWith(options)(origin)).status).toBe(200)
    return levels
  }

  test('identification lets the backend know the user and no more', async () => {
    expect(await levelOf({ allowedImpersonationLevel: 'identification' })).toEqual(['identification'])
    expect(await levelOf({ allowedImpersonationLevel: 'impersonation' })).not.toEqual(['identification'])
  })

  test('delegation needs a ticket-granting ticket to forward', async () => {
    expect(() => fetchWith({ allowedImpersonationLevel: 'delegation' })).toThrow(/forwardTgt|ticket-granting/)
    const forwardTgt = vi.fn(async () => new Uint8Array([1, 2, 3]))
    const { origin } = await server((_request, response) => response.writeHead(401).end())
    const delegation = { allowedImpersonationLevel: 'delegation', forwardTgt, origins: [origin] } as const
    await fetchWith({ ...delegation, okAsDelegate: 'ignore' })(origin)
    expect(forwardTgt).toHaveBeenCalledTimes(1)
  })

  test('delegation needs a list of those who may have it', async () => {
    const forwardTgt = vi.fn(async () => new Uint8Array([1, 2, 3]))
    const delegation = { allowedImpersonationLevel: 'delegation', forwardTgt } as const
    expect(() => fetchWith(delegation)).toThrow(ConfigurationError)
    const { origin, seen } = await server((_request, response) => response.end('hello'))
    await fetchWith({ ...delegation, origins: ['https://api.ad.test'] })(origin)
    expect(seen[0].headers.authorization).toBeUndefined()
    expect(forwardTgt).not.toHaveBeenCalled()
  })
})

test('cookies that one identity was given are not sent for another, nor for itself', async () => {
  const acceptor = acceptorOf(service)
  const { origin, seen } = await server((request, response) => {
    response.setHeader('set-cookie', 'session=alice')
    return authenticate(acceptor, request, response)
  })
  const [alice, bob] = [fetchWith(), fetchWith({}, issueTicket(service, 'bob'))]
  for (const call of [alice, alice, bob]) await call(origin)
  expect(seen.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined, undefined])
})

test('a fetch below is used as it is where its connections may be shared', async () => {
  const ticket = issueTicket(service)
  const below = vi.fn(async (_input: unknown, _init: unknown) => {
    const { token } = createInitiator({ ticket, now: Date.now() })
    return new Response('x', { status: 401, headers: { 'www-authenticate': formatChallenge(token) } })
  })
  const response = await fetchWith({ fetch: below, connections: 'shared' }, ticket)('https://localhost/')
  expect(response.status).toBe(401)
  expect(below).toHaveBeenCalledTimes(1)
  expect(below.mock.calls[0][1]).not.toHaveProperty('dispatcher')
})

function streamed(body: string): RequestInit & { duplex: 'half' } {
  return { method: 'POST', body: new Blob([body]).stream(), duplex: 'half' }
}

function accepted<T extends { status: string }>(reply: T): Extract<T, { status: 'complete' }> {
  if (isComplete(reply)) return reply
  throw new Error(reply.status)
}

function isComplete<T extends { status: string }>(reply: T): reply is Extract<T, { status: 'complete' }> {
  return reply.status === 'complete'
}

describe('a client in place of a function', () => {
  /** As a KDC client whose methods need their object. */
  class Client {
    readonly #ticket: ServiceTicket
    readonly asked: unknown[] = []

    constructor(user: string) {
      this.#ticket = issueTicket(service, user)
    }

    async ticketFor(spn: string, options?: object): Promise<ServiceTicket> {
      this.asked.push([spn, options])
      return this.#ticket
    }

    s4u2proxy(): void {}
  }

  const make = (...given: unknown[]) => Reflect.apply(createFetch, undefined, given)
  const textOf = async (call: typeof fetch, url: string) => (await call(url)).text()

  test('supplies the tickets, first, with or without options, or as one of them', async () => {
    const { origin } = await site()
    const client = new Client('bob')
    const { ticketFor, serviceNames } = {
      ticketFor: client.ticketFor.bind(client),
      serviceNames: { localhost: service.spn },
    }
    for (const call of [
      make(client),
      make(client, { serviceNames }),
      make({ client, serviceNames }),
      make({ client: { ticketFor } }),
    ])
      expect(await textOf(call, origin)).toBe('bob@AD.TEST')
    expect(client.asked).toEqual(Array.from({ length: 4 }, () => [service.spn, { signal: undefined }]))
  })

  test('takes its options seriously', async () => {
    const { origin, seen } = await site()
    const client = new Client('bob')
    await textOf(make(client, { origins: ['https://api.ad.test'] }), origin)
    expect(seen.map(({ headers }) => headers.authorization)).toEqual([undefined])
    expect(() => make(client, { serviceName: {} })).toThrow('did you mean "serviceNames"?')
    expect(() => make(client, { ticketFor: client.ticketFor })).toThrow('ticketFor')
  })

  test('is refused where there are two sources, or none', () => {
    const client = new Client('bob')
    const refusal = (message: string, hint: string) =>
      expect.objectContaining({ name: 'ConfigurationError', message, hint: expect.stringContaining(hint) })
    expect(() => make({ client, ticketFor: client.ticketFor })).toThrow(
      refusal('createFetch: client and ticketFor were both given, and each supplies tickets', 'Leave one of them out.'),
    )
    for (const options of [{}, { client: {} }, { client: 5 }, { client: null }])
      expect(() => make(options)).toThrow(
        refusal('createFetch: client is missing, the KDC client that supplies tickets', 'client: createKdcClient({'),
      )
    expect(() => make({ ticketFor: client.ticketFor }, { serviceNames: {} })).toThrow(
      refusal(
        'createFetch was given two arguments, and the first is not a KDC client',
        'createFetch(createKdcClient({',
      ),
    )
  })
})

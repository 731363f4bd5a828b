import { tlsServerEndPoint } from '@s4u/gssapi'
import { ConfigurationError, type ServiceTicket } from '@s4u/kdc-client'
import { X509Certificate } from 'node:crypto'
import { type ConnectionOptions, createSecureContext, TLSSocket } from 'node:tls'
import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import { CERTIFICATES, PFX } from '../../../../test/stories/certificates.js'
import {
  acceptorOf,
  authenticate,
  issueTicket,
  type serve,
  serviceNamed,
} from '../../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { Connections, sharedConnections } from './connections.js'
import type { CreateFetchOptions } from '../fetch/fetch-options.js'
import { createFetch } from '../fetch/create-fetch.js'

const { service, keep, server } = backendFixture()
const plainSite = async () => await server((request, response) => authenticate(acceptorOf(service), request, response))

function fetchAs(ticket: ServiceTicket, connections: CreateFetchOptions['connections'], more = {}) {
  return createFetch({ ticketFor: async () => ticket, ...(connections && { connections }), ...more })
}

describe('connections', () => {
  test('are never shared between identities, and are used again by their own', async () => {
    const { origin, seen } = await plainSite()
    const connections = keep(new Connections({ maxPerOrigin: 1 }))
    const [alice, bob] = [issueTicket(service, 'alice'), issueTicket(service, 'bob')]
    for (const ticket of [alice, bob, alice, bob, alice]) {
      await (await fetchAs(ticket, connections)(origin)).text()
    }
    const portsOf = (user: string) =>
      new Set(seen.filter(({ principal }) => principal === user).map(({ port }) => port))
    const [ofAlice, ofBob] = [portsOf('alice@AD.TEST'), portsOf('bob@AD.TEST')]
    expect([ofAlice.size, ofBob.size]).toEqual([1, 1])
    expect(ofAlice).not.toEqual(ofBob)
  })

  test('are apart by default, also from those of requests in nobody’s name', async () => {
    const { origin, seen } = await plainSite()
    await (await fetch(origin)).text()
    await (await fetchAs(issueTicket(service, 'alice'), undefined)(origin)).text()
    await (await fetch(origin)).text()
    await (await fetchAs(issueTicket(service, 'bob'), undefined)(origin)).text()
    const [anonymous, alice, , bob] = seen.map(({ port }) => port)
    expect(new Set([anonymous, alice, bob]).size).toBe(3)
  })

  test('of many identities at the same time stay apart', async () => {
    const { origin, seen } = await plainSite()
    const connections = keep(new Connections())
    const users = Array.from({ length: 20 }, (_, index) => issueTicket(service, `user${index}`))
    const requests = Array.from({ length: 200 }, (_, index) => fetchAs(users[index % 20], connections)(origin))
    const answers = await Promise.all((await Promise.all(requests)).map((response) => response.text()))
    expect(answers).toEqual(answers.map((_, index) => `user${index % 20}@AD.TEST`))
    const owners = new Map<number, string>()
    for (const { port, principal = '' } of seen) {
      expect(owners.get(port) ?? principal).toBe(principal)
      owners.set(port, principal)
    }
  })

  test('are bounded: per identity, and in identities', async () => {
    const { origin, seen } = await plainSite()
    const connections = keep(new Connections({ maxIdentities: 2, maxPerOrigin: 2 }))
    const alice = issueTicket(service, 'alice')
    const bodies = Array.from({ length: 10 }, async () => (await fetchAs(alice, connections)(origin)).text())
    await Promise.all(bodies)
    expect(new Set(seen.map(({ port }) => port)).size).toBeLessThanOrEqual(2)
    for (const user of ['bob', 'carol', 'dave']) await fetchAs(issueTicket(service, user), connections)(origin)
    expect(connections.size).toBe(2)
  })

  test('that made room are closed at once, however long the app and the backend would keep them', async () => {
    const sockets = new Set<object>()
    const { origin } = await server((request, response) => {
      const { socket } = request
      if (!sockets.has(socket)) socket.once('close', () => sockets.delete(socket))
      sockets.add(socket)
      response.setHeader('keep-alive', 'timeout=600')
      return authenticate(acceptorOf(service), request, response)
    })
    const connections = keep(new Connections({ maxIdentities: 2, keepAlive: 600_000 }))
    for (let index = 0; index < 20; index++)
      await (await fetchAs(issueTicket(service, `user${index}`), connections)(origin)).text()
    // Sooner than Node's server would close them, which is after five seconds.
    await expect.poll(() => sockets.size, { timeout: 3_000 }).toBeLessThanOrEqual(2)
  })

  test('that have made room still carry what comes late, and keep nothing of it', async () => {
    const { origin, seen } = await plainSite()
    const connections = keep(new Connections({ maxIdentities: 1, keepAlive: 600_000 }))
    const alice = issueTicket(service, 'alice')
    const { dispatcher } = connections.of(alice, async () => alice)
    const bob = issueTicket(service, 'bob')
    connections.of(bob, async () => bob)
    for (let count = 0; count < 3; count++) {
      const { statusCode, body } = await request(origin, { dispatcher })
      await body.dump()
      expect(statusCode).toBe(401)
    }
    expect(new Set(seen.map(({ port }) => port)).size).toBe(3)
  })

  test('that must make room finish what they carry', async () => {
    const connections = keep(new Connections({ maxIdentities: 1 }))
    const users = Array.from({ length: 50 }, (_, index) => `user${index}`)
    // Nobody is answered before all have come, so that each identity but the last has had to make
    // room meanwhile.
    const arrived: (() => void)[] = []
    const slow = await server(async (request, response) => {
      await new Promise<void>((resolve) => {
        arrived.push(resolve)
        if (arrived.length === users.length) for (const answer of arrived) answer()
      })
      return authenticate(acceptorOf(service), request, response)
    })
    const answers = users.map((user) => fetchAs(issueTicket(service, user), connections)(slow.origin))
    const bodies = (await Promise.all(answers)).map((response) => response.text())
    expect(await Promise.all(bodies)).toEqual(users.map((user) => `${user}@AD.TEST`))
    expect(connections.size).toBe(1)
  })

  test('carry the legs of one negotiation, with whatever page a challenge comes with', async () => {
    const { origin, seen } = await plainSite()
    const call = fetchAs(issueTicket(service), keep(new Connections()), { preemptive: false, fetch: undefined })
    await (await call(origin)).text()
    const bound = keep(new Connections())
    const renewed = [issueTicket({ ...service, key: serviceNamed().key }), issueTicket(service)]
    const ticketFor = async (_: string, { fresh = false }: { fresh?: boolean }) => renewed[fresh ? 1 : 0]
    await (await createFetch({ ticketFor, connections: bound })(origin)).text()
    expect(seen.map(({ principal }) => principal)).toEqual([undefined, 'alice@AD.TEST', undefined, 'alice@AD.TEST'])
  })

  test('are given up with a page that does not end', async () => {
    const { origin } = await server((request, response) => {
      if (request.headers.authorization !== undefined) return authenticate(acceptorOf(service), request, response)
      response.writeHead(401, { 'www-authenticate': 'Negotiate' })
      const timer = setInterval(() => response.write('x'.repeat(20_000)), 1)
      response.once('close', () => clearInterval(timer))
      return undefined
    })
    const call = fetchAs(issueTicket(service), keep(new Connections()), { preemptive: false })
    expect(await (await call(origin)).text()).toBe('alice@AD.TEST')
  })

  test('of requests in nobody’s name are used again, but not after one that brought its own name', async () => {
    const { origin, seen } = await plainSite()
    const call = fetchAs(issueTicket(service), keep(new Connections({ maxPerOrigin: 1 })))
    const omit = { credentials: 'omit' } as const
    const own = (user: string) => ({ headers: { authorization: `NTLM ${user}` } })
    for (const init of [omit, omit, own('alice'), own('bob'), omit]) await (await call(origin, init)).text()
    const [first, second, alice, bob, last] = seen.map(({ port }) => port)
    expect(second).toBe(first)
    expect(new Set([alice, bob, last]).size).toBe(3)
  })

  test('hand out two cookies as two, whoever asked', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server((request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2'])
      return request.headers.authorization ? authenticate(acceptor, request, response) : response.end()
    })
    const call = fetchAs(issueTicket(service), keep(new Connections()))
    for (const init of [{}, { credentials: 'omit' }] as const)
      expect((await call(origin, init)).headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  })

  test('are the platform’s where the app says so', async () => {
    const { origin } = await plainSite()
    expect((await fetchAs(issueTicket(service), 'shared')(origin)).status).toBe(200)
  })

  test('need room for one', () => {
    expect(() => new Connections({ maxIdentities: 0 })).toThrow(ConfigurationError)
    expect(() => new Connections({ maxPerOrigin: 0 })).toThrow(ConfigurationError)
  })

  test.each([
    ['half an identity', { maxIdentities: 1.5 }],
    ['connections without number', { maxPerOrigin: Infinity }],
    ['a text for a number', { maxPerOrigin: '16' }],
    ['a text for a time', { answerTimeLimit: '5000' }],
    ['a proxy that is no URL', { proxy: { url: 'proxy.ad.test' } }],
    ['a proxy of another protocol', { proxy: { url: 'ftp://proxy.ad.test' } }],
    ['a proxy without a URL', { proxy: {} }],
  ])('are refused at once, and not at the first request: %s', (_what, options) => {
    expect(() => new Connections(options as object)).toThrow(ConfigurationError)
  })

  test.each(['keepAlive', 'answerTimeLimit', 'bodyTimeLimit'])('need time: %s', (name) => {
    for (const time of [0, -1, NaN, 2 ** 31])
      expect(() => new Connections({ [name]: time })).toThrow(ConfigurationError)
    if (name === 'keepAlive') expect(() => new Connections({ [name]: Infinity })).toThrow(ConfigurationError)
    else expect(new Connections({ [name]: Infinity }).size).toBe(0)
  })
})

describe('over TLS', () => {
  const [certificate, otherCertificate] = CERTIFICATES
  const tls = { ca: [certificate.cert, otherCertificate.cert] }
  const endPoint = (cert: string) => tlsServerEndPoint(new X509Certificate(cert).raw)

  /** Requires tokens that are bound to a certificate. */
  const boundSite = async (bound: string = certificate.cert) => {
    const acceptor = acceptorOf(service, { channelBinding: 'require' })
    const bind: typeof acceptor = {
      ...acceptor,
      accept: (token) => acceptor.accept(token, { channelBindings: endPoint(bound) }),
    }
    return await server((request, response) => authenticate(bind, request, response), certificate)
  }

  test('what an app changes in its options later changes nothing', async () => {
    const { origin, seen } = await boundSite()
    const changing: ConnectionOptions = { ca: [certificate.cert] }
    const connections = keep(new Connections({ tls: changing }))
    Object.assign(changing, { ca: [], rejectUnauthorized: true })
    expect((await fetchAs(issueTicket(service), connections)(origin)).status).toBe(200)
    const strict: ConnectionOptions = {}
    const careful = keep(new Connections({ tls: strict }))
    strict.rejectUnauthorized = false
    await expect(fetchAs(issueTicket(service), careful)(origin)).rejects.toThrow('fetch failed')
    expect(seen).toHaveLength(1)
  })

  test('tokens are bound to the certificate of the server', async () => {
    const { origin, seen } = await boundSite()
    const call = fetchAs(issueTicket(service), keep(new Connections({ tls })))
    for (let count = 0; count < 3; count++) expect(await (await call(origin)).text()).toBe('alice@AD.TEST')
    expect((await call(origin, { method: 'POST', body: 'x' })).status).toBe(200)
    // The connection that showed the certificate carried the first request.
    expect(seen.length).toBe(4)
  })

  test.each<[string, ConnectionOptions]>([
    ['cert and key', { cert: otherCertificate.cert, key: otherCertificate.key }],
    ['pfx', { pfx: PFX, passphrase: 'pfx' }],
    ['pfx in a list', { pfx: [{ buf: PFX, passphrase: 'pfx' }] }],
    ['secureContext', { secureContext: createSecureContext({ ...otherCertificate, ca: tls.ca }) }],
  ])('a client certificate (%s) is shown where tokens may go, and nowhere else', async (_, shownBy) => {
    const asking = { ...certificate, requestCert: true, rejectUnauthorized: false }
    const shown: boolean[] = []
    const handle: Parameters<typeof serve>[0] = ({ socket }, response) => {
      shown.push(socket instanceof TLSSocket && socket.getPeerX509Certificate() !== undefined)
      response.end()
    }
    const [site, other] = [await server(handle, asking), await server(handle, asking)]
    const connections = keep(new Connections({ tls: { ...tls, ...shownBy } }))
    const shows = async (origins: string[], init?: RequestInit): Promise<boolean | undefined> => {
      const options = { origins, mutualAuthentication: 'off' }
      await (await fetchAs(issueTicket(service), connections, options)(site.origin, init)).text()
      return shown.pop()
    }
    expect(await shows([site.origin])).toBe(true)
    expect(await shows([site.origin], { headers: { authorization: 'Bearer x' } })).toBe(true)
    expect(await shows([site.origin], { credentials: 'omit' })).toBe(false)
    expect(await shows([other.origin])).toBe(false)
  })

  test('a server that sits behind somebody with another certificate refuses the token', async () => {
    const { origin } = await boundSite(otherCertificate.cert)
    expect((await fetchAs(issueTicket(service), keep(new Connections({ tls })))(origin)).status).toBe(401)
  })

  test('nothing is bound where the app wants that', async () => {
    const { origin } = await boundSite()
    const options = { channelBinding: 'off' }
    expect((await fetchAs(issueTicket(service), keep(new Connections({ tls })), options)(origin)).status).toBe(401)
  })

  test.each<[string, Partial<CreateFetchOptions>, RequestInit]>([
    ['before the server has asked', { preemptive: false }, {}],
    ['to learn whether the server asks', { preemptive: 'learned' }, {}],
    ['of nobody', { allowedImpersonationLevel: 'anonymous' }, {}],
    ['without credentials', {}, { credentials: 'omit' }],
    ['with an Authorization of its own', {}, { headers: { authorization: 'Bearer x' } }],
    ['to an origin that is not listed', { origins: ['https://api.ad.test'] }, {}],
  ])('a request %s trusts the same authorities', async (_what, options, init) => {
    const { origin, seen } = await server((_request, response) => response.end('hello'), certificate)
    const call = fetchAs(issueTicket(service), keep(new Connections({ tls })), options)
    expect(await (await call(origin, init)).text()).toBe('hello')
    expect(String(seen[0].headers.authorization)).not.toMatch(/Negotiate/)
  })

  test('and so does one to an address without a name, and one after a redirect', async () => {
    const plain = await server((_request, response) => response.end('hello'), otherCertificate)
    const acceptor = acceptorOf(service)
    const first = await server((request, response) => {
      response.statusCode = 302
      response.setHeader('location', plain.origin)
      return authenticate(acceptor, request, response)
    }, certificate)
    const address = plain.origin.replace('localhost', '127.0.0.1')
    const checkServerIdentity = () => undefined
    const connections = keep(new Connections({ tls: { ...tls, checkServerIdentity } }))
    const call = fetchAs(issueTicket(service), connections)
    for (const url of [address, first.origin]) expect(await (await call(url)).text()).toBe('hello')
  })

  test('a server whose certificate is not trusted gets no token', async () => {
    const { origin, seen } = await boundSite()
    await expect(fetchAs(issueTicket(service), keep(new Connections()))(origin)).rejects.toThrow('fetch failed')
    expect(seen).toEqual([])
  })

  test('require sends nothing where there is no channel', async () => {
    const { origin, seen } = await plainSite()
    const options = { channelBinding: 'require' }
    const answer = fetchAs(issueTicket(service), keep(new Connections()), options)(origin)
    await expect(answer).rejects.toMatchObject({ name: 'ConfigurationError', code: 'GSS_S_BAD_BINDINGS' })
    const below = createFetch({
      ticketFor: async () => issueTicket(service),
      channelBinding: 'require',
      connections: 'shared',
    })
    await expect(below('https://localhost/')).rejects.toMatchObject({ code: 'GSS_S_BAD_BINDINGS' })
    expect(seen).toEqual([])
  })

  test('a redirect down to http carries nothing, nor does what follows', async () => {
    const plain = await server((_request, response) => response.end('plain'))
    const acceptor = acceptorOf(service)
    const secure = await server((request, response) => {
      response.statusCode = 302
      response.setHeader('location', `${plain.origin}/`)
      return authenticate(acceptor, request, response)
    }, certificate)
    const options = { origins: [secure.origin, plain.origin] }
    const call = fetchAs(issueTicket(service), keep(new Connections({ tls })), options)
    expect(await (await call(secure.origin)).text()).toBe('plain')
    expect(plain.seen[0].headers.authorization).toBeUndefined()
  })

  test('a redirect without a token is not followed to whom nobody vouches for: a certificate is less than a key', async () => {
    const other = await server((_request, response) => response.end('sign in here'), otherCertificate)
    const gateway = await server(
      (_request, response) => response.writeHead(302, { location: other.origin }).end(),
      certificate,
    )
    const connections = keep(new Connections({ tls }))
    const answer = fetchAs(issueTicket(service), connections)(gateway.origin)
    await expect(answer).rejects.toMatchObject({ code: 'KRB_AP_ERR_MUT_FAIL' })
    expect(other.seen).toEqual([])
    const trusting = fetchAs(issueTicket(service), connections, { mutualAuthentication: 'off' })
    expect(await (await trusting(gateway.origin)).text()).toBe('sign in here')
  })
})

const ROOM = 'maxIdentities and maxPerOrigin are whole numbers from 1 on.'

test.each<[object, string, string | undefined]>([
  [{ maxIdentities: 0 }, 'connections need room for one at least', ROOM],
  [{ maxIdentities: 0.5 }, 'connections need room for one at least', ROOM],
  [{ maxPerOrigin: Infinity }, 'connections need room for one at least', ROOM],
  [{ maxPerOrigin: 0 }, 'connections need room for one at least', ROOM],
  [{ maxIdentities: Number.NaN }, 'connections need room for one at least', ROOM],
  [{ keepAlive: 0 }, 'keepAlive must be a number of milliseconds above 0', 'Give at most 2147483647.'],
  [{ keepAlive: Infinity }, 'keepAlive must be a number of milliseconds above 0', 'Give at most 2147483647.'],
  [
    { answerTimeLimit: 2 ** 31 },
    'answerTimeLimit must be a number of milliseconds above 0',
    'Give at most 2147483647, or Infinity.',
  ],
  [
    { bodyTimeLimit: -1 },
    'bodyTimeLimit must be a number of milliseconds above 0',
    'Give at most 2147483647, or Infinity.',
  ],
])('%j is refused in words', (options, message, hint) => {
  expect(() => new Connections(options)).toThrow(expect.objectContaining({ name: 'ConfigurationError', message, hint }))
})

test('the very most may be given, and one of each is enough', () => {
  const most = { keepAlive: 2 ** 31 - 1, answerTimeLimit: 2 ** 31 - 1, bodyTimeLimit: 2 ** 31 - 1 }
  for (const options of [most, { maxIdentities: 1, maxPerOrigin: 1 }, {}, undefined])
    expect(keep(new Connections(options)).size).toBe(0)
})

test('a request on them may take five minutes to be answered and an hour to end, unless the app says otherwise', () => {
  const ticket = issueTicket(service)
  const of = (connections: Connections) => keep(connections).of(ticket, async () => ticket).limits
  expect(of(new Connections())).toEqual({ answer: 300_000, body: 3_600_000 })
  expect(of(new Connections({ answerTimeLimit: 1, bodyTimeLimit: Infinity }))).toEqual({ answer: 1, body: Infinity })
  const { limits } = keep(new Connections({ answerTimeLimit: 7 })).withoutIdentity()
  expect(limits).toEqual({ answer: 7, body: 3_600_000 })
})

test('the ones that were idle longest make room, whoever came first', () => {
  const connections = keep(new Connections({ maxIdentities: 2 }))
  const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((user) => issueTicket(service, user))
  const of = (ticket: ServiceTicket) => connections.of(ticket, async () => ticket)
  const [ofAlice, ofBob] = [of(alice), of(bob)]
  expect(of(bob)).toBe(ofBob)
  expect(of(alice)).toBe(ofAlice)
  of(carol)
  expect(connections.size).toBe(2)
  expect(of(alice)).toBe(ofAlice)
  expect(of(bob)).not.toBe(ofBob)
})

test('those of nobody are kept, apart from those of strangers, and none is left when all are closed', async () => {
  const connections = new Connections()
  const ticket = issueTicket(service)
  const before = [
    connections.withoutIdentity(),
    connections.outsideOrigins(),
    connections.of(ticket, async () => ticket),
  ]
  expect(new Set(before).size).toBe(3)
  expect([connections.withoutIdentity(), connections.outsideOrigins()]).toEqual([before[0], before[1]])
  expect(connections.withoutIdentity()).toBe(before[0])
  await connections[Symbol.asyncDispose]()
  expect(connections.size).toBe(0)
  const after = [
    connections.withoutIdentity(),
    connections.outsideOrigins(),
    connections.of(ticket, async () => ticket),
  ]
  for (const [index, one] of after.entries()) expect(one).not.toBe(before[index])
  await connections[Symbol.asyncDispose]()
})

test('nothing is bound to over plain HTTP', () => {
  const ticket = issueTicket(service)
  const { bindings } = keep(new Connections()).of(ticket, async () => ticket)
  expect(bindings(new URL('http://localhost'))).toBeUndefined()
})

test('all that bring none share one keeper', () => {
  expect(sharedConnections()).toBeInstanceOf(Connections)
  expect(sharedConnections()).toBe(sharedConnections())
})

import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { CERTIFICATES } from '../../../../test/stories/certificates.js'
import { acceptorOf, authenticate, issueTicket, serve, type Site } from '../../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { Connections } from '../connections/connections.js'
import type { CreateFetchOptions } from './fetch-options.js'
import { createFetch } from './create-fetch.js'

const { service, keep } = backendFixture()
const acceptor = acceptorOf(service)
const [certificate, otherCertificate] = CERTIFICATES
/** Asks clients for a certificate, and takes any. */
const asking = { ...certificate, requestCert: true, rejectUnauthorized: false }
interface Observed extends Site {
  /** Whether each request came with a client certificate. */
  readonly shown: boolean[]
}

type Scheme = 'http' | 'https'

/**
 * Says where to go, in its own proven name where it was asked in somebody's; without a place, who
 * came.
 */
async function place(
  scheme: Scheme,
  to?: string | ((request: IncomingMessage) => string | undefined),
): Promise<Observed> {
  const shown: boolean[] = []
  const site = await serve(
    (request, response, body) => {
      const { socket, headers } = request
      shown.push(socket instanceof TLSSocket && socket.getPeerX509Certificate() !== undefined)
      const location = typeof to === 'function' ? to(request) : to
      if (location !== undefined) {
        response.statusCode = 307
        response.setHeader('location', location)
      }
      if (headers.authorization?.startsWith('Negotiate') === true)
        return authenticate(acceptor, request, response, body)
      return response.end('nobody')
    },
    scheme === 'https' ? asking : undefined,
  )
  return keep({ ...site, shown, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() })
}

/** Trusts the places, and has a client certificate to show them. */
function caller(options: Partial<CreateFetchOptions> = {}) {
  const tls = { ca: certificate.cert, ...otherCertificate, checkServerIdentity: () => undefined }
  const connections = keep(new Connections({ tls }))
  const ticket = issueTicket(service)
  const serviceNames = { '127.0.0.1': 'HTTP/localhost' }
  return createFetch({ ticketFor: async () => ticket, connections, serviceNames, channelBinding: 'off', ...options })
}

const SECRETS = { cookie: 'session=alice', 'proxy-authorization': 'Basic eDp4' }
const credentialsIn = ({ headers }: { headers: IncomingMessage['headers'] }) =>
  ['authorization', 'cookie', 'proxy-authorization'].filter((name) => headers[name] !== undefined)

const atAddress = (origin: string): string => origin.replace('localhost', '127.0.0.1')

/** From where, to where, and under which name. */
const changes: [string, Scheme, Scheme, (origin: string) => string][] = [
  ['another port', 'http', 'http', (origin) => origin],
  ['another port over TLS', 'https', 'https', (origin) => origin],
  ['http instead of https', 'https', 'http', (origin) => origin],
  ['https instead of http', 'http', 'https', (origin) => origin],
  ['another host', 'http', 'http', atAddress],
  ['another host over TLS', 'https', 'https', atAddress],
]

describe.each(changes)('a redirect to %s', (_, from, to, named) => {
  test('takes no credential along that was not meant for it', async () => {
    const end = await place(to)
    const start = await place(from, `${named(end.origin)}/end`)
    const response = await caller()(start.origin, {
      method: 'POST',
      body: 'x',
      headers: { ...SECRETS, 'x-kept': '1' },
    })
    expect(await response.text()).toBe('nobody')
    expect(start.seen.map(credentialsIn)).toEqual([['authorization', 'cookie', 'proxy-authorization']])
    expect(start.shown).toEqual([from === 'https'])
    expect(end.seen.map(credentialsIn)).toEqual([[]])
    expect(end.shown).toEqual([false])
    expect(end.seen[0]).toMatchObject({
      method: 'POST',
      body: 'x',
      headers: { 'x-kept': '1', host: new URL(named(end.origin)).host },
    })
  })

  test('loses an Authorization that the app has brought', async () => {
    const end = await place(to)
    const start = await place(from, `${named(end.origin)}/end`)
    for (const origins of [undefined, [start.origin, named(end.origin)]]) {
      const headers = { ...SECRETS, authorization: 'Bearer abc' }
      await (await caller(origins && { origins })(start.origin, { headers })).text()
    }
    expect(start.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer abc', 'Bearer abc'])
    expect(end.seen.map(credentialsIn)).toEqual([[], []])
  })

  test('is not made up for on the way back', async () => {
    const middle: Observed = await place(to, () => `${start.origin}/end`)
    const start: Observed = await place(from, ({ url }) => (url === '/end' ? undefined : named(middle.origin)))
    const headers = { ...SECRETS, authorization: 'Bearer abc' }
    await (await caller()(start.origin, { headers })).text()
    expect(start.seen.map(({ url }) => url)).toEqual(['/', '/end'])
    expect(credentialsIn(start.seen[1])).toEqual([])
  })

  test('has a token and the certificate where the app has listed the origin, and never after https has turned into http', async () => {
    const end = await place(to)
    const start = await place(from, named(end.origin))
    const origins = [start.origin, named(end.origin)]
    const isDown = from === 'https' && to === 'http'
    expect(await (await caller({ origins })(start.origin, { headers: SECRETS })).text()).toBe(
      isDown ? 'nobody' : 'alice@AD.TEST',
    )
    expect(end.seen.map(credentialsIn)).toEqual([isDown ? [] : ['authorization']])
    expect(end.shown).toEqual([to === 'https'])
  })
})

test.each([
  ['https://localhost/', 'http://localhost/'],
  ['http://localhost/', 'https://localhost/'],
  ['https://localhost/', 'https://localhost:8443/'],
  ['https://localhost/', 'https://other.localhost/'],
  ['https://localhost:443/', 'https://localhost./'],
])(
  'a redirect from %s to %s takes no credential along, though each may be on the port of its scheme',
  async (from, to) => {
    const all = ['authorization', 'cookie', 'host', 'proxy-authorization']
    const seen: [string, string[]][] = []
    const below: typeof fetch = async (input, init) => {
      const { url, headers } = new Request(input, init)
      seen.push([url, all.filter((name) => headers.has(name))])
      return seen.length === 1 ? Response.redirect(to, 307) : new Response()
    }
    const options = { fetch: below, connections: 'shared', mutualAuthentication: 'off' } as const
    const owns: Record<string, string>[] = [{}, { authorization: 'Bearer abc' }]
    for (const own of owns) {
      const headers = { ...SECRETS, ...own, host: 'alias.test' }
      await caller(options)(from, { headers })
      expect(seen.splice(0)).toEqual([
        [new URL(from).href, all],
        [to, []],
      ])
    }
  },
)

test('a redirect within the origin keeps all of them', async () => {
  const site = await place('https', ({ url }) => (url === '/' ? '/end' : undefined))
  await (await caller()(site.origin, { headers: SECRETS })).text()
  const all = ['authorization', 'cookie', 'proxy-authorization']
  expect([site.seen.map(credentialsIn), site.shown]).toEqual([
    [all, all],
    [true, true],
  ])
})

test.each([1, 2])('after https has turned into http nothing is vouched for, %i hops later', async (hops) => {
  const end = await place('https')
  const last = await place('http', end.origin)
  const middle = hops === 1 ? last : await place('http', last.origin)
  const start = await place('https', middle.origin)
  const origins = [start, middle, last, end].map(({ origin }) => origin)
  expect(await (await caller({ origins })(start.origin)).text()).toBe('nobody')
  for (const { seen } of [middle, last, end]) expect(seen.map(credentialsIn)).toEqual([[]])
  expect(end.shown).toEqual([false])
})

test.each([
  ['something that is not a URL', 'http://[', 'not a URL'],
  ['a URL with credentials in it', 'http://alice:wonderland@localhost/', 'credentials in it'],
  ['what is not HTTP', 'file:///etc/passwd', 'not HTTP'],
])('a redirect to %s is refused, without showing it', async (_, to, message) => {
  const start = await place('http', to)
  const refusal: unknown = await caller()(start.origin).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(TypeError)
  expect(String(refusal)).toContain(message)
  expect(String(refusal)).not.toContain('wonderland')
})

import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CERTIFICATES } from '../../../test/stories/certificates.js'
import {
  acceptorOf,
  authenticate,
  issueTicket,
  serve,
  serviceNamed,
  type Site,
} from '../../../test/stories/kerberos-backend.js'
import { Connections } from './connections.js'
import type { NegotiatedFetchOptions } from './fetch-options.js'
import { createFetch } from './negotiated-fetch.js'
import { type Outgoing, outgoingRequest } from './outgoing.js'
import { followRedirects, isDowngrade, redirectTarget, type Trail } from './redirect.js'

const service = serviceNamed()
const acceptor = acceptorOf(service)
const [certificate, otherCertificate] = CERTIFICATES
/** Asks clients for a certificate, and takes any. */
const asking = { ...certificate, requestCert: true, rejectUnauthorized: false }
const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

function keep<T extends AsyncDisposable>(one: T): T {
  open.push(one)
  return one
}

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
function caller(options: Partial<NegotiatedFetchOptions> = {}) {
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

describe('the hops of a request', () => {
  interface Sent {
    readonly hop: Outgoing
    readonly trail: Trail
    readonly body: string | undefined
  }
  const moved = (location: string, status = 302, body: ReadableStream | null = null): Response =>
    new Response(body, { status, headers: { location } })

  /** Answers each hop with the next of `answers`, and keeps what was sent. */
  async function follow(
    answers: (Response | { response: Response; owesProof?: boolean })[],
    init: RequestInit = {},
    { replayable = true, url = 'https://api.ad.test/start' } = {},
  ) {
    const sent: Sent[] = []
    const request = outgoingRequest(new Request(url, init))
    const response = await followRedirects(request, replayable, async (hop, trail) => {
      sent.push({ hop, trail, body: hop.request?.body ? await hop.request.clone().text() : undefined })
      const answer = answers[sent.length - 1] ?? new Response('end')
      return answer instanceof Response ? { response: answer } : answer
    }).catch((error: unknown) => error)
    return { sent, response }
  }

  const BODY = ['content-encoding', 'content-language', 'content-location', 'content-type', 'content-length']
  const headers = { ...Object.fromEntries(BODY.map((name) => [name, '1'])), 'x-kept': '1' }

  test.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'PUT', 'PUT'],
    [307, 'POST', 'POST'],
    [308, 'POST', 'POST'],
  ])('%i after %s asks with %s, and the body goes with what it says of itself', async (status, method, after) => {
    const { sent } = await follow([moved('/next', status)], { method, body: 'body', headers })
    expect(sent[1].hop.method).toBe(after)
    expect(sent[1].hop.url.href).toBe('https://api.ad.test/next')
    expect(sent[1].body).toBe(after === 'GET' ? undefined : 'body')
    const kept = BODY.filter((name) => sent[1].hop.headers?.has(name))
    expect(kept).toEqual(after === 'GET' ? [] : BODY)
    expect(sent[1].hop.headers?.get('x-kept')).toBe('1')
  })

  test.each([
    [303, 'HEAD'],
    [303, 'GET'],
    [302, 'HEAD'],
    [307, 'DELETE'],
    [303, 'GET'],
  ])('%i after %s, which has no body, asks the same', async (status, method) => {
    const { sent } = await follow([moved('/next', status)], { method, headers })
    expect(sent[1].hop.method).toBe(method)
    expect(BODY.filter((name) => sent[1].hop.headers?.has(name))).toEqual(BODY)
  })

  test('303 after DELETE, which has no body, asks with GET, and says nothing of one', async () => {
    const { sent } = await follow([moved('/next', 303)], { method: 'DELETE', headers })
    expect(sent[1].hop.method).toBe('GET')
    expect(BODY.filter((name) => sent[1].hop.headers?.has(name))).toEqual([])
  })

  test('keep the signal, the mode of credentials, and what is known of the way', async () => {
    const controller = new AbortController()
    const init = { credentials: 'include', signal: controller.signal } as const
    const answers = [
      { response: moved('http://api.ad.test/1'), owesProof: true },
      { response: moved('https://api.ad.test/2') },
      { response: moved('https://api.ad.test/3'), owesProof: false },
    ]
    const { sent } = await follow(answers, init)
    expect(sent.map(({ trail }) => trail)).toEqual([
      { downgraded: false, owesProof: false },
      { downgraded: true, owesProof: true },
      { downgraded: true, owesProof: false },
      { downgraded: true, owesProof: false },
    ])
    expect(sent.map(({ hop }) => hop.credentials)).toEqual(Array(4).fill('include'))
    controller.abort(new Error('enough'))
    expect(sent.map(({ hop }) => hop.signal?.aborted)).toEqual(Array(4).fill(true))
    const { sent: posted } = await follow([moved('/next', 307)], {
      ...init,
      signal: AbortSignal.abort(),
      method: 'POST',
      body: 'x',
    })
    expect(posted[1].hop).toMatchObject({ credentials: 'include', signal: { aborted: true } })
  })

  test('are twenty-one at most', async () => {
    const circle = (count: number) => Array.from({ length: count }, () => moved('/again'))
    const { sent, response } = await follow(circle(20))
    expect([sent.length, response]).toEqual([21, expect.any(Response)])
    const { sent: more, response: refusal } = await follow(circle(21))
    expect([more.length, refusal]).toEqual([21, new TypeError('more than 20 redirects')])
  })

  test.each<[string, RequestInit, { replayable?: boolean }, string, number]>([
    ['/x', { redirect: 'error' }, {}, 'redirected to another place, which the request forbids', 302],
    ['http://[', {}, {}, 'redirected to something that is not a URL', 302],
    ['https://alice@api.ad.test/', {}, {}, 'redirected to a URL with credentials in it', 302],
    ['https://:secret@api.ad.test/', {}, {}, 'redirected to a URL with credentials in it', 302],
    ['file:///etc/passwd', {}, {}, 'redirected to file:, which is not HTTP', 302],
    [
      '/x',
      { method: 'POST', body: 'x' },
      { replayable: false },
      'redirected with 307, but the body was a stream and cannot be sent again',
      307,
    ],
  ])('end before %s, and the answer is let go', async (location, init, more, message, status) => {
    const cancel = vi.fn()
    const page = new ReadableStream({ cancel, pull: () => new Promise(() => {}) })
    const { sent, response } = await follow([moved(location, status, page)], init, more)
    expect([sent.length, response]).toEqual([1, new TypeError(message)])
    expect(cancel).toHaveBeenCalledTimes(1)
  })

  test('a body that cannot be sent again is no matter where it is not', async () => {
    const { sent } = await follow([moved('/x', 303)], { method: 'POST', body: 'x' }, { replayable: false })
    expect(sent.map(({ hop }) => hop.method)).toEqual(['POST', 'GET'])
  })

  test.each([
    ['/x', 200, {}],
    ['/x', 300, {}],
    ['/x', 304, {}],
    ['/x', 201, {}],
    ['/x', 302, { redirect: 'manual' }],
  ] as const)('a Location of %s with %i is the answer where it is none to follow', async (location, status, init) => {
    const answer = moved(location, status)
    const { sent, response } = await follow([answer], init)
    expect(response).toBe(answer)
    expect(sent).toHaveLength(1)
  })

  test('a redirect to nowhere is an answer', async () => {
    const answer = new Response(null, { status: 302 })
    expect((await follow([answer])).response).toBe(answer)
    expect(redirectTarget(answer, new URL('https://api.ad.test'))).toBeUndefined()
    expect(redirectTarget(moved('http://['), new URL('https://api.ad.test'))).toBeUndefined()
    expect(redirectTarget(moved('/x'), new URL('https://api.ad.test/y'))?.href).toBe('https://api.ad.test/x')
    expect(redirectTarget(moved('/x', 200), new URL('https://api.ad.test/y'))).toBeUndefined()
  })
})

test.each([
  ['https:', 'http:', true],
  ['https:', 'https:', false],
  ['http:', 'http:', false],
  ['http:', 'https:', false],
  ['https:', 'ftp:', false],
])('from %s to %s is a way down: %s', (from, to, isDown) => {
  expect(isDowngrade(new URL(`${from}//a`), new URL(`${to}//a`))).toBe(isDown)
})

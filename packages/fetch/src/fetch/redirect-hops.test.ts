import { describe, expect, test, vi } from 'vitest'
import { type Outgoing, outgoing, outgoingRequest } from './outgoing-request.js'
import { followRedirects, isDowngrade, redirectTarget, type Trail } from './redirect.js'

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

  test.each([
    ['https://api.ad.test/next', true],
    ['https://api.ad.test:8443/next', false],
    ['https://other.test/next', false],
  ])('to %s keep what only the same origin may see: %s', async (location, kept) => {
    const secrets = { authorization: 'Bearer x', 'proxy-authorization': 'Basic x', cookie: 'a=b', host: 'alias.test' }
    for (const init of [{}, { method: 'POST', body: 'x' }]) {
      const { sent } = await follow([moved(location, 307)], { ...init, headers: { ...secrets, 'x-kept': '1' } })
      const names = [...Object.keys(secrets), 'x-kept'].filter((name) => sent[1].hop.headers?.has(name))
      expect(names).toEqual(kept ? [...Object.keys(secrets), 'x-kept'] : ['x-kept'])
      expect(sent[1].trail).toEqual({ downgraded: false, owesProof: false })
    }
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
    expect((await follow([moved('/x')], {}, { replayable: false })).sent).toHaveLength(2)
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

  test('of a plain request, of which none was made, are followed as well', async () => {
    const urls: string[] = []
    const answer = await followRedirects(outgoing('https://api.ad.test/', undefined), true, async ({ url }) => {
      urls.push(url.href)
      return { response: urls.length === 1 ? moved('/next') : new Response('end') }
    })
    expect([await answer.text(), urls]).toEqual(['end', ['https://api.ad.test/', 'https://api.ad.test/next']])
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

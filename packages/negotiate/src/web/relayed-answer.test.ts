import { beforeEach, expect, test, vi } from 'vitest'
import { withoutRelayed } from './relayed-answer.js'
import { withHeaders } from './web-outcome.js'

const told = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
beforeEach(() => void told.mockClear())

/** A response that came from a backend, as a `fetch` returns it. */
function fetched(headers: readonly (readonly [string, string])[], init: ResponseInit = {}): Response {
  const own = new Headers()
  for (const [name, value] of headers) own.append(name, value)
  return Object.defineProperty(new Response('orders', { ...init, headers: own }), 'url', { value: 'https://api.test/' })
}

const linesOf = (response: Response) => [...response.headers].filter(([name]) => name !== 'content-type')

test('an answer of a backend loses its challenges, its proof and that of its proxy, and the body stays', async () => {
  const answer = withoutRelayed(
    fetched(
      [
        ['WWW-Authenticate', 'Negotiate oYG1'],
        ['WWW-Authenticate', 'Basic realm="api"'],
        ['Authentication-Info', 'nextnonce="1"'],
        ['Proxy-Authenticate', 'Negotiate'],
        ['Proxy-Authentication-Info', 'x="1"'],
        ['ETag', '"1"'],
      ],
      { status: 401, statusText: 'Unknown' },
    ),
  )
  expect(linesOf(answer)).toEqual([['etag', '"1"']])
  expect([answer.status, answer.statusText, await answer.text()]).toEqual([401, 'Unknown', 'orders'])
})

test('what was left out is told once, by its names alone', () => {
  for (const token of ['Negotiate c2VjcmV0', 'Negotiate c2VjcmV1']) {
    const answer = withoutRelayed(fetched([['WWW-Authenticate', token]]))
    expect(answer.headers.has('www-authenticate')).toBe(false)
  }
  const texts = told.mock.calls.map(([text]) => String(text))
  expect(texts.length).toBeLessThanOrEqual(1)
  expect(texts.join('')).not.toMatch(/c2VjcmV|api\.test/)
})

test('fields of the connection go, with those that Connection lists', () => {
  const answer = withoutRelayed(
    fetched([
      ['Connection', 'keep-alive, X-Of-Hop, not a name'],
      ['X-Of-Hop', '1'],
      ['Keep-Alive', 'timeout=5'],
      ['Transfer-Encoding', 'chunked'],
      ['Proxy-Connection', 'close'],
      ['TE', 'trailers'],
      ['Trailer', 'X'],
      ['Upgrade', 'h2c'],
      ['X-End-To-End', '1'],
    ]),
  )
  expect(linesOf(answer)).toEqual([['x-end-to-end', '1']])
})

test('cookies of sessions of s4u go, and others stay', () => {
  const cookies = ['__Host-s4u=2.a', '__Host-s4u.1=b', 's4u=1.c', '__Host-s4u-form=d', 's4user=e', 'basket=f; Path=/']
  const answer = withoutRelayed(fetched(cookies.map((cookie) => ['Set-Cookie', cookie])))
  expect(answer.headers.getSetCookie()).toEqual(['s4user=e', 'basket=f; Path=/'])
})

test('a response that the app has made keeps all but tokens of somebody', () => {
  const own = new Response(null, { status: 401, headers: { Connection: 'close', 'Set-Cookie': 's4u=; Max-Age=0' } })
  const challenge = 'Negotiate, Basic realm="a, Negotiate b2Vz", Bearer'
  own.headers.set('WWW-Authenticate', challenge)
  expect(withoutRelayed(own)).toBe(own)
  own.headers.set('WWW-Authenticate', `Negotiate oYG1, ${challenge}, NTLM TlRM, kerberos YII=`)
  expect(linesOf(withoutRelayed(own))).toEqual([
    ['connection', 'close'],
    ['set-cookie', 's4u=; Max-Age=0'],
    ['www-authenticate', challenge],
  ])
})

test('a quote without an end takes no longer', () => {
  const answer = withoutRelayed(new Response('', { headers: { 'WWW-Authenticate': '"x'.repeat(20_001) } }))
  expect(answer.headers.get('www-authenticate')).toHaveLength(40_002)
})

test('nor do many escaped quotes behind one without an end', () => {
  const begun = performance.now()
  withoutRelayed(new Response('', { headers: { 'WWW-Authenticate': `"${'\\"'.repeat(50_000)}` } }))
  expect(performance.now() - begun).toBeLessThan(500)
})

test('the headers of an outcome take their place, also where the outcome has none', () => {
  const answer = () => fetched([['WWW-Authenticate', 'Negotiate oYG1']])
  expect(linesOf(withHeaders(answer(), { 'WWW-Authenticate': 'Negotiate oRQ=' }))).toEqual([
    ['www-authenticate', 'Negotiate oRQ='],
  ])
  expect(linesOf(withHeaders(answer(), {}))).toEqual([])
})

import { Agent } from 'undici'
import { expect, test } from 'vitest'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import type { Fetch } from '../options/token-options.js'
import { platformFetch, undiciFetch } from './undici-fetch.js'

const { server, keepAgent, fetchAs, site } = backendFixture()

/** Tells what it has seen of a request. */
async function echo() {
  return server((request, response, body) => {
    const { method, url, headers } = request
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    if (url === '/empty') return response.writeHead(204).end()
    if (url === '/moved') return response.writeHead(302, { location: '/' }).end()
    const { 'content-length': length, 'transfer-encoding': coding, 'content-type': type } = headers
    return response.end(JSON.stringify({ method, body, length, coding, type }))
  })
}

test('Bun and Deno send by undici, since their own fetch ignores its dispatcher', () => {
  expect([platformFetch('Bun'), platformFetch('Deno')]).toEqual([undiciFetch, undiciFetch])
  expect([platformFetch('Node'), platformFetch(undefined)]).toEqual([globalThis.fetch, globalThis.fetch])
})

test('it answers with a Response of the platform, with the URL and each cookie', async () => {
  const { origin } = await echo()
  const response = await undiciFetch(`${origin}/orders`)
  expect(response).toBeInstanceOf(Response)
  expect([response.url, response.status, response.statusText]).toEqual([`${origin}/orders`, 200, 'OK'])
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
})

test('a status without a body has none', async () => {
  const { origin } = await echo()
  const response = await undiciFetch(`${origin}/empty`)
  expect([response.status, response.body]).toEqual([204, null])
})

test('a redirect is handed out where the request says so', async () => {
  const { origin } = await echo()
  const response = await undiciFetch(`${origin}/moved`, { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([302, '/'])
})

const stream = () => new Blob(['hello']).stream()

test.each<[string, () => unknown, object]>([
  ['a text with its length', () => 'hello', { length: '5', type: 'text/plain;charset=UTF-8' }],
  ['a stream in parts', stream, { coding: 'chunked' }],
])('sends %s, also where a token goes with it', async (_, body, seen) => {
  const { origin } = await echo()
  const init: RequestInit & { duplex?: 'half' } = { method: 'POST', body: body() as string }
  if (body === stream) init.duplex = 'half'
  const request = new Request(origin, init)
  const sent = await undiciFetch(request, body === stream ? init : {})
  expect(await sent.json()).toEqual({ method: 'POST', body: 'hello', ...seen })
})

test('sends by its dispatcher', async () => {
  const { origin } = await echo()
  const agent = keepAgent(new Agent())
  await agent.close()
  const init: object = { dispatcher: agent }
  await expect(undiciFetch(origin, init)).rejects.toMatchObject({ cause: { code: 'UND_ERR_DESTROYED' } })
})

test.each<[string, () => RequestInit, object]>([
  ['a text', () => ({ method: 'POST', body: 'hello' }), { length: '5' }],
  ['a stream', () => ({ method: 'POST', body: stream(), duplex: 'half' }) as RequestInit, { coding: 'chunked' }],
])('below a fetch with tickets it sends %s with its length, where it has one', async (_, init, seen) => {
  const { origin, seen: requests } = await site()
  expect(await (await fetchAs('alice', { fetch: undiciFetch })(origin, init())).text()).toBe('alice@AD.TEST hello')
  const { 'content-length': length, 'transfer-encoding': coding } = requests[0].headers
  expect({ ...(length && { length }), ...(coding && { coding }) }).toEqual(seen)
})

test('an abort ends the request', async () => {
  const { origin } = await server(() => 'no answer')
  const controller = new AbortController()
  const call: Fetch = undiciFetch
  const answer = call(origin, { signal: controller.signal })
  controller.abort(new Error('enough'))
  await expect(answer).rejects.toThrow('enough')
})

import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { CERTIFICATES } from '../../../../test/stories/certificates.js'
import { issueTicket, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { kerberosProxy } from '../../../../test/stories/kerberos-proxy.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { Connections } from './connections.js'
import type { CreateFetchOptions } from '../fetch/fetch-options.js'
import { createFetch } from '../fetch/create-fetch.js'
import { type ProxyOptions, ProxyRefusal } from './proxy.js'

const { service, keep, site, server } = backendFixture()
const proxyService = serviceNamed('HTTP/proxy.ad.test')
const [certificate] = CERTIFICATES
async function startProxy({ wants = 'negotiate', key = proxyService.key } = {}) {
  return keep(await kerberosProxy({ ...proxyService, key }, { wants }))
}

function fetchThrough(
  proxy: { url: string },
  options: Partial<ProxyOptions> = {},
  more: Partial<CreateFetchOptions> = {},
) {
  const serviceNames = { '127.0.0.1': proxyService.spn }
  const own = keep(
    new Connections({ tls: { ca: certificate.cert }, proxy: { url: proxy.url, serviceNames, ...options } }),
  )
  const tickets = new Map([service, proxyService].map((one) => [one.spn, issueTicket(one)]))
  const ticketFor = async (spn: string) => tickets.get(spn) ?? Promise.reject(new Error(spn))
  return createFetch({ ticketFor, connections: own, ...more })
}

describe('a proxy that asks who comes', () => {
  test('is answered with its own name, for https', async () => {
    const proxy = await startProxy()
    const { origin, port, seen } = await site({ certificate })
    const call = fetchThrough(proxy)
    expect(await (await call(origin, { method: 'POST', body: 'x' })).text()).toBe('alice@AD.TEST x')
    const target = `CONNECT localhost:${port}`
    expect(proxy.seen).toEqual([`${target} undefined`, `${target} alice@AD.TEST`])
    expect(seen[0].headers['proxy-authorization']).toBeUndefined()
  })

  test('is answered with its own name, for http, and then unasked', async () => {
    const proxy = await startProxy()
    const { origin, seen } = await site()
    const call = fetchThrough(proxy)
    for (let count = 0; count < 2; count++) expect(await (await call(`${origin}/p?q`)).text()).toBe('alice@AD.TEST')
    const target = `GET ${origin}/p?q`
    expect(proxy.seen).toEqual([`${target} undefined`, `${target} alice@AD.TEST`, `${target} alice@AD.TEST`])
    expect(seen.every(({ headers }) => headers['proxy-authorization'] === undefined)).toBe(true)
    expect(seen[0].headers.host).toBe(new URL(origin).host)
  })

  test('is told at once with a body, which cannot be sent again below a fetch', async () => {
    const proxy = await startProxy()
    const { origin } = await site()
    expect(await (await fetchThrough(proxy)(origin, { method: 'POST', body: 'x' })).text()).toBe('alice@AD.TEST x')
    expect(proxy.seen).toEqual([`POST ${origin}/ alice@AD.TEST`])
  })

  test('can be asked in the name of the service', async () => {
    const proxy = await startProxy()
    const { origin } = await site({ certificate })
    const asService = issueTicket(proxyService, 'svc-web')
    const call = fetchThrough(proxy, { ticketFor: async () => asService })
    expect(await (await call(origin)).text()).toBe('alice@AD.TEST')
    expect(proxy.seen.at(-1)).toContain('svc-web@AD.TEST')
  })

  test('is answered from a source that outlives a fetch, where there is one', async () => {
    const proxy = await startProxy()
    const { origin } = await site()
    const serviceNames = { '127.0.0.1': proxyService.spn }
    const connections = keep(new Connections({ proxy: { url: proxy.url, serviceNames } }))
    const [ticket, ticketOfProxy] = [issueTicket(service), issueTicket(proxyService)]
    for (let count = 0; count < 2; count++) {
      let ended = false
      const ticketFor = () => (ended ? Promise.reject(new Error('ended')) : Promise.resolve(ticket))
      const call = createFetch({ ticketFor, ticketForProxy: async () => ticketOfProxy, connections })
      expect(await (await call(origin)).text()).toBe('alice@AD.TEST')
      ended = true
    }
  })

  test.each([false, true])('is not answered for requests in nobody’s name (TLS: %s)', async (secure) => {
    const proxy = await startProxy()
    const { origin, seen } = await site(secure ? { certificate } : {})
    const call = fetchThrough(proxy)
    for (const init of [{}, { method: 'POST', body: 'x' }])
      await expect(call(origin, { ...init, credentials: 'omit' })).rejects.toMatchObject({
        cause: { message: expect.stringContaining('answered 407') },
      })
    expect(seen).toEqual([])
    expect(proxy.seen).toEqual(Array(2).fill(expect.stringContaining('undefined')))
  })

  test.each([false, true])('is answered in the name of the service for those, too (TLS: %s)', async (secure) => {
    const proxy = await startProxy()
    const { origin, seen } = await site(secure ? { certificate } : {})
    const asService = issueTicket(proxyService, 'svc-web')
    const call = fetchThrough(proxy, { ticketFor: async () => asService })
    expect((await call(origin, { credentials: 'omit' })).status).toBe(401)
    expect(proxy.seen.at(-1)).toContain('svc-web@AD.TEST')
    expect(seen[0].headers.authorization).toBeUndefined()
  })

  test.each([false, true])('is answered in the name of the user when it asks first (TLS: %s)', async (secure) => {
    const proxy = await startProxy()
    const { origin } = await site(secure ? { certificate } : {})
    const call = fetchThrough(proxy, {}, { preemptive: false })
    expect(await (await call(origin)).text()).toBe('alice@AD.TEST')
    expect(await (await call(origin, { method: 'POST', body: 'x' })).text()).toBe('alice@AD.TEST x')
    expect(proxy.seen).toContainEqual(expect.stringContaining('alice@AD.TEST'))
  })

  test.each([false, true])('is not answered in a scheme that we do not speak (TLS: %s)', async (secure) => {
    const proxy = await startProxy({ wants: 'basic' })
    const { origin, seen } = await site(secure ? { certificate } : {})
    await expect(fetchThrough(proxy)(origin)).rejects.toThrow('fetch failed')
    expect(seen).toEqual([])
  })

  test('is asked once more, and not for ever, when it cannot open the ticket', async () => {
    const proxy = await startProxy({ key: serviceNamed().key })
    const { origin } = await site({ certificate })
    await expect(fetchThrough(proxy)(origin)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('407') },
    })
    expect(proxy.seen).toHaveLength(2)
  })
})

test('a proxy that does not ask learns nobody’s name', async () => {
  const proxy = await startProxy({ wants: 'nothing' })
  const { origin } = await site({ certificate })
  expect(await (await fetchThrough(proxy)(origin)).text()).toBe('alice@AD.TEST')
  expect(proxy.seen).toEqual([expect.stringContaining('undefined')])
})

test.each([false, true])('a proxy lets requests in nobody’s name through as well (TLS: %s)', async (secure) => {
  const proxy = await startProxy({ wants: 'nothing' })
  const { origin } = await site(secure ? { certificate } : {})
  expect((await fetchThrough(proxy)(origin, { credentials: 'omit' })).status).toBe(401)
  expect(proxy.seen).toHaveLength(1)
})

test('two cookies are two behind a proxy', async () => {
  const proxy = await startProxy({ wants: 'nothing' })
  const { origin } = await server(
    (_request, response) => response.setHeader('set-cookie', ['a=1', 'b=2']).end(),
    certificate,
  )
  const response = await fetchThrough(proxy)(origin, { credentials: 'omit' })
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
})

describe('a proxy that must prove itself', () => {
  test.each(['http', 'https'])('is not used for %s where it need only not ask', async (scheme) => {
    const proxy = await startProxy({ wants: 'nothing' })
    const { origin, seen } = await site(scheme === 'https' ? { certificate } : {})
    const call = fetchThrough(proxy, { mutualAuthentication: 'require' })
    const unproven = { name: 'RejectedTokenError', code: 'KRB_AP_ERR_MUT_FAIL' }
    const refusal: unknown = await call(origin).catch((error: unknown) => error)
    expect(refusal instanceof TypeError ? refusal.cause : refusal).toMatchObject(unproven)
    // It was shown a ticket, though it had not asked, and is not asked for a way without one.
    expect(proxy.seen.filter((line) => line.endsWith('undefined'))).toEqual([])
    expect(seen.filter(() => scheme === 'https')).toEqual([])
  })

  test('gets no request in nobody’s name, unless there is a ticket for it', async () => {
    const proxy = await startProxy({ wants: 'nothing' })
    const { origin, seen } = await site()
    const call = fetchThrough(proxy, { mutualAuthentication: 'require' })
    await expect(call(origin, { credentials: 'omit' })).rejects.toMatchObject({
      cause: { message: expect.stringContaining('must prove its identity') },
    })
    expect([proxy.seen, seen]).toEqual([[], []])
  })
})

test('a proxy whose answer drips is not waited for', { timeout: 30_000 }, async () => {
  const dripping = createServer((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX: ')
    const timer = setInterval(() => socket.write('x'), 500)
    socket.on('error', () => {}).once('close', () => clearInterval(timer))
  }).listen(0, '127.0.0.1')
  await once(dripping, 'listening')
  const url = `http://127.0.0.1:${(dripping.address() as AddressInfo).port}`
  const refusal = fetchThrough({ url })('https://localhost:1/')
  await expect(refusal).rejects.toMatchObject({ cause: { message: expect.stringContaining('in time') } })
  dripping.close()
})

test('a proxy that is not there is an error of the network', async () => {
  const { origin } = await site({ certificate })
  await expect(fetchThrough({ url: 'http://127.0.0.1:1' })(origin)).rejects.toThrow(TypeError)
})

describe('what is said of a proxy', () => {
  test('that is no URL is what to write, and nothing of what was written where that may be a secret', () => {
    expect(() => new Connections({ proxy: { url: 'proxy.ad.test' } }).withoutIdentity()).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        message: expect.stringMatching(/^proxy\.url: .+ is not the URL of a proxy$/),
        hint: "Write 'http://proxy.ad.test:3128'.",
      }),
    )
  })

  test.each<[string, number, string, boolean]>([
    ['https', 407, 'Basic realm="x"', true],
    ['https', 407, 'Negotiate', true],
    ['https', 403, '', false],
    ['https', 302, '', false],
    ['http', 407, 'Negotiate', true],
  ])('that refuses nobody’s request for %s with %i (%s) is that', async (scheme, status, challenge, asks) => {
    const refusing = createHttpServer((_request, response) => {
      response.writeHead(status, { 'proxy-authenticate': challenge }).end()
    })
    refusing.on('connect', (_request, socket: Socket) =>
      socket.end(`HTTP/1.1 ${status} No\r\nProxy-Authenticate: ${challenge}\r\nContent-Length: 0\r\n\r\n`),
    )
    refusing.listen(0, '127.0.0.1')
    await once(refusing, 'listening')
    const host = `127.0.0.1:${(refusing.address() as AddressInfo).port}`
    const answer = fetchThrough({ url: `http://${host}` })(`${scheme}://localhost:8443/`, { credentials: 'omit' })
    const refusal = await answer.then(
      () => undefined,
      (error: TypeError) => error.cause,
    )
    refusing.closeAllConnections()
    refusing.close()
    const what = scheme === 'https' ? 'CONNECT localhost:8443' : 'a request to http://localhost:8443'
    expect(refusal).toMatchObject({ message: `the proxy ${host} answered ${status} to ${what}` })
    expect(refusal instanceof ProxyRefusal).toBe(asks)
    expect(refusal).toBeInstanceOf(TypeError)
  })

  test('that must prove itself, and for which there is no ticket, is that', async () => {
    const proxy = await startProxy({ wants: 'nothing' })
    const { host } = new URL(proxy.url)
    for (const target of ['http://localhost:8443', 'https://localhost:8443']) {
      const refusal = fetchThrough(proxy, { mutualAuthentication: 'require' })(target, { credentials: 'omit' })
      await expect(refusal).rejects.toMatchObject({
        cause: { message: `the proxy ${host} must prove its identity, and there is no ticket for it` },
      })
    }
  })
})

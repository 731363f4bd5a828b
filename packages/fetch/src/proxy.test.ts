import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { CERTIFICATES } from '../../../test/stories/certificates.js'
import { acceptorOf, issueTicket, kerberosSite, serviceNamed } from '../../../test/stories/kerberos-backend.js'
import { Connections } from './connections.js'
import { createFetch } from './negotiated-fetch.js'
import type { ProxyOptions } from './proxy.js'

const service = serviceNamed()
const proxyService = serviceNamed('HTTP/proxy.ad.test')
const [certificate] = CERTIFICATES
const open: AsyncDisposable[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

function keep<T extends AsyncDisposable>(one: T): T {
  open.push(one)
  return one
}

/** A corporate proxy: says 407 until it knows who comes, then lets CONNECT and absolute forms through. */
async function startProxy({ wants = 'negotiate', key = proxyService.key } = {}) {
  const acceptor = acceptorOf({ ...proxyService, key })
  const seen: string[] = []
  const judge = async ({ method, url, headers }: IncomingMessage): Promise<string | undefined> => {
    const authorization = headers['proxy-authorization']
    const parsed = parseAuthorization(Array.isArray(authorization) ? authorization[0] : authorization)
    const outcome = parsed.status === 'token' ? await acceptor.accept(parsed.token) : undefined
    const who = outcome?.status === 'accepted' ? outcome.identity.principal : undefined
    seen.push(`${method} ${url} ${who}`)
    if (wants === 'nothing') return ''
    if (wants === 'basic') return undefined
    reply = outcome?.reply && formatChallenge(outcome.reply)
    return who
  }
  let reply: string | undefined
  const challenge = () => (wants === 'basic' ? 'Basic realm="proxy"' : (reply ?? 'Negotiate'))
  const server = createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
    if ((await judge(request)) === undefined) {
      response.writeHead(407, { 'proxy-authenticate': challenge() }).end('who?')
      return
    }
    const headers = { ...request.headers }
    delete headers['proxy-authorization']
    const onward = httpRequest(request.url ?? '', { method: request.method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(response)
    })
    request.pipe(onward)
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => void sockets.add(socket))
  server.on('connect', async (request: IncomingMessage, socket: Socket) => {
    if ((await judge(request)) === undefined) {
      socket.end(
        `HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: ${challenge()}\r\nContent-Length: 0\r\n\r\n`,
      )
      return
    }
    const { hostname, port } = new URL(`http://${request.url}`)
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      onward.pipe(socket).pipe(onward)
    })
    onward.on('error', () => socket.destroy())
    sockets.add(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return keep({
    url: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  })
}

function fetchThrough(proxy: { url: string }, options: Partial<ProxyOptions> = {}) {
  const serviceNames = { '127.0.0.1': proxyService.spn }
  const own = keep(
    new Connections({ tls: { ca: certificate.cert }, proxy: { url: proxy.url, serviceNames, ...options } }),
  )
  const tickets = new Map([service, proxyService].map((one) => [one.spn, issueTicket(one)]))
  const ticketFor = async (spn: string) => tickets.get(spn) ?? Promise.reject(new Error(spn))
  return createFetch({ ticketFor, connections: own })
}

describe('a proxy that asks who comes', () => {
  test('is answered with its own name, for https', async () => {
    const proxy = await startProxy()
    const { origin, port, seen } = keep(await kerberosSite(service, { certificate }))
    const call = fetchThrough(proxy)
    expect(await (await call(origin, { method: 'POST', body: 'x' })).text()).toBe('alice@AD.TEST x')
    const target = `CONNECT localhost:${port}`
    expect(proxy.seen).toEqual([`${target} undefined`, `${target} alice@AD.TEST`])
    expect(seen[0].headers['proxy-authorization']).toBeUndefined()
  })

  test('is answered with its own name, for http, and then unasked', async () => {
    const proxy = await startProxy()
    const { origin, seen } = keep(await kerberosSite(service))
    const call = fetchThrough(proxy)
    for (let count = 0; count < 2; count++) expect(await (await call(`${origin}/p?q`)).text()).toBe('alice@AD.TEST')
    const target = `GET ${origin}/p?q`
    expect(proxy.seen).toEqual([`${target} undefined`, `${target} alice@AD.TEST`, `${target} alice@AD.TEST`])
    expect(seen.every(({ headers }) => headers['proxy-authorization'] === undefined)).toBe(true)
    expect(seen[0].headers.host).toBe(new URL(origin).host)
  })

  test('is told at once with a body, which cannot be sent again below a fetch', async () => {
    const proxy = await startProxy()
    const { origin } = keep(await kerberosSite(service))
    expect(await (await fetchThrough(proxy)(origin, { method: 'POST', body: 'x' })).text()).toBe('alice@AD.TEST x')
    expect(proxy.seen).toEqual([`POST ${origin}/ alice@AD.TEST`])
  })

  test('can be asked in the name of the service', async () => {
    const proxy = await startProxy()
    const { origin } = keep(await kerberosSite(service, { certificate }))
    const asService = issueTicket(proxyService, 'svc-web')
    const call = fetchThrough(proxy, { ticketFor: async () => asService })
    expect(await (await call(origin)).text()).toBe('alice@AD.TEST')
    expect(proxy.seen.at(-1)).toContain('svc-web@AD.TEST')
  })

  test.each([false, true])('is not answered in a scheme that we do not speak (TLS: %s)', async (secure) => {
    const proxy = await startProxy({ wants: 'basic' })
    const { origin, seen } = keep(await kerberosSite(service, secure ? { certificate } : {}))
    await expect(fetchThrough(proxy)(origin)).rejects.toThrow('fetch failed')
    expect(seen).toEqual([])
  })

  test('is asked once more, and not for ever, when it cannot open the ticket', async () => {
    const proxy = await startProxy({ key: serviceNamed().key })
    const { origin } = keep(await kerberosSite(service, { certificate }))
    await expect(fetchThrough(proxy)(origin)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('407') },
    })
    expect(proxy.seen).toHaveLength(2)
  })
})

test('a proxy that does not ask learns nobody’s name', async () => {
  const proxy = await startProxy({ wants: 'nothing' })
  const { origin } = keep(await kerberosSite(service, { certificate }))
  expect(await (await fetchThrough(proxy)(origin)).text()).toBe('alice@AD.TEST')
  expect(proxy.seen).toEqual([expect.stringContaining('undefined')])
})

test('a proxy that is not there is an error of the network', async () => {
  const { origin } = keep(await kerberosSite(service, { certificate }))
  await expect(fetchThrough({ url: 'http://127.0.0.1:1' })(origin)).rejects.toThrow(TypeError)
})

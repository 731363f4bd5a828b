import { once } from 'node:events'
import { connect } from 'node:net'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { ConfigurationError } from '@s4u/krb5'
import { createGateway } from '@s4u/gateway'
import { describe, expect, test } from 'vitest'
import { Desktop } from './fixtures/corporation.js'
import { ask, gatewaySite, INNER, PUBLIC } from './gateway-site.js'

const tick = (time = 50): Promise<void> => new Promise((resolve) => setTimeout(resolve, time))

describe('a gateway with Negotiate outside and Kerberos inside', () => {
  test('asks an unknown caller to sign in, and nothing goes inside', async () => {
    await using site = await gatewaySite()
    const answer = await site.ask('/orders')
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Negotiate'])
    expect(site.seen).toEqual([])
  })

  test('lets the inner server answer the caller, in the name of the caller', async () => {
    await using site = await gatewaySite()
    expect(await site.ask('/orders?page=2', { as: 'alice' })).toMatchObject({
      status: 200,
      body: 'alice@AD.TEST /orders?page=2',
    })
    expect(await site.ask('/', { as: 'bob' })).toMatchObject({ status: 200, body: 'bob@AD.TEST /' })
  })

  test('proves itself to the client, and shows nothing of the negotiation inside', async () => {
    await using site = await gatewaySite()
    const initiator = await new Desktop(site.realm, 'alice').initiator(`HTTP/${PUBLIC}`, { mutual: true })
    const { headers } = await site.ask('/', { headers: { authorization: initiator.authorization } })
    const [, proof = ''] = /^Negotiate (\S+)$/.exec(headers['www-authenticate'] ?? '') ?? []
    expect(initiator.step(Buffer.from(proof, 'base64')).status).toBe('established')
    expect(headers['persistent-auth']).toBeUndefined()
  })

  test('goes on with the session cookie, which no inner server sees', async () => {
    await using site = await gatewaySite()
    const first = await site.ask('/', { as: 'alice', headers: { cookie: 'theirs=1' } })
    const cookies = (first.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0])
    expect(cookies).toHaveLength(1)
    const second = await site.ask('/again', { headers: { cookie: ['theirs=1', ...cookies].join('; ') } })
    expect(second.body).toBe('alice@AD.TEST /again')
    expect(site.seen.map(({ headers }) => headers.cookie)).toEqual(['theirs=1', 'theirs=1'])
  })

  test('a replayed token is refused', async () => {
    await using site = await gatewaySite()
    const authorization = await new Desktop(site.realm, 'alice').authorization(`HTTP/${PUBLIC}`)
    expect((await site.ask('/', { headers: { authorization } })).status).toBe(200)
    expect((await site.ask('/', { headers: { authorization } })).status).toBe(401)
  })

  test('a user who must not be delegated gets a page that says so, and nothing goes inside', async () => {
    await using site = await gatewaySite()
    const answer = await site.ask('/', { as: 'carol' })
    expect(answer.status).toBe(403)
    expect(answer.body).not.toMatch(/KDC_ERR|svc|keytab/)
    expect(site.seen).toEqual([])
  })

  test('the refusal of the inner server itself goes to the client', async () => {
    await using site = await gatewaySite({
      handle: (_request, response) => void response.writeHead(403, { 'X-Why': 'rules' }).end('not you'),
    })
    expect(await site.ask('/', { as: 'bob' })).toMatchObject({
      status: 403,
      body: 'not you',
      headers: { 'x-why': 'rules' },
    })
  })
})

describe('what a client says of itself', () => {
  test('never goes inside as identity, and the gateway says who asks from where', async () => {
    await using site = await gatewaySite()
    const forged = {
      'X-S4U-User': 'admin',
      x_s4u_groups: 'admins',
      'Remote-User': 'admin',
      REMOTE_USER: 'admin',
      'X-Remote-User': 'admin',
      'X-Forwarded-For': '10.0.0.1',
      'X-Forwarded-Host': 'evil.test',
      Forwarded: 'for=10.0.0.1',
      'X-Real-IP': '10.0.0.1',
      'X-Original-URL': '/admin',
      'X-Rewrite-URL': '/admin',
      'X-Auth-Request-User': 'admin',
      'X-HTTP-Method-Override': 'DELETE',
      'X-Client-Cert': 'x',
      'SSL-Client-S-DN': 'x',
      'X-ARR-ClientCert': 'x',
      'Proxy-Authorization': 'Basic YQ==',
      'Keep-Alive': 'timeout=1',
      TE: 'trailers, deflate',
      'X-Mine': 'stays',
    }
    await site.ask('/', { as: 'alice', headers: forged })
    const [{ headers }] = site.seen
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': PUBLIC,
      'x-forwarded-proto': 'http',
      forwarded: `for=127.0.0.1;host="${PUBLIC}";proto=http`,
      te: 'trailers',
      'x-mine': 'stays',
    })
    const gone = [
      'x-s4u-user',
      'x_s4u_groups',
      'remote-user',
      'remote_user',
      'x-remote-user',
      'x-real-ip',
      'x-original-url',
    ]
    const others = [
      'x-rewrite-url',
      'x-auth-request-user',
      'x-http-method-override',
      'x-client-cert',
      'ssl-client-s-dn',
      'proxy-authorization',
      'x-arr-clientcert',
    ]
    expect([...gone, ...others].filter((name) => headers[name] !== undefined)).toEqual([])
  })

  test('what a client names in Connection does not go inside', async () => {
    await using site = await gatewaySite()
    await site.ask('/', { as: 'alice', headers: { connection: 'X-Hop, close', 'x-hop': '1' } })
    expect(site.seen[0].headers['x-hop']).toBeUndefined()
  })
})

describe('rules', () => {
  const access = [
    { paths: '/public', allow: 'everybody' },
    { paths: '/admin', users: 'bob@AD.TEST' },
    { paths: '/closed', allow: 'nobody' },
    { paths: '/inside', networks: '10.0.0.0/8' },
    { methods: ['GET'] },
    { users: 'alice@AD.TEST' },
  ] as const

  test.each([
    ['/public/x', undefined, 'GET', 200],
    ['/publicity', undefined, 'GET', 401],
    ['/admin', 'bob', 'GET', 200],
    ['/admin/x', 'alice', 'GET', 403],
    ['/ADMIN', 'alice', 'GET', 403],
    ['/%61dmin', 'alice', 'GET', 403],
    ['/admin;x=1', 'alice', 'GET', 403],
    ['/admin.', 'alice', 'GET', 403],
    ['/Public', undefined, 'GET', 401],
    ['/closed', 'alice', 'GET', 403],
    ['/inside', 'alice', 'GET', 403],
    ['/', 'bob', 'GET', 200],
    ['/', 'bob', 'POST', 403],
    ['/', 'alice', 'POST', 200],
  ])('%s as %s with %s: %i', async (path, as, method, status) => {
    await using site = await gatewaySite({ site: { access }, innerAuthenticates: false })
    expect((await site.ask(path, { as, method })).status).toBe(status)
    expect(site.seen).toHaveLength(status === 200 ? 1 : 0)
  })

  test('a path that can be read in two ways is refused where rules name paths', async () => {
    await using site = await gatewaySite({ site: { access, strictPaths: false } })
    expect((await site.ask('/x/..%2fadmin', { as: 'alice' })).status).toBe(400)
  })
})

describe('bodies', () => {
  test('go inside as they come, and answers come as they are made', async () => {
    await using site = await gatewaySite({
      innerAuthenticates: false,
      handle: (request, response) => void request.pipe(response),
    })
    const authorization = await new Desktop(site.realm, 'alice').authorization(`HTTP/${PUBLIC}`)
    const request = httpRequest({
      port: site.port,
      method: 'POST',
      path: '/',
      headers: { host: PUBLIC, authorization },
    })
    request.write('one')
    const [answer]: IncomingMessage[] = await once(request, 'response')
    expect(String((await once(answer, 'data'))[0])).toBe('one')
    request.write('two')
    expect(String((await once(answer, 'data'))[0])).toBe('two')
    request.end()
    await once(answer, 'end')
  })

  test('trailers pass in both directions, without what headers may not bring', async () => {
    let seen: IncomingMessage['trailers'] = {}
    await using site = await gatewaySite({
      innerAuthenticates: false,
      handle: async (request, response) => {
        await text(request)
        seen = request.trailers
        response.writeHead(200, { Trailer: 'X-Sum' })
        response.write('body')
        response.addTrailers({ 'X-Sum': '7', 'Set-Cookie': 'a=b' })
        response.end()
      },
    })
    const authorization = await new Desktop(site.realm, 'alice').authorization(`HTTP/${PUBLIC}`)
    const headers = { host: PUBLIC, authorization, 'transfer-encoding': 'chunked', trailer: 'X-Up' }
    const request = httpRequest({ port: site.port, method: 'POST', path: '/', headers })
    request.write('x')
    request.addTrailers({ 'X-Up': '3', 'X-S4U-User': 'admin' })
    request.end()
    const [answer]: IncomingMessage[] = await once(request, 'response')
    expect(await text(answer)).toBe('body')
    expect(seen).toEqual({ 'x-up': '3' })
    expect(answer.trailers).toEqual({ 'x-sum': '7' })
  })

  test('an inner server refuses before the client has sent its body', async () => {
    await using site = await gatewaySite({
      innerAuthenticates: false,
      handle: (_request, response) => void response.writeHead(413, { connection: 'close' }).end('too much'),
    })
    site.seen.length = 0
    const authorization = await new Desktop(site.realm, 'alice').authorization(`HTTP/${PUBLIC}`)
    const headers = { host: PUBLIC, authorization, expect: '100-continue', 'content-length': '1000000' }
    const request = httpRequest({ port: site.port, method: 'POST', path: '/', headers })
    let continued = false
    request.on('continue', () => (continued = true)).on('error', () => {})
    request.flushHeaders()
    const [answer]: IncomingMessage[] = await once(request, 'response')
    expect(answer.statusCode).toBe(413)
    // Node answers 100 for the inner server of this test before its handler runs.
    expect(typeof continued).toBe('boolean')
    request.destroy()
  })

  test('a client that goes away ends the request inside', async () => {
    let isGone = false
    await using site = await gatewaySite({
      innerAuthenticates: false,
      handle: (_request, response) => {
        response.write('begun')
        response.once('close', () => (isGone = true))
      },
    })
    const authorization = await new Desktop(site.realm, 'alice').authorization(`HTTP/${PUBLIC}`)
    const request = httpRequest({ port: site.port, path: '/', headers: { host: PUBLIC, authorization } })
    request.end()
    const [answer]: IncomingMessage[] = await once(request, 'response')
    await once(answer, 'data')
    request.destroy()
    await expect.poll(() => isGone).toBe(true)
  })

  test('an inner server that dies in its answer cuts the answer to the client', async () => {
    await using site = await gatewaySite({
      innerAuthenticates: false,
      handle: (_request, response) => {
        response.writeHead(200, { 'content-length': '100' })
        response.write('half')
        setTimeout(() => response.destroy(), 20)
      },
    })
    await expect(site.ask('/', { as: 'alice' })).rejects.toThrow('aborted')
  })

  test('a large download passes with little memory', async () => {
    const CHUNK = Buffer.alloc(1_048_576)
    await using site = await gatewaySite({
      innerAuthenticates: false,
      handle: (_request, response) =>
        void Readable.from(
          (function* () {
            for (let count = 0; count < 200; count++) yield CHUNK
          })(),
        ).pipe(response),
    })
    const authorization = await new Desktop(site.realm, 'alice').authorization(`HTTP/${PUBLIC}`)
    const request = httpRequest({ port: site.port, path: '/', headers: { host: PUBLIC, authorization } })
    request.end()
    const [answer]: IncomingMessage[] = await once(request, 'response')
    // A client that takes nothing holds the inner server back.
    await tick(200)
    const before = process.memoryUsage().arrayBuffers
    let octets = 0
    for await (const chunk of answer) octets += Buffer.byteLength(chunk)
    expect(octets).toBe(200 * CHUNK.length)
    expect(before).toBeLessThan(150 * CHUNK.length)
  })
})

describe('what inner servers say of names', () => {
  test('redirects and cookies are for the public name', async () => {
    await using site = await gatewaySite({
      innerAuthenticates: false,
      handle: (request, response) =>
        void response
          .writeHead(302, {
            location: `http://${request.headers.host}/next?a=1`,
            'set-cookie': ['a=1; Domain=ad.test; Path=/', 'b=2'],
            'keep-alive': 'timeout=9',
          })
          .end(),
    })
    const { headers } = await site.ask('/', { as: 'alice' })
    expect(headers.location).toBe(`http://${PUBLIC}/next?a=1`)
    expect(headers['set-cookie']?.slice(0, 2)).toEqual(['a=1; Path=/', 'b=2'])
    expect(headers['keep-alive']).not.toBe('timeout=9')
  })

  test('redirects to others stay', async () => {
    await using site = await gatewaySite({
      innerAuthenticates: false,
      handle: (_request, response) => void response.writeHead(302, { location: 'https://other.test/x' }).end(),
    })
    expect((await site.ask('/', { as: 'alice' })).headers.location).toBe('https://other.test/x')
  })
})

describe('an inner server that is not there', () => {
  test('is a 502 for the user, and says nothing of inside', async () => {
    await using site = await gatewaySite({ site: { to: 'http://127.0.0.1:1' } })
    const answer = await site.ask('/', { as: 'alice' })
    expect(answer.status).toBe(502)
    expect(answer.body).not.toContain('127.0.0.1')
  })

  test('that answers nothing is a 504 after the time of the site', async () => {
    await using site = await gatewaySite({ innerAuthenticates: false, handle: () => {}, site: { answerTime: 200 } })
    expect((await site.ask('/', { as: 'alice' })).status).toBe(504)
  })
})

describe('WebSockets', () => {
  const handshake = (authorization: string, more = ''): string =>
    `GET /live HTTP/1.1\r\nHost: ${PUBLIC}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: ${authorization}\r\n${more}\r\n`

  test('pass in both directions, and end inside when the client goes', async () => {
    let inner: Duplex | undefined
    await using site = await gatewaySite({
      innerAuthenticates: false,
      upgrade: (request, socket) => {
        inner = socket
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-User: ${request.headers.authorization?.slice(0, 9)}\r\n\r\n`,
        )
        socket.on('data', (octets) => socket.write(octets))
      },
    })
    const socket = connect(site.port, '127.0.0.1')
    socket.write(handshake(await new Desktop(site.realm, 'alice').authorization(`HTTP/${PUBLIC}`)))
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 101 [\s\S]*x-user: Negotiate/i)
    socket.write('ping')
    expect(String((await once(socket, 'data'))[0])).toBe('ping')
    socket.destroy()
    await expect.poll(() => inner?.readableEnded).toBe(true)
  })

  test('of a page of another site are refused, and one that is answered with 200 is no tunnel', async () => {
    await using site = await gatewaySite({ innerAuthenticates: false })
    const alice = new Desktop(site.realm, 'alice')
    const shake = async (more: string): Promise<string> => {
      const socket = connect(site.port, '127.0.0.1')
      socket.write(handshake(await alice.authorization(`HTTP/${PUBLIC}`), more))
      const [octets] = await once(socket, 'data')
      socket.destroy()
      return String(octets)
    }
    expect(await shake('Origin: http://evil.test\r\n')).toMatch(/^HTTP\/1\.1 403/)
    expect(site.seen).toEqual([])
    const answer = await shake('')
    expect(answer).toMatch(/^HTTP\/1\.1 200[\s\S]*connection: close/i)
  })
})

describe('a new configuration', () => {
  test('is put in force without losing a connection, and one that is wrong changes nothing', async () => {
    await using site = await gatewaySite({ innerAuthenticates: false })
    const { gateway } = site
    await expect(gateway.reload({ ...base(site), sites: [] })).rejects.toThrow('sites must have at least one entry')
    await expect(gateway.reload({ ...base(site), sites: [] })).rejects.toBeInstanceOf(ConfigurationError)
    expect((await site.ask('/', { as: 'alice' })).status).toBe(200)
    await gateway.reload({
      ...base(site),
      sites: {
        hosts: 'other.example.com',
        to: `http://127.0.0.1:${site.innerPort}`,
        access: { allow: 'everybody' },
        delegation: { as: 'none' },
      },
    })
    expect(gateway.addresses[0].port).toBe(site.port)
    expect((await site.ask('/', { as: 'alice' })).status).toBe(404)
    expect((await ask(site.port, '/', { host: 'other.example.com' })).status).toBe(200)
  })

  test('forgets neither sessions nor tokens that were shown', async () => {
    await using site = await gatewaySite({ innerAuthenticates: false })
    const authorization = await new Desktop(site.realm, 'alice').authorization(`HTTP/${PUBLIC}`)
    const first = await site.ask('/', { headers: { authorization } })
    const to = `http://127.0.0.1:${site.innerPort}`
    await site.gateway.reload({
      ...base(site),
      session: { secure: false },
      kerberos: site.gateway.settings.kerberos,
      sites: { hosts: PUBLIC, to, delegation: { service: INNER } },
    })
    const [cookie] = (first.headers['set-cookie'] ?? ['']).map((line) => line.split(';')[0])
    expect((await site.ask('/', { headers: { cookie } })).status).toBe(200)
    expect((await site.ask('/', { headers: { authorization } })).status).toBe(401)
  })

  const base = (site: { gateway: { settings: { kerberos: { negotiator: unknown } } } }) => ({
    kerberos: { negotiator: site.gateway.settings.kerberos.negotiator, principal: 'gateway' },
    listeners: { address: '127.0.0.1:0', plain: true },
    operation: { alerts: 'off' as const },
  })

  test('that is wrong is refused at the start, with all its mistakes', () => {
    expect(() =>
      createGateway({ listeners: { address: ':0' }, sites: { hosts: 'a.test', to: 'http://b.test' } }),
    ).toThrow('gateway: listeners[0] needs tls, or redirect: https, or plain: true')
  })
})

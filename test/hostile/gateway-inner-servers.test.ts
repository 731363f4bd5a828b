import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { request as httpRequest } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { createGateway, type Gateway } from '@s4u/gateway'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { ask, PUBLIC } from '../stories/gateway-site.js'

/** What inner servers that are broken, or hostile, do to a gateway and its other requests. */

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A server that answers each connection in its own way, and counts the requests. */
async function innerServer(answer: (socket: Socket, head: string) => void) {
  const heads: string[] = []
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.on('data', (octets) => {
      heads.push(octets.toString('latin1'))
      answer(socket, heads.at(-1) ?? '')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.push(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return { heads, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` }
}

async function gatewayTo(to: string[], more: object = {}): Promise<{ gateway: Gateway; realm: TestRealm }> {
  const realm = await createTestRealm({ realm: 'AD.TEST', services: { gateway: { spns: [`HTTP/${PUBLIC}`] } } })
  const gateway = createGateway({
    kerberos: { negotiator: { keytab: realm.keytabFor('gateway'), kdc: realm.transport } },
    session: { secure: false },
    listeners: { address: '127.0.0.1:0', plain: true },
    operation: { alerts: 'off' },
    sites: {
      ...{ hosts: PUBLIC, to, delegation: { as: 'none' }, access: { allow: 'everybody' } },
      ...more,
    },
  })
  await gateway.listen()
  open.push(
    () => realm[Symbol.asyncDispose](),
    () => gateway.stop(),
  )
  return { gateway, realm }
}

describe('an answer that Node does not write', () => {
  test.each([
    ['a control character in its reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok', 'GET', 502],
    ['a status below 100', 'HTTP/1.1 099 No\r\nContent-Length: 2\r\n\r\nok', 'GET', 502],
    ['a status above 599', 'HTTP/1.1 999 No\r\nContent-Length: 2\r\n\r\nok', 'GET', 502],
    [
      'trailers announced without a body, for HEAD',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n',
      'HEAD',
      200,
    ],
    [
      'trailers announced with 304',
      'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n',
      'GET',
      304,
    ],
  ])('%s ends neither the gateway nor other requests', async (_what, octets, method, status) => {
    const { url } = await innerServer((socket) => socket.write(octets, 'latin1'))
    const { gateway } = await gatewayTo([url])
    const { port } = gateway.addresses[0]
    expect((await ask(port, '/', { method })).status).toBe(status)
    expect((await ask(port, '/.s4u/health', {})).status).toBe(200)
  })
})

describe('a member of a farm that does not answer', () => {
  test.each([
    ['POST', 1, 504],
    ['GET', 2, 504],
  ])('gets a %s, of which another member gets the same only if it may happen twice', async (method, times, status) => {
    const members = [await innerServer(() => {}), await innerServer(() => {})]
    const { gateway } = await gatewayTo(
      members.map(({ url }) => url),
      { answerTime: 200 },
    )
    const request = httpRequest({
      ...{ host: '127.0.0.1', port: gateway.addresses[0].port, path: '/pay?to=bob', method, agent: false },
      headers: { host: PUBLIC, 'content-length': '0' },
    })
    request.end()
    const [answer] = await once(request, 'response')
    answer.resume()
    expect(answer.statusCode).toBe(status)
    expect(members.flatMap(({ heads }) => heads)).toHaveLength(times)
  })
})

describe('a path that an inner server reads as another', () => {
  test.each(['/;/admin', '/;x=1/admin/x', '/%20/admin', '/.%20/admin', '/..%20/admin', '/ADMIN;x', '/%61dmin'])(
    '%s is not a way around the rule of /admin',
    async (path) => {
      const { url, heads } = await innerServer((socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
      const { gateway } = await gatewayTo([url], {
        access: [{ paths: '/admin', allow: 'nobody' }, { allow: 'everybody' }],
      })
      expect((await ask(gateway.addresses[0].port, path, {})).status).toBeGreaterThanOrEqual(400)
      expect(heads).toEqual([])
    },
  )
})

import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type GatewaySite, gatewaySite, PUBLIC } from '../stories/gateway-site.js'

/**
 * A request that two programs could read differently never reaches the inner server. Clients that
 * are slow, or too many, are cut off.
 */

let site: GatewaySite
beforeAll(async () => {
  site = await gatewaySite({
    innerAuthenticates: false,
    handle: async (request, response) => {
      const body = await text(request).catch(() => 'cut')
      response.end(`${request.method} ${request.url} [${body}]`)
    },
    site: { delegation: { as: 'none' }, access: { allow: 'everybody' } },
    config: {
      listeners: {
        address: '127.0.0.1:0',
        plain: true,
        limits: { headersTime: 1_000, bodyIdle: 1_000, connectionsPerAddress: 30 },
      },
    },
  })
})
afterAll(() => site[Symbol.asyncDispose]())
beforeEach(() => void site.seen.splice(0))

const HOST = `Host: ${PUBLIC}`

/** Sends octets, and returns all that comes back until the connection ends. */
async function send(octets: string, end = true): Promise<string> {
  const socket = connect(site.port, '127.0.0.1')
  socket.on('error', () => {})
  if (end) socket.end(octets, 'latin1')
  else socket.write(octets, 'latin1')
  return text(socket)
}

const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)

describe('a request that is framed in two ways', () => {
  const post = (...lines: string[]): string =>
    ['POST / HTTP/1.1', HOST, ...lines, '', '0\r\n\r\nGET /smuggled HTTP/1.1', HOST, '', ''].join('\r\n')

  test.each([
    ['both ways', ['Content-Length: 6', 'Transfer-Encoding: chunked']],
    ['with an unknown coding', ['Transfer-Encoding: xchunked']],
    ['with a coding behind chunked', ['Transfer-Encoding: chunked, identity']],
    ['with a control in front of the coding', ['Transfer-Encoding: \x0bchunked']],
    ['with a blank before the colon', ['Transfer-Encoding : chunked']],
    ['twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked']],
    ['with two lengths', ['Content-Length: 0', 'Content-Length: 1']],
    ['with a list of lengths', ['Content-Length: 1, 1']],
    ['with a plus sign in the length', ['Content-Length: +1']],
    ['in hexadecimal digits', ['Content-Length: 0x1']],
    ['beyond 64 bits', ['Content-Length: 18446744073709551617']],
    ['with a folded line', ['X: a', ' b: c']],
    ['with a bare CR', ['X: a\rb']],
    ['with a bare LF', ['X: a\nb']],
    ['with a NUL', ['X: a\0b']],
  ])('%s is refused, and nothing goes inside', async (_how, lines) => {
    expect(statusOf(await send(post(...lines)))).toBe(400)
    expect(site.seen).toEqual([])
  })

  test.each([
    ['a chunk size with 0x', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a LF in a chunk extension', '3;a=\nx\r\nabc\r\n0\r\n\r\n'],
  ])('%s ends the connection', async (_how, body) => {
    await send(`POST / HTTP/1.1\r\n${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n${body}`)
    // The inner server may have got the beginning of the body, but never its end.
    expect(site.seen.every(({ complete }) => !complete)).toBe(true)
  })

  test('chunks without a length are one request inside, also with DELETE', async () => {
    const answer = await send(
      `DELETE /x HTTP/1.1\r\n${HOST}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      false,
    )
    expect(answer).toContain('DELETE /x [abc]')
    expect(site.seen.map(({ url, headers }) => [url, headers['transfer-encoding'], headers['content-length']])).toEqual(
      [['/x', 'chunked', undefined]],
    )
  })
})

describe('a request that names two targets', () => {
  test.each([
    ['two hosts', `GET / HTTP/1.1\r\n${HOST}\r\nHost: evil.test\r\n\r\n`, 400],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['an absolute form', `GET http://evil.test/ HTTP/1.1\r\n${HOST}\r\n\r\n`, 400],
    ['the target * of OPTIONS', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n\r\n`, 400],
    ['a host with a user', `GET / HTTP/1.1\r\nHost: a@${PUBLIC}\r\n\r\n`, 400],
    ['a host with a path', `GET / HTTP/1.1\r\nHost: ${PUBLIC}/x\r\n\r\n`, 400],
    ['a host that nobody publishes', 'GET / HTTP/1.1\r\nHost: evil.test\r\n\r\n', 404],
    ['a host that ends like ours', `GET / HTTP/1.1\r\nHost: evil${PUBLIC}\r\n\r\n`, 404],
    [
      'two credentials',
      `GET / HTTP/1.1\r\n${HOST}\r\nAuthorization: Basic YQ==\r\nAuthorization: Basic Yg==\r\n\r\n`,
      400,
    ],
    [
      'an upgrade to h2c, inside which the gateway could not check requests',
      `GET / HTTP/1.1\r\n${HOST}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n`,
      400,
    ],
  ])('%s is refused, and nothing goes inside', async (_what, octets, status) => {
    expect(statusOf(await send(octets))).toBe(status)
    expect(site.seen).toEqual([])
  })

  test('CONNECT is not answered with 200', async () => {
    expect(await send(`CONNECT evil.test:443 HTTP/1.1\r\n${HOST}\r\n\r\n`)).not.toContain('200')
    expect(site.seen).toEqual([])
  })
})

describe('a header that must arrive', () => {
  test.each(['Host', 'Authorization', 'Cookie', 'X-S4U-User', 'x_s4u_user', 'X-Forwarded-For', 'Content-Length'])(
    'a request that names it in Connection is refused: %s',
    async (name) => {
      expect(statusOf(await send(`GET / HTTP/1.1\r\n${HOST}\r\nConnection: ${name}\r\n\r\n`))).toBe(400)
      expect(site.seen).toEqual([])
    },
  )
})

describe('a path that servers resolve in different ways', () => {
  test.each(['/a%00b', '/a\\b', '/a%5cb', '/a%5Cb', '/a%zz', '/a%', '/a#b', '/a%0d%0ab', '/\x80', '/a%7f'])(
    '%s is refused, with strict paths or without',
    async (path) => {
      expect(statusOf(await send(`GET ${path} HTTP/1.1\r\n${HOST}\r\n\r\n`))).toBe(400)
      expect(site.seen).toEqual([])
    },
  )

  test.each([
    '/a%2fb',
    '//a',
    '/a//b',
    '/a/../b',
    '/a/%2e%2e/b',
    '/a/.%2E/b',
    '/./a',
    '/a/..;/b',
    '/a/..;x=1/b',
    '/a%252fb',
    '/a%252e',
    '/%c0%af',
    '/a/..',
  ])('%s is refused where paths are strict, as they are by default', async (path) => {
    expect(statusOf(await send(`GET ${path} HTTP/1.1\r\n${HOST}\r\n\r\n`))).toBe(400)
    expect(site.seen).toEqual([])
  })

  test.each(['/a%20b', '/%61', '/a;b=1', '/a.b/..c', '/a?b=//c/../%2f', '/%C3%A4', '/a/'])(
    '%s goes inside octet by octet',
    async (path) => {
      expect(await send(`GET ${path} HTTP/1.1\r\n${HOST}\r\nConnection: close\r\n\r\n`, false)).toContain(
        `GET ${path} []`,
      )
    },
  )
})

describe('a client that is slow, or many', () => {
  test('that drips its headers is cut off', async () => {
    const answer = await send(`GET / HTTP/1.1\r\n${HOST}\r\n`, false)
    expect(answer).toContain('408')
    expect(site.seen).toEqual([])
  }, 20_000)

  test('that stops in its body is cut off', async () => {
    const answer = await send(`POST / HTTP/1.1\r\n${HOST}\r\nContent-Length: 10\r\n\r\nab`, false)
    expect(answer).not.toContain('200')
  }, 20_000)

  test('that opens more connections than one address may: the surplus is closed', async () => {
    const sockets = Array.from({ length: 40 }, () => connect(site.port, '127.0.0.1').on('error', () => {}))
    let closed = 0
    for (const socket of sockets) socket.once('close', () => closed++)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(closed).toBeGreaterThanOrEqual(10)
    expect(closed).toBeLessThan(40)
    for (const socket of sockets) socket.destroy()
    await Promise.all(sockets.map((socket) => (socket.closed ? undefined : once(socket, 'close'))))
  })
})

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type ClientHttp2Session, type OutgoingHttpHeaders } from 'node:http2'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { selfSigned } from '../stories/fixtures/certificate.js'
import { type GatewaySite, gatewaySite, PUBLIC } from '../stories/gateway-site.js'

/** Frames that a client of HTTP/2 makes by hand: what they cost it, and what goes inside. */

/** Milliseconds. */
const KEEP_ALIVE = 1_500

let folder: string
let site: GatewaySite
/** A gateway that knows us as a proxy in front. */
let behindProxy: GatewaySite
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 's4u-gateway-http2-'))
  const { cert, key } = selfSigned(PUBLIC)
  const [certificate, keyFile] = [join(folder, 'tls.pem'), join(folder, 'tls.key')]
  writeFileSync(certificate, cert)
  writeFileSync(keyFile, key)
  const siteWith = (listener: object): Promise<GatewaySite> =>
    gatewaySite({
      innerAuthenticates: false,
      handle: async (request, response) => {
        const body = await text(request).catch(() => 'cut')
        if (request.url !== '/hints') return void response.end(`${request.method} ${request.url} [${body}]`)
        response.writeEarlyHints({ link: '<http://orders.ad.test/style.css>; rel=preload; as=style' }, () =>
          response.end('hinted'),
        )
      },
      config: {
        session: { secure: true },
        stopTime: 500,
        listeners: {
          address: '127.0.0.1:0',
          tls: { certificates: { certificate, key: keyFile } },
          limits: { keepAlive: KEEP_ALIVE },
          ...listener,
        },
      },
      site: { delegation: { as: 'none' }, access: { allow: 'everybody' } },
    })
  site = await siteWith({})
  behindProxy = await siteWith({ proxies: ['127.0.0.1'] })
})
afterAll(async () => {
  await site[Symbol.asyncDispose]()
  await behindProxy[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})
beforeEach(() => void site.seen.splice(0))

const session = ({ port } = site): ClientHttp2Session =>
  connect(`https://127.0.0.1:${port}`, { servername: PUBLIC, rejectUnauthorized: false })

/** Asks as any client does, on a connection of its own: the gateway still serves others. */
async function ask(headers: OutgoingHttpHeaders = {}): Promise<{ status: number; body: string }> {
  const client = session()
  const stream = client.request({ ':authority': PUBLIC, ':path': '/well', ...headers })
  const [answer] = await once(stream, 'response')
  const body = await text(stream)
  client.close()
  return { status: Number(answer[':status']), body }
}

const DATA = 0
const HEADERS = 1
const RST_STREAM = 3
const SETTINGS = 4
const PING = 6
const GOAWAY = 7
const WINDOW_UPDATE = 8
const CONTINUATION = 9
const END_STREAM = 1
const END_HEADERS = 4

/** RFC 9113 section 4.1. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** A literal without indexing, RFC 7541 section 6.2.2; with indexing, section 6.2.1. */
function literal(name: string, value: string, first = 0): Buffer {
  return Buffer.concat([Buffer.of(first), string(name), string(value)])
}

function string(value: string): Buffer {
  const octets = Buffer.from(value, 'latin1')
  const length: number[] = []
  let left = octets.length
  if (left < 127) length.push(left)
  else {
    length.push(127)
    for (left -= 127; left >= 128; left = Math.floor(left / 128)) length.push((left % 128) + 128)
    length.push(left)
  }
  return Buffer.concat([Buffer.from(length), octets])
}

/** `:method GET`, `:scheme https`, `:path /`, of the static table, and the authority. */
const GET = Buffer.concat([Buffer.of(0x82, 0x87, 0x84), literal(':authority', PUBLIC)])
const get = (stream: number, more: Uint8Array = new Uint8Array(0)): Buffer =>
  frame(HEADERS, END_STREAM | END_HEADERS, stream, Buffer.concat([GET, more]))

interface Ending {
  /** The error code of GOAWAY; undefined where the connection was cut without one. */
  readonly goaway: number | undefined
  /** The error codes of RST_STREAM. */
  readonly resets: readonly number[]
  /** How many octets the client had sent when it ended. */
  readonly sent: number
}

/** A connection of HTTP/2 whose frames are made by hand. */
async function openByHand(): Promise<{ readonly socket: TLSSocket; readonly closed: Promise<void> }> {
  const socket = connectTls({
    ...{ host: '127.0.0.1', port: site.port, servername: PUBLIC },
    ...{ rejectUnauthorized: false, ALPNProtocols: ['h2'] },
  })
  // What is sent to a connection that the gateway has ended.
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  socket.setMaxListeners(0)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(frame(SETTINGS, 0, 0))
  return { socket, closed }
}

/**
 * Sends frames as fast as they are taken, until the gateway ends the connection. After GOAWAY Node
 * reads nothing more, and closes when the connection has been idle for the listener's `keepAlive`.
 */
async function flood(frames: Iterable<Buffer>, endsWithReset = false): Promise<Ending> {
  const { socket, closed } = await openByHand()
  const received: Buffer[] = []
  socket.on('data', (octets: Buffer) => {
    received.push(octets)
    const { goaway, resets } = endingIn(Buffer.concat(received))
    if (goaway !== undefined || (endsWithReset && resets.length > 0)) socket.destroy()
  })
  for (const one of frames) {
    if (socket.destroyed) break
    if (!socket.write(one)) await Promise.race([once(socket, 'drain').catch(() => {}), closed])
  }
  await closed
  return { ...endingIn(Buffer.concat(received)), sent: socket.bytesWritten }
}

function endingIn(octets: Buffer): Pick<Ending, 'goaway' | 'resets'> {
  const resets: number[] = []
  let goaway: number | undefined
  for (let at = 0; at + 9 <= octets.length; at += 9 + octets.readUIntBE(at, 3)) {
    const type = octets[at + 3]
    if (type === RST_STREAM && at + 13 <= octets.length) resets.push(octets.readUInt32BE(at + 9))
    if (type === GOAWAY && at + 17 <= octets.length) goaway = octets.readUInt32BE(at + 13)
  }
  return { goaway, resets }
}

function* times(count: number, make: (index: number) => Buffer): Generator<Buffer> {
  for (let index = 0; index < count; index++) yield make(index)
}

const ids = (index: number): number => 2 * index + 1
/** No flood here gets so far. */
const ENDLESS = 200_000

describe('a frame that cannot be ends the connection, or its stream, and nothing goes inside', () => {
  const FRAME_SIZE_ERROR = 6
  const PROTOCOL_ERROR = 1
  const INTERNAL_ERROR = 2
  test.each([
    ['SETTINGS of five octets', frame(SETTINGS, 0, 0, Buffer.alloc(5)), FRAME_SIZE_ERROR],
    ['PING of seven octets', frame(PING, 0, 0, Buffer.alloc(7)), FRAME_SIZE_ERROR],
    ['RST_STREAM of three octets', frame(RST_STREAM, 0, 1, Buffer.alloc(3)), FRAME_SIZE_ERROR],
    ['WINDOW_UPDATE of three octets', frame(WINDOW_UPDATE, 0, 0, Buffer.alloc(3)), FRAME_SIZE_ERROR],
    ['a frame beyond 16,384 octets', frame(DATA, 0, 1, Buffer.alloc(16_385)), FRAME_SIZE_ERROR],
    ['a window that grows by nothing', frame(WINDOW_UPDATE, 0, 0, Buffer.alloc(4)), PROTOCOL_ERROR],
    ['DATA of no stream', frame(DATA, 0, 0, Buffer.alloc(1)), PROTOCOL_ERROR],
    ['HEADERS of a stream of the server', get(2), PROTOCOL_ERROR],
    ['CONTINUATION of nothing', frame(CONTINUATION, END_HEADERS, 1, GET), PROTOCOL_ERROR],
  ])('%s', async (_what, octets, code) => {
    const ending = await flood([octets])
    // Node says INTERNAL_ERROR of some of them, and may close before it has said anything.
    expect([code, INTERNAL_ERROR, undefined]).toContain(ending.goaway)
    expect(site.seen.length).toBe(0)
  })

  test('headers that are indexed over and over, few octets that become many', async () => {
    const entry = literal('x-a', 'b'.repeat(3_900), 0x40)
    const bomb = Buffer.concat([GET, entry, Buffer.alloc(10_000, 0x80 | 62)])
    const ending = await flood([frame(HEADERS, END_STREAM | END_HEADERS, 1, bomb)], true)
    expect(ending.resets).toHaveLength(1)
    expect(site.seen.length).toBe(0)
    expect((await ask()).status).toBe(200)
  })

  test('HPACK of a table that nobody has filled', async () => {
    const ending = await flood([get(1, Buffer.of(0x80 | 70))])
    expect([9, undefined]).toContain(ending.goaway)
    expect(site.seen.length).toBe(0)
  })

  test.each([
    ['a transfer coding', literal('transfer-encoding', 'chunked')],
    ['an option of a connection', literal('connection', 'close')],
    ['capitals in a name', literal('X-A', 'b')],
    ['a second authority', literal(':authority', 'evil.example.com')],
    ['a pseudo-header behind the others', Buffer.concat([literal('x-a', 'b'), literal(':path', '/evil')])],
  ])('%s', async (_what, more) => {
    const ending = await flood([get(1, more)], true)
    expect(ending.resets).toEqual([PROTOCOL_ERROR])
    expect(site.seen.length).toBe(0)
  })

  test.each([
    ['a line end in a value', literal('x-a', 'b\r\nHost: evil')],
    ['a NUL in a value', literal('x-a', 'b\0c')],
    ['a colon in a name', literal('x:a', 'b')],
  ])('%s: that field is dropped, and nothing of it goes inside', async (_what, more) => {
    const { socket, closed } = await openByHand()
    socket.resume()
    socket.write(get(1, more))
    await expect.poll(() => site.seen.length).toBe(1)
    socket.destroy()
    await closed
    expect(site.seen[0].headers).toMatchObject({ host: `127.0.0.1:${site.innerPort}` })
    expect(site.seen[0].rawHeaders.filter((text) => /evil|^x-a$|^x:a$|\0/i.test(text))).toEqual([])
  })

  test('a body that is not as long as it says', async () => {
    const post = Buffer.concat([
      Buffer.of(0x83, 0x87, 0x84),
      literal(':authority', PUBLIC),
      literal('content-length', '9'),
    ])
    const ending = await flood(
      [frame(HEADERS, END_HEADERS, 1, post), frame(DATA, END_STREAM, 1, Buffer.from('abc'))],
      true,
    )
    expect(ending.resets).toEqual([PROTOCOL_ERROR])
    expect(site.seen.every(({ complete }) => !complete)).toBe(true)
  })
})

test('a connection that has ended with GOAWAY is closed in the time of one that is idle', async () => {
  const { socket, closed } = await openByHand()
  socket.resume()
  socket.write(frame(PING, 0, 0, Buffer.alloc(7)))
  const began = performance.now()
  await closed
  expect(performance.now() - began).toBeGreaterThan(KEEP_ALIVE / 2)
})

describe('what HTTP/2 has and the gateway does not is refused by name', () => {
  test('a WebSocket over HTTP/2 (RFC 8441): it is not offered, and one all the same is reset', async () => {
    const client = session()
    const [settings] = await once(client, 'remoteSettings')
    expect(settings.enableConnectProtocol).not.toBe(true)
    client.close()
    const connectIt = [literal(':method', 'CONNECT'), literal(':protocol', 'websocket'), Buffer.of(0x87, 0x84)]
    const headers = Buffer.concat([...connectIt, literal(':authority', PUBLIC)])
    const ending = await flood([frame(HEADERS, END_HEADERS, 1, headers)], true)
    expect(ending.resets).toEqual([1])
    expect(site.seen.length).toBe(0)
  })

  test('a tunnel by CONNECT is 405', async () => {
    const client = session()
    const stream = client.request({ ':method': 'CONNECT', ':authority': PUBLIC })
    const [answer] = await once(stream, 'response')
    expect(answer[':status']).toBe(405)
    client.close()
    expect(site.seen.length).toBe(0)
  })

  test('103 Early Hints of an inner server end at the gateway, and its answer arrives whole', async () => {
    const client = session()
    const stream = client.request({ ':authority': PUBLIC, ':path': '/hints' })
    const early: unknown[] = []
    stream.on('headers', (headers) => early.push(headers))
    const [answer] = await once(stream, 'response')
    expect(answer[':status']).toBe(200)
    expect(answer['link']).toBeUndefined()
    expect(await text(stream)).toBe('hinted')
    expect(early).toEqual([])
    client.close()
  })
})

const CANCEL = 8

/** The last: some of what they send arrives inside later. */
describe('a client that floods a connection of HTTP/2 is cut off, and others are served', () => {
  test('with CONTINUATION frames without an end', async () => {
    const piece = frame(CONTINUATION, 0, 1, literal('x-a', 'b'.repeat(1_000)))
    const ending = await flood([frame(HEADERS, END_STREAM, 1, GET), ...times(2_000, () => piece)])
    expect(ending.sent).toBeLessThan(2_000 * piece.length)
    expect(site.seen.length).toBe(0)
    expect(await ask()).toEqual({ status: 200, body: 'GET /well []' })
  })

  test('with requests that it resets at once (CVE-2023-44487)', async () => {
    const reset = (stream: number): Buffer => frame(RST_STREAM, 0, stream, Buffer.from([0, 0, 0, 8]))
    const ending = await flood(times(ENDLESS, (index) => Buffer.concat([get(ids(index)), reset(ids(index))])))
    expect(ending.sent).toBeLessThan(ENDLESS * get(1).length)
    expect(site.seen.length).toBeLessThan(2_000)
    expect((await ask()).status).toBe(200)
  })

  test('with requests that it resets later, as if that were no error', async () => {
    const { socket, closed } = await openByHand()
    // Fewer than nghttp2 itself bears.
    const most = 900
    let opened = 0
    for (; opened < most && !socket.destroyed; opened += 50) {
      const streams = Array.from({ length: 50 }, (_, index) => ids(opened + index))
      socket.write(Buffer.concat(streams.map((stream) => frame(HEADERS, END_HEADERS, stream, GET))))
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), closed])
      socket.write(Buffer.concat(streams.map((stream) => frame(RST_STREAM, 0, stream, Buffer.alloc(4)))))
    }
    socket.destroy()
    expect(opened).toBeLessThan(most)
    expect((await ask()).status).toBe(200)
  })

  test('but not a named proxy in front, whose connection has the requests of others too', async () => {
    const client = session(behindProxy)
    client.on('error', () => {})
    for (let round = 0; round < 8 && !client.destroyed; round++) {
      const streams = Array.from({ length: 50 }, () =>
        client.request({ ':authority': PUBLIC, ':path': '/left' }, { endStream: false }),
      )
      for (const stream of streams) stream.on('error', () => {})
      await new Promise((resolve) => setTimeout(resolve, 20))
      for (const stream of streams) stream.close(CANCEL)
    }
    expect(client.destroyed).toBe(false)
    const [answer] = await once(client.request({ ':authority': PUBLIC, ':path': '/well' }), 'response')
    expect(answer[':status']).toBe(200)
    client.destroy()
  })

  test.each([
    ['SETTINGS', frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 255, 255]))],
    ['PING', frame(PING, 0, 0, Buffer.alloc(8))],
  ])('with %s, whose answers it does not read', async (_name, one) => {
    const { socket, closed } = await openByHand()
    socket.pause()
    const many = Buffer.concat([...times(1_000, () => one)])
    // What the gateway would have to answer, and cannot send: more than all buffers on the way.
    for (let round = 0; round < 4_000 && !socket.destroyed; round++)
      if (!socket.write(many)) await Promise.race([once(socket, 'drain').catch(() => {}), closed])
    socket.resume()
    await closed
    expect((await ask()).status).toBe(200)
  })

  test('with streams that it opens faster than it may', async () => {
    const open = frame(HEADERS, END_HEADERS, 1, GET)
    const ending = await flood(
      times(ENDLESS, (index) => {
        const next = Buffer.from(open)
        next.writeUInt32BE(ids(index), 5)
        return next
      }),
    )
    expect(site.seen.length).toBeLessThanOrEqual(100)
    expect(ending.sent).toBeLessThan(ENDLESS * open.length)
    expect((await ask()).status).toBe(200)
  })
})

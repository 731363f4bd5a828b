import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { createServer, type TLSSocket } from 'node:tls'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Authority } from '../../../../test/stories/fixtures/authority.js'
import { der, sequence } from '../../../../test/stories/fixtures/der.js'
import { type HeardRequest, papPassword, radiusAnswer, readRadiusRequest } from '../fixtures/radius-server.js'
import { createRadiusClient } from './radius-client.js'
import type { RadiusOptions } from './radius-options.js'

const SECRET = 'radsec'
const authority = new Authority('CN=Network devices')
const { pem: ca } = authority.certificate
const names = sequence(der(0x87, Buffer.of(127, 0, 0, 1)))
const certificate = authority.issue({
  ...{ subject: 'CN=radius.corp.test', extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] },
  more: [{ oid: '2.5.29.17', value: names }],
})
const alice = { user: 'alice', password: '755224' }
const accept = (request: HeardRequest, shape = {}): Buffer =>
  radiusAnswer(request, SECRET, { code: 2, signed: false, ...shape })

const closing: Disposable[] = []
afterEach(() => {
  vi.unstubAllEnvs()
  for (const one of closing.splice(0)) one[Symbol.dispose]()
})

/** A server for faults that a real one cannot be made to show. */
async function startServer(answers: (request: HeardRequest, socket: TLSSocket) => void, takes = () => true) {
  const heard: HeardRequest[] = []
  const sockets: TLSSocket[] = []
  const server = createServer({ key: certificate.key, cert: certificate.pem }, (socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    socket.on('data', (octets: Buffer) => {
      for (let at = 0; at < octets.length; at += octets.readUInt16BE(at + 2)) {
        const request = readRadiusRequest(octets.subarray(at, at + octets.readUInt16BE(at + 2)), 0)
        heard.push(request)
        answers(request, socket)
      }
    })
  }).listen(0, '127.0.0.1')
  server.on('tlsClientError', () => {})
  server.on('connection', (socket: Socket) => void (takes() || socket.destroy()))
  await once(server, 'listening')
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
  }
  const started = { server: `127.0.0.1:${(server.address() as AddressInfo).port}`, heard, sockets, close }
  closing.push({ [Symbol.dispose]: close })
  return started
}

function client(servers: readonly { readonly server: string }[], options: Partial<RadiusOptions> = {}) {
  const asked = servers.map(({ server }) => server)
  const radius = createRadiusClient({ servers: asked, tls: { ca }, tries: 1, firstWait: 2_000, ...options })
  closing.push(radius)
  return radius
}

test('a request over TLS has the secret radsec, and one after another goes over the same connection', async () => {
  const server = await startServer((request, socket) => void socket.write(accept(request)))
  const radius = client([server])
  for (let times = 0; times < 3; times++) expect(await radius.ask(alice)).toEqual({ status: 'accepted', message: '' })
  expect(server.sockets).toHaveLength(1)
  expect(server.heard.map(({ identifier }) => identifier)).toEqual([0, 1, 2])
  expect(papPassword(server.heard[0], SECRET)).toBe('755224')
  expect(server.heard[0].attributes.has(80)).toBe(true)
})

test('each connection has one request at a time, and there are four: others wait for their turn', async () => {
  const underWay = new Map<TLSSocket, HeardRequest>()
  let most = 0
  const server = await startServer((request, socket) => {
    expect(underWay.has(socket)).toBe(false)
    underWay.set(socket, request)
    most = Math.max(most, underWay.size)
    setTimeout(() => {
      underWay.delete(socket)
      socket.write(accept(request))
    }, 20)
  })
  const radius = client([server], { firstWait: 60_000 })
  const answers = await Promise.all(Array.from({ length: 100 }, () => radius.ask(alice)))
  expect(answers.map(({ status }) => status)).toEqual(Array(100).fill('accepted'))
  expect([server.sockets.length, server.heard.length]).toEqual([4, 100])
  expect(most).toBeLessThanOrEqual(4)
})

test('no more than a thousand wait', async () => {
  const server = await startServer(() => {})
  const radius = client([server], { firstWait: 60_000, timeLimit: 600_000 })
  const asked = Array.from({ length: 1_005 }, () => radius.ask(alice).catch((error: unknown) => String(error)))
  expect(await Promise.race(asked)).toContain('too many requests are on their way to it')
  radius.close()
  const ends = await Promise.all(asked)
  expect(ends.filter((end) => String(end).includes('is closed'))).toHaveLength(1_004)
})

test('a server that takes no more connections gets all requests over those that it has taken', async () => {
  let taken = 0
  const server = await startServer(
    (request, socket) => void setTimeout(() => socket.write(accept(request)), 5),
    () => ++taken <= 2,
  )
  const radius = client([server], { firstWait: 60_000 })
  const answers = await Promise.all(Array.from({ length: 30 }, () => radius.ask(alice)))
  expect(answers.map(({ status }) => status)).toEqual(Array(30).fill('accepted'))
  expect(taken).toBeGreaterThan(2)
})

test('another secret counts where the server has one', async () => {
  const server = await startServer((request, socket) => void socket.write(accept(request, { secret: 'more' })))
  expect(await client([server], { secret: 'more' }).ask(alice)).toMatchObject({ status: 'accepted' })
})

describe('an answer', () => {
  test('may come octet by octet, behind another packet', async () => {
    const server = await startServer((request, socket) => {
      const all = Buffer.concat([accept(request, { identifier: 77 }), accept(request, { code: 3 })])
      for (const octet of all) socket.write(Buffer.of(octet))
    })
    expect(await client([server]).ask(alice)).toEqual({ status: 'rejected', message: '' })
  })

  test('that is signed must be signed right', async () => {
    const server = await startServer((request, socket) => {
      const forged = accept(request, { attributes: [[80, new Uint8Array(16)]] })
      socket.write(Buffer.concat([forged, radiusAnswer(request, SECRET, { code: 3 })]))
    })
    expect(await client([server]).ask(alice)).toEqual({ status: 'rejected', message: '' })
  })

  test.each([
    ['with a wrong Response Authenticator', { secret: 'other' }, 'its Response Authenticator is wrong'],
    ['of another kind', { code: 5 }, 'code 5 answers no Access-Request'],
  ])('%s is not believed, nor the connection ended', async (_what, shape, reason) => {
    const server = await startServer((request, socket) => void socket.write(accept(request, shape)))
    await expect(client([server], { firstWait: 150 }).ask(alice)).rejects.toThrow(reason)
  })

  test.each([
    ['that is too short to be one', [2, 0, 0, 19], 'RADIUS.length: expected 20 to 4096, found 19'],
    ['that is too long', [2, 0, 0x10, 1], 'RADIUS.length: expected 20 to 4096, found 4097'],
  ])('%s ends the connection at once, and the next server is asked', async (_what, octets, reason) => {
    const broken = await startServer((_request, socket) => void socket.write(Buffer.from(octets)))
    const whole = await startServer((request, socket) => void socket.write(accept(request)))
    const refusal = client([broken], { firstWait: 60_000 }).ask(alice)
    await expect(refusal).rejects.toThrow(reason)
    expect(await client([broken, whole], { firstWait: 60_000 }).ask(alice)).toMatchObject({ status: 'accepted' })
  })
})

test('a server that ends the connection before its answer is followed by the next', async () => {
  const dying = await startServer((_request, socket) => socket.destroy())
  const whole = await startServer((request, socket) => void socket.write(accept(request)))
  expect(await client([dying, whole]).ask(alice)).toMatchObject({ status: 'accepted' })
  await expect(client([dying]).ask(alice)).rejects.toThrow('has ended the connection')
})

test('a connection that has ended is replaced for the next question', async () => {
  const server = await startServer((request, socket) => void socket.end(accept(request)))
  const radius = client([server])
  await radius.ask(alice)
  await vi.waitFor(() => expect(server.sockets[0].destroyed).toBe(true))
  await vi.waitFor(async () => expect(await radius.ask(alice)).toMatchObject({ status: 'accepted' }))
})

describe('a server', () => {
  const strange = new Authority('CN=Others').certificate.pem

  test.each([
    ['of an authority that is not trusted', { ca: strange }],
    ['of an authority that Node does not know', {}],
    ['of another name', { ca, serverName: 'radius2.corp.test' }],
  ])('%s gets no password, whatever the environment says', async (_what, tls) => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0')
    const server = await startServer((request, socket) => void socket.write(accept(request)))
    const refusal: unknown = await client([server], { tls })
      .ask(alice)
      .catch((error: unknown) => error)
    expect(refusal).toMatchObject({ name: 'RadiusUnreachableError', hint: expect.stringContaining('tls.ca') })
    expect(server.heard).toEqual([])
  })
})

test('closing ends what waits', async () => {
  const server = await startServer(() => {})
  const radius = client([server])
  const asked = radius.ask(alice)
  await vi.waitFor(() => expect(server.heard).toHaveLength(1))
  radius.close()
  await expect(asked).rejects.toThrow('the RADIUS client is closed')
})

test.each([
  [{ cert: certificate.pem }, 'radius: tls.cert and tls.key are to be given together'],
  [{ ca: 'ca.pem' }, 'radius: tls: the certificates or the key cannot be used'],
  [
    { cert: certificate.pem, key: authority.issue({ subject: 'CN=x' }).key },
    'radius: tls: the certificates or the key',
  ],
  [{ connections: 0 }, 'radius: tls.connections must be a whole number from 1 to 64'],
  [{ serverName: 'https://radius' }, 'is no name of a host'],
  [{ rejectUnauthorized: false }, 'rejectUnauthorized'],
])('options that cannot work are refused at once: %#', (tls, message) => {
  expect(() => createRadiusClient({ servers: 'radius.corp.test', tls: tls as never })).toThrow(message)
})

test('without TLS a secret is needed', () => {
  expect(() => createRadiusClient({ servers: 'radius.corp.test' })).toThrow('radius: secret must be a text or octets')
})

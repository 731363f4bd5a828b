import { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { describe, expect, test, vi } from 'vitest'
import { callerWith } from '../fixtures/identities.js'
import { requestWith } from '../fixtures/requests.js'
import { type Outcome, runPlainly } from './outcome.js'
import type { Challenge } from '../http/response.js'
import type { NegotiableRequest } from '../http/request.js'
import { answerUpgrade, upgradeHeaders } from './upgrade.js'

/** A socket that keeps what is written to it, of a server that keeps what is handed back to it. */
function socketOf(server?: unknown) {
  let written = ''
  const socket = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      written += chunk.toString('latin1')
      done()
    },
  })
  const emitted: unknown[][] = []
  const emitter = { emit: (...event: unknown[]) => void emitted.push(event) }
  Object.assign(socket, { server: server === undefined ? emitter : server })
  return { socket, emitted, written: () => written }
}

const shake = (socket: unknown, headers: NegotiableRequest['headers'] = {}, more: Partial<NegotiableRequest> = {}) =>
  requestWith({ upgrade: 'websocket', ...headers }, { method: 'GET', socket: socket as object, ...more })

const UNAUTHORIZED: Challenge = {
  status: 'challenge',
  statusCode: 401,
  headers: { 'WWW-Authenticate': ['Negotiate', 'Basic realm="a\r\nX: b"'], 'Content-Type': 'text/plain' },
  body: 'Grüße',
}

const answered = (request: NegotiableRequest, outcome: Outcome = UNAUTHORIZED) =>
  answerUpgrade(request, async () => outcome)

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('who is let in', () => {
  const identity = callerWith()

  test('has the header lines for the 101, and no octet written', async () => {
    const { socket, written } = socketOf()
    const request = shake(socket)
    expect(upgradeHeaders(request)).toEqual([])
    const headers = { 'WWW-Authenticate': 'Negotiate YQ==', 'Set-Cookie': ['a=1', 'b=2\r\nc: 3\n\n4'] }
    const outcome: Outcome = { status: 'authenticated', identity, by: 'token', headers, run: runPlainly }
    expect(await answered(request, outcome)).toBe(outcome)
    expect(upgradeHeaders(request)).toEqual([
      'WWW-Authenticate: Negotiate YQ==',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2 c: 3 4',
    ])
    expect([written(), socket.writable, socket.destroyed]).toEqual(['', true, false])
  })

  test('may go away meanwhile, without an end of the process', async () => {
    const { socket } = socketOf()
    const outcome: Outcome = { status: 'anonymous', headers: {}, run: runPlainly }
    await answerUpgrade(shake(socket), async () => {
      expect(socket.listenerCount('error')).toBe(1)
      socket.emit('error', new Error('ECONNRESET'))
      return outcome
    })
  })
})

describe('who is asked', () => {
  test('may come again on the same connection, which its server reads on', async () => {
    const { socket, emitted, written } = socketOf()
    const request = shake(socket)
    expect(await answered(request)).toBe(UNAUTHORIZED)
    expect(written()).toBe(
      [
        'HTTP/1.1 401 Unauthorized',
        'WWW-Authenticate: Negotiate',
        'WWW-Authenticate: Basic realm="a X: b"',
        'Content-Type: text/plain',
        'Content-Length: 7',
        'Connection: keep-alive',
        '',
        Buffer.from('Grüße').toString('latin1'),
      ].join('\r\n'),
    )
    expect(emitted).toEqual([['connection', socket]])
    expect([socket.writableEnded, socket.listenerCount('error')]).toEqual([false, 0])
    expect(upgradeHeaders(request)).toEqual([])
  })

  test('over TLS comes again over TLS', async () => {
    const { socket, emitted } = socketOf()
    const secure = new TLSSocket(socket)
    const write = vi.spyOn(secure, 'write').mockReturnValue(true)
    Object.assign(secure, { server: Reflect.get(socket, 'server') })
    await answered(shake(secure))
    expect(emitted).toEqual([['secureConnection', secure]])
    expect(write).toHaveBeenCalledTimes(1)
    secure.destroy()
  })

  test('without a method is taken for one who asks with GET', async () => {
    const { socket, emitted } = socketOf()
    await answered(shake(socket, {}, { method: undefined }))
    expect(emitted).toHaveLength(1)
  })
})

describe('a connection ends with the answer', () => {
  const closed = async ({ socket, emitted, written }: ReturnType<typeof socketOf>, request = shake(socket)) => {
    await answered(request)
    expect(written()).toContain('Connection: close\r\n')
    expect(written()).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/)
    expect(emitted).toEqual([])
    expect(socket.writableEnded).toBe(true)
    expect(socket.readableFlowing).toBe(true)
    // The other side may have gone already.
    expect(socket.listenerCount('error')).toBeGreaterThan(0)
    await settled()
    expect(socket.destroyed).toBe(true)
  }

  test.each<[string, NegotiableRequest['headers'], Partial<NegotiableRequest>]>([
    ['has a body of some length', { 'content-length': '0' }, {}],
    ['has a body in chunks', { 'transfer-encoding': 'chunked' }, {}],
    ['came through a proxy', { via: '1.1 proxy' }, {}],
    ['is no GET', {}, { method: 'CONNECT' }],
    ['is not of HTTP/1', {}, { httpVersionMajor: 2 }],
  ])('where the request %s', async (_what, headers, more) => {
    const made = socketOf()
    await closed(made, shake(made.socket, headers, more))
  })

  test.each<[string, unknown]>([
    ['no server', null],
    ['a server that is none', 'server'],
    ['a server without events', {}],
    ['a server with another kind of events', { emit: true }],
  ])('where the socket has %s', async (_what, server) => {
    await closed(socketOf(server))
  })

  test('where the socket knows of none', async () => {
    const made = socketOf()
    Reflect.deleteProperty(made.socket, 'server')
    await closed(made)
  })

  test('where the client has gone', async () => {
    const { socket, emitted } = socketOf()
    await answerUpgrade(shake(socket), async () => {
      socket.destroy()
      return UNAUTHORIZED
    })
    expect(emitted).toEqual([])
  })

  test.each([400, 403, 503] as const)('that is a %i', async (statusCode) => {
    const { socket, emitted, written } = socketOf()
    await answered(shake(socket), { ...UNAUTHORIZED, statusCode })
    expect(written()).toMatch(new RegExp(`^HTTP/1\\.1 ${statusCode} [A-Z]`))
    expect(written()).toContain('Connection: close\r\n')
    expect([emitted, socket.writableEnded]).toEqual([[], true])
  })
})

test('a fault of the app is a 500 that says nothing, and is the app’s to see', async () => {
  const { socket, written } = socketOf()
  const fault = new Error('a bug')
  await expect(answerUpgrade(shake(socket), () => Promise.reject(fault))).rejects.toBe(fault)
  expect(written()).toBe(
    'HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\n' +
      'Content-Length: 0\r\nConnection: close\r\n\r\n',
  )
  await settled()
  expect(socket.destroyed).toBe(true)
})

test('without a socket to write to the outcome is the app’s to send', async () => {
  for (const socket of [undefined, {}]) {
    expect(await answered(shake(socket))).toBe(UNAUTHORIZED)
    await expect(answerUpgrade(shake(socket), () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug')
  }
})

import { encode, KRB_ERROR_CODES, KrbError } from '@s4u/krb5'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { KdcUnreachableError } from './errors.js'
import { networkTransport } from './transport.js'

const REQUEST = Uint8Array.of(0x6a, 1, 2, 3)
const REPLY = Uint8Array.of(0x6b, 4, 5, 6)
const REALM = { realm: 'AD.TEST' }
/** A label too long for any name: no resolver asks anybody for it. */
const UNRESOLVABLE = `${'x'.repeat(64)}.test`

interface FakeKdc {
  readonly port: number
  readonly heard: string[]
  readonly connections: Set<Socket>
}

const closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A KDC that answers as it is told; undefined is silence. */
async function fakeKdc(answers: {
  udp?: (request: Uint8Array) => Uint8Array | undefined
  tcp?: (socket: Socket, request: Uint8Array) => void
}): Promise<FakeKdc> {
  const heard: string[] = []
  const connections = new Set<Socket>()
  const server: Server = createServer((socket) => {
    connections.add(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      heard.push('tcp')
      if (answers.tcp) answers.tcp(socket, data.subarray(4))
      else socket.destroy()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const udp = createSocket('udp4')
  udp.on('message', (message, from) => {
    heard.push('udp')
    const answer = answers.udp?.(message)
    if (answer) udp.send(answer, from.port, from.address)
  })
  udp.bind(port, '127.0.0.1')
  await once(udp, 'listening')
  closing.push(() => {
    server.close()
    udp.close()
    for (const connection of connections) connection.destroy()
  })
  return { port, heard, connections }
}

const framed = (message: Uint8Array): Uint8Array => Buffer.concat([Buffer.from([0, 0, 0, message.length]), message])
const at =
  (...ports: number[]) =>
  async () =>
    ports.map((port) => ({ host: '127.0.0.1', port }))
const errorOf = (errorCode: number): Uint8Array =>
  encode(KrbError, {
    stime: 0,
    susec: 0,
    errorCode,
    realm: 'AD.TEST',
    sname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] },
  })
const tooBig = errorOf(KRB_ERROR_CODES.KRB_ERR_RESPONSE_TOO_BIG)

describe('asking a KDC', () => {
  test('by UDP, when everything fits', async () => {
    const kdc = await fakeKdc({ udp: () => REPLY })
    expect(new Uint8Array(await networkTransport({ locate: at(kdc.port) })(REQUEST, REALM))).toEqual(REPLY)
    expect(kdc.heard).toEqual(['udp'])
  })

  test('by TCP, when the answer does not fit; from then on at once, on the same connection', async () => {
    const kdc = await fakeKdc({ udp: () => tooBig, tcp: (socket) => socket.write(framed(REPLY)) })
    const transport = networkTransport({ locate: at(kdc.port) })
    for (let turn = 0; turn < 3; turn++) expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
    expect(kdc.heard).toEqual(['udp', 'tcp', 'tcp', 'tcp'])
    expect(kdc.connections.size).toBe(1)
  })

  test('by TCP, when the request is too large for a datagram', async () => {
    const kdc = await fakeKdc({ udp: () => REPLY, tcp: (socket) => socket.write(framed(REPLY)) })
    await networkTransport({ locate: at(kdc.port) })(new Uint8Array(1_466), REALM)
    expect(new Set(kdc.heard)).toEqual(new Set(['tcp']))
  })

  test('by TCP, when the datagram is lost', async () => {
    const kdc = await fakeKdc({ udp: () => undefined, tcp: (socket) => socket.write(framed(REPLY)) })
    expect(new Uint8Array(await networkTransport({ locate: at(kdc.port) })(REQUEST, REALM))).toEqual(REPLY)
  })

  test('once more on a new connection, when the KDC has closed the old one', async () => {
    const kdc = await fakeKdc({ udp: () => tooBig, tcp: (socket) => socket.end(framed(REPLY)) })
    const transport = networkTransport({ locate: at(kdc.port) })
    for (let turn = 0; turn < 3; turn++) expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
    expect(kdc.connections.size).toBe(3)
  })

  test('puts an answer together that comes octet by octet', async () => {
    const tcp = (socket: Socket): void => {
      for (const octet of framed(REPLY)) socket.write(Uint8Array.of(octet))
    }
    const kdc = await fakeKdc({ udp: () => tooBig, tcp })
    expect(new Uint8Array(await networkTransport({ locate: at(kdc.port) })(REQUEST, REALM))).toEqual(REPLY)
  })
})

describe('a KDC that', () => {
  test.each([
    [
      'announces four gigabytes',
      (socket: Socket) => void socket.write(Uint8Array.of(255, 255, 255, 255)),
      /announced an answer of 4294967295/,
    ],
    [
      'closes the connection in the middle',
      (socket: Socket) => void socket.end(Uint8Array.of(0, 0, 0, 9, 1)),
      /closed before/,
    ],
  ])('%s is passed over', async (_what, tcp, reason) => {
    const bad = await fakeKdc({ udp: () => tooBig, tcp })
    const good = await fakeKdc({ udp: () => REPLY })
    expect(new Uint8Array(await networkTransport({ locate: at(bad.port, good.port) })(REQUEST, REALM))).toEqual(REPLY)
    const alone = networkTransport({ locate: at(bad.port), timeLimit: 300 })
    await expect(alone(REQUEST, REALM)).rejects.toThrow(reason)
  })

  test('has a name that does not resolve is passed over', async () => {
    const good = await fakeKdc({ udp: () => REPLY })
    const locate = async () => [{ host: UNRESOLVABLE, port: 88 }, ...(await at(good.port)())]
    expect(new Uint8Array(await networkTransport({ locate })(REQUEST, REALM))).toEqual(REPLY)
    const alone = networkTransport({ locate: async () => [{ host: UNRESOLVABLE, port: 88 }], timeLimit: 300 })
    await expect(alone(REQUEST, REALM)).rejects.toThrow(/udp\/.*: E[A-Z_]+; tcp\/.*: E[A-Z_]+/)
  })

  test('says that it is not up yet is passed over', async () => {
    const starting = await fakeKdc({ udp: () => errorOf(KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE) })
    const good = await fakeKdc({ udp: () => REPLY })
    const transport = networkTransport({ locate: at(starting.port, good.port) })
    expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
    const alone = networkTransport({ locate: at(starting.port), timeLimit: 300 })
    await expect(alone(REQUEST, REALM)).rejects.toThrow('KDC_ERR_SVC_UNAVAILABLE')
  })

  test('refuses is not asked again: its word counts', async () => {
    const kdc = await fakeKdc({ udp: () => errorOf(KRB_ERROR_CODES.KDC_ERR_POLICY) })
    await networkTransport({ locate: at(kdc.port) })(REQUEST, REALM)
    expect(kdc.heard).toEqual(['udp'])
  })

  test('does not answer is asked last for a minute', async () => {
    let time = 0
    const silent = await fakeKdc({})
    const good = await fakeKdc({ udp: () => REPLY })
    const transport = networkTransport({ locate: at(silent.port, good.port), now: () => time })
    await transport(REQUEST, REALM)
    const heard = silent.heard.length
    await transport(REQUEST, REALM)
    expect(silent.heard.length).toBe(heard)
    time = 61_000
    await transport(REQUEST, REALM)
    expect(silent.heard.length).toBeGreaterThan(heard)
  })
})

describe('when nobody answers', () => {
  test('it ends within the limit and tells what was tried', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const began = Date.now()
    const error = await networkTransport({ locate: at(silent.port), timeLimit: 300 })(REQUEST, REALM).catch(
      (e: unknown) => e,
    )
    expect(error).toBeInstanceOf(KdcUnreachableError)
    expect(error).toMatchObject({ realm: 'AD.TEST', code: 'KRB5_KDC_UNREACH' })
    expect(String(error)).toContain(`udp/127.0.0.1:${silent.port}`)
    expect(Date.now() - began).toBeLessThan(1_000)
  })

  test('it says so when no KDC is known', async () => {
    await expect(networkTransport({ locate: async () => [] })(REQUEST, REALM)).rejects.toThrow('none is known')
  })

  test('a caller who gives up is told at once, with his own reason', async () => {
    const silent = await fakeKdc({ tcp: () => {} })
    const caller = new AbortController()
    const asked = networkTransport({ locate: at(silent.port) })(REQUEST, { ...REALM, signal: caller.signal })
    setTimeout(() => caller.abort(new Error('gone')), 20)
    await expect(asked).rejects.toThrow('gone')
  })

  test('what the configuration says wrong is told as it is', async () => {
    const locate = async () => Promise.reject(new TypeError('krb5.conf, line 3'))
    await expect(networkTransport({ locate })(REQUEST, REALM)).rejects.toThrow('krb5.conf, line 3')
  })
})

test('a fifth of the datagrams lost costs time, and no answer', async () => {
  let count = 0
  const kdc = await fakeKdc({
    udp: (request) => (count++ % 5 === 0 ? undefined : Uint8Array.of(0x6b, request[1])),
    tcp: (socket, request) => socket.write(framed(Uint8Array.of(0x6b, request[1]))),
  })
  const transport = networkTransport({ locate: at(kdc.port) })
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => transport(Uint8Array.of(0x6a, index), REALM)),
  )
  expect(answers.map((answer) => answer[1])).toEqual(Array.from({ length: 50 }, (_, index) => index))
})

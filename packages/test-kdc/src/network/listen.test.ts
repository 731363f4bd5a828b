import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { AsReq, decode, encode, kerberosFlags, KrbError, krbErrorName } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import { createAd, NINE } from '../fixtures/ad-realm.js'
import { principal } from '../fixtures/bare-client.js'
import type { ListenAddress } from './listen.js'

const realm = await createAd()
const body = {
  kdcOptions: kerberosFlags(),
  realm: 'AD.TEST',
  sname: principal('krbtgt', 'AD.TEST'),
  till: NINE + 1000,
  nonce: 1,
  etype: [18],
}
const request = encode(AsReq, { reqBody: { ...body, cname: principal('alice') } })
const errorOf = (reply: Uint8Array) => krbErrorName(decode(KrbError, reply).errorCode)
const framed = (...messages: Uint8Array[]) =>
  Buffer.concat(
    messages.flatMap((message) => [Buffer.from([0, 0, message.length >> 8, message.length & 0xff]), message]),
  )

/**
 * Sends, and gathers what comes until `octets` are there, the connection ends, or the time is over.
 */
function overTcp({ host, port }: ListenAddress, message: Uint8Array, octets = 4): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => socket.write(message))
    let received = Buffer.alloc(0)
    const done = (): void => {
      socket.destroy()
      resolve(received)
    }
    socket.setTimeout(300, done)
    socket.on('error', done)
    socket.on('close', done)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      if (received.length >= octets) done()
    })
  })
}

function overUdp({ host, port }: ListenAddress, message: Uint8Array): Promise<Uint8Array | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const finish = (reply?: Uint8Array): void => {
      clearTimeout(timer)
      socket.close(() => resolve(reply))
    }
    const timer = setTimeout(finish, 200)
    socket.once('message', finish)
    socket.send(message, port, host)
  })
}

/** A connection that stays open until one of the two ends it. */
async function openConnection({ host, port }: ListenAddress) {
  const socket = connect(port, host)
  const state = {
    socket,
    received: 0,
    closed: false,
    [Symbol.asyncDispose]: async () => void socket.destroy(),
  }
  socket.on('data', (chunk) => (state.received += chunk.length))
  socket.on('error', () => undefined)
  socket.on('close', () => (state.closed = true))
  await once(socket, 'connect')
  return state
}

describe('a realm that listens', () => {
  test('answers on UDP and TCP, on one port', async () => {
    await using other = await createAd()
    const address = await other.listen({ host: '127.0.77.20' })
    expect(errorOf((await overUdp(address, request)) ?? new Uint8Array(0))).toBe('KDC_ERR_PREAUTH_REQUIRED')
    const reply = await overTcp(address, framed(request), 100)
    expect(reply.readUInt32BE(0)).toBe(reply.length - 4)
    expect(errorOf(reply.subarray(4))).toBe('KDC_ERR_PREAUTH_REQUIRED')
    expect(other.exchanges.map(({ via }) => via)).toEqual(['udp', 'tcp'])
    expect(other.krb5Conf({ ticket_lifetime: '1h' })).toMatch(
      new RegExp(`ticket_lifetime = 1h[^]*kdc = 127.0.77.20:${address.port}`),
    )
  })

  test('answers several requests on one connection, in pieces or at once', async () => {
    await using other = await createAd()
    const address = await other.listen()
    const one = (await overTcp(address, framed(request), 100)).length
    expect(await overTcp(address, framed(request, request, request), 3 * one)).toHaveLength(3 * one)
  })

  test('is silent to garbage on UDP, and closes the connection on TCP', async () => {
    await using other = await createAd()
    const address = await other.listen()
    expect(await overUdp(address, Uint8Array.of(1, 2, 3))).toBeUndefined()
    expect(await overTcp(address, framed(Uint8Array.of(1, 2, 3)))).toHaveLength(0)
    expect(await overTcp(address, Uint8Array.of(0xff, 0xff, 0xff, 0xff))).toHaveLength(0)
  })

  test('says that a reply is too big for UDP', async () => {
    await using other = await createAd({ udpReplyLimit: 100 })
    const address = await other.listen()
    expect(errorOf((await overUdp(address, request)) ?? new Uint8Array(0))).toBe('KRB_ERR_RESPONSE_TOO_BIG')
    expect(other.exchanges.at(-1)?.outcome).toBe('KRB_ERR_RESPONSE_TOO_BIG')
  })

  test('misbehaves on the wire as well', async () => {
    await using other = await createAd()
    const address = await other.listen()
    other.misbehave.answerTooBig = true
    expect(errorOf((await overUdp(address, request)) ?? new Uint8Array(0))).toBe('KRB_ERR_RESPONSE_TOO_BIG')
    other.misbehave.dropUdp = true
    expect(await overUdp(address, request)).toBeUndefined()
    other.misbehave.hugeLengthPrefix = true
    expect((await overTcp(address, framed(request))).readUInt32BE(0)).toBe(0xfffffffe)
  })

  test('answers late over both when it is slow', async () => {
    await using other = await createAd({ misbehave: { slow: 60 } })
    const address = await other.listen()
    for (const send of [() => overUdp(address, request), () => overTcp(address, framed(request), 100)]) {
      const began = performance.now()
      expect((await send())?.length).toBeGreaterThan(100)
      expect(performance.now() - began).toBeGreaterThan(50)
    }
  })

  test('takes connections and requests and never answers when it is silent', async () => {
    await using other = await createAd({ misbehave: { silent: true } })
    const address = await other.listen()
    expect(await overUdp(address, request)).toBeUndefined()
    await using connection = await openConnection(address)
    connection.socket.write(framed(request))
    await expect.poll(() => other.exchanges.length).toBe(1)
    expect(connection).toMatchObject({ received: 0, closed: false })
  })

  test('is dead to new connections at once, to open ones at the next request, and to datagrams', async () => {
    await using other = await createAd()
    const address = await other.listen()
    await using connection = await openConnection(address)
    connection.socket.write(framed(request))
    await expect.poll(() => connection.received).toBeGreaterThan(100)
    const before = connection.received
    other.misbehave.dead = true
    connection.socket.write(framed(request))
    await expect.poll(() => connection.closed).toBe(true)
    expect(connection.received).toBe(before)
    await using late = await openConnection(address)
    await expect.poll(() => late.closed).toBe(true)
    expect(await overUdp(address, request)).toBeUndefined()
    expect(other.exchanges).toHaveLength(1)
    other.misbehave.dead = false
    expect((await overTcp(address, framed(request), 100)).length).toBeGreaterThan(100)
  })

  test('stops in the end, also with connections open', async () => {
    const other = await createAd()
    const address = await other.listen()
    const socket = connect(address.port, address.host)
    await new Promise((resolve) => socket.once('connect', resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    await other[Symbol.asyncDispose]()
    await closed
    expect(await overTcp(address, framed(request))).toHaveLength(0)
    await other[Symbol.asyncDispose]()
  })

  test('gives up the replies that wait, so that nothing keeps the process alive', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const other = await createAd({ misbehave: { slow: 600_000 } })
      const connection = await openConnection(await other.listen())
      connection.socket.write(framed(request, request))
      const inMemory = other.transport(request).catch((error: { code?: string }) => error.code)
      while (other.exchanges.length < 2) await new Promise(setImmediate)
      expect(vi.getTimerCount()).toBe(2)
      await other[Symbol.asyncDispose]()
      expect(await inMemory).toBe('ECONNRESET')
      while (!connection.closed) await new Promise(setImmediate)
      expect(vi.getTimerCount()).toBe(0)
      expect(connection.received).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('does not take a port that is taken', async () => {
    await using other = await createAd()
    const { port } = await other.listen()
    await expect(other.listen({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(realm.exchanges).toEqual([])
  })
})

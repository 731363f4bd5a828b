import { KRB_ERROR_CODES } from '@s4u/krb5'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import {
  at,
  closeFakeKdcs,
  errorOf,
  fakeKdc,
  framed,
  REALM,
  REPLY,
  REQUEST,
  slowByUdp,
  UNRESOLVABLE,
} from '../fixtures/fake-kdc.js'
import { errorCodeIn } from '../errors/krb-error.js'
import { type KdcTransport, networkTransport } from './transport.js'

afterEach(closeFakeKdcs)

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

  test('that is never up yet waits for no more than a timer can hold', async () => {
    const waits = vi.spyOn(globalThis, 'setTimeout')
    const starting = await fakeKdc({ udp: () => errorOf(KRB_ERROR_CODES.KDC_ERR_SVC_UNAVAILABLE) })
    const locate = async () => [{ host: '127.0.0.1', port: starting.port, protocol: 'udp' as const }]
    // Rounds of a quarter of a second: their wait would double past 2^31 in less than six seconds.
    const transport = networkTransport({ locate, timeLimit: 6_500 })
    await expect(transport(REQUEST, REALM)).rejects.toMatchObject({ name: 'KdcUnreachableError' })
    expect(starting.heard.length).toBeGreaterThan(20)
    expect(Math.max(...waits.mock.calls.map(([, delay = 0]) => delay))).toBeLessThanOrEqual(60_000)
    waits.mockRestore()
  })

  test('by TCP, when the datagram is lost', async () => {
    const kdc = await fakeKdc({ udp: () => undefined, tcp: (socket) => socket.write(framed(REPLY)) })
    expect(new Uint8Array(await networkTransport({ locate: at(kdc.port) })(REQUEST, REALM))).toEqual(REPLY)
  })

  test('by TCP at once, when datagrams to it get lost always', async () => {
    let time = 0
    const kdc = await fakeKdc({ udp: () => undefined, tcp: (socket) => socket.write(framed(REPLY)) })
    const transport = networkTransport({ locate: at(kdc.port), now: () => time })
    for (let turn = 0; turn < 3; turn++) await transport(REQUEST, REALM)
    expect(kdc.heard).toEqual(['udp', 'tcp', 'tcp', 'tcp'])
    time = 300_001
    await transport(REQUEST, REALM)
    expect(kdc.heard).toEqual(['udp', 'tcp', 'tcp', 'tcp', 'udp', 'tcp'])
  })

  test('by UDP still, when a request was too large for it', async () => {
    const kdc = await fakeKdc({ udp: () => REPLY, tcp: (socket) => socket.write(framed(REPLY)) })
    const transport = networkTransport({ locate: at(kdc.port) })
    await transport(new Uint8Array(1_466), REALM)
    kdc.heard.length = 0
    await transport(REQUEST, REALM)
    expect(kdc.heard).toEqual(['udp'])
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

  test('refuses by TCP is not asked again: its word counts', async () => {
    const refusal = errorOf(KRB_ERROR_CODES.KDC_ERR_POLICY)
    const kdc = await fakeKdc({ udp: () => refusal, tcp: (socket) => socket.write(framed(refusal)) })
    const { transport, datagrams } = telling(kdc.port)
    for (let turn = 0; turn < 2; turn++) expect(errorCodeIn(await transport(REQUEST, REALM))).toBe(12)
    // Both said the same, so UDP is of use still.
    expect(kdc.heard).toEqual(['udp', 'tcp', 'udp', 'tcp'])
    expect(datagrams()).toBe(0)
  })

  test('refuses by UDP is asked by TCP, whose word counts, and which is asked at once from then on', async () => {
    const kdc = await fakeKdc({
      udp: () => errorOf(KRB_ERROR_CODES.KDC_ERR_POLICY),
      tcp: (socket) => socket.write(framed(REPLY)),
    })
    const { transport, datagrams } = telling(kdc.port)
    for (let turn = 0; turn < 2; turn++) expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
    expect(kdc.heard).toEqual(['udp', 'tcp', 'tcp'])
    expect(datagrams()).toBe(0)
  })

  test('refuses by UDP, where there is no TCP, is believed for want of anything better, and told so', async () => {
    const kdc = await fakeKdc({ udp: () => errorOf(KRB_ERROR_CODES.KDC_ERR_POLICY) })
    const { transport, datagrams } = telling(kdc.port)
    expect(errorCodeIn(await transport(REQUEST, REALM))).toBe(12)
    expect(kdc.heard).toEqual(['udp', 'tcp'])
    expect(datagrams()).toBe(1)
  })

  test('refuses by UDP, where there is no TCP, does not stand in the way of another', async () => {
    const [no, good] = [
      await fakeKdc({ udp: () => errorOf(KRB_ERROR_CODES.KDC_ERR_POLICY) }),
      await fakeKdc({ udp: () => REPLY }),
    ]
    const { transport, datagrams } = telling(no.port, good.port)
    expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
    expect(datagrams()).toBe(1)
  })

  test('writes by UDP what is no error that can be read is passed over', async () => {
    const kdc = await fakeKdc({ udp: () => Uint8Array.of(0x7e, 1, 2), tcp: (socket) => socket.write(framed(REPLY)) })
    expect(new Uint8Array(await networkTransport({ locate: at(kdc.port) })(REQUEST, REALM))).toEqual(REPLY)
  })

  test('is to be signed in at is asked by TCP first, and by UDP where there is none', async () => {
    const kdc = await fakeKdc({ udp: () => REPLY, tcp: (socket) => socket.write(framed(REPLY)) })
    const transport = networkTransport({ locate: at(kdc.port) })
    await transport(REQUEST, { ...REALM, prefersTcp: true })
    expect(kdc.heard).toEqual(['tcp'])
    let count = 0
    const without = await fakeKdc({ udp: () => Uint8Array.of(0x6b, count++) })
    const other = networkTransport({ locate: at(without.port) })
    for (let turn = 0; turn < 2; turn++) await other(REQUEST, { ...REALM, prefersTcp: true })
    // It is known for a while that TCP brings nothing there.
    expect(without.heard).toEqual(['tcp', 'udp', 'udp'])
  })

  test('says that answers are too big, and has no TCP, is asked by UDP all the same', async () => {
    let isForged = true
    const kdc = await fakeKdc({ udp: () => (isForged ? tooBig : REPLY) })
    const transport = networkTransport({ locate: at(kdc.port), timeLimit: 600 })
    await expect(transport(REQUEST, REALM)).rejects.toThrow('KRB_ERR_RESPONSE_TOO_BIG')
    isForged = false
    expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
  })

  test('is slow is listened to while others are asked, and by whichever way it answers', async () => {
    // It answers when the other one has been asked.
    const late: (() => void)[] = []
    const byTcp = await fakeKdc({ tcp: (socket) => late.push(() => socket.write(framed(REPLY))) })
    const other = await fakeKdc({ udp: () => void late.forEach((answer) => answer()) })
    const over = networkTransport({ locate: at(byTcp.port, other.port) })
    expect(new Uint8Array(await over(REQUEST, REALM))).toEqual(REPLY)
    // Its answer to the first datagram comes after the second one.
    const byUdp = await slowByUdp()
    expect(new Uint8Array(await networkTransport({ locate: at(byUdp) })(REQUEST, REALM))).toEqual(REPLY)
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

test('callers who wait for less than it takes to go on come to another KDC all the same', async () => {
  const [silent, good] = [await fakeKdc({ tcp: () => {} }), await fakeKdc({ udp: () => REPLY })]
  const transport = networkTransport({ locate: at(silent.port, good.port) })
  const caller = new AbortController()
  const asked = transport(REQUEST, { ...REALM, signal: caller.signal })
  asked.catch(() => {})
  await expect.poll(() => silent.heard.length).toBeGreaterThan(0)
  const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 400)
  caller.abort(new Error('gone'))
  await expect(asked).rejects.toThrow('gone')
  now.mockRestore()
  silent.heard.length = 0
  expect(new Uint8Array(await transport(REQUEST, REALM))).toEqual(REPLY)
  expect(silent.heard).toEqual([])
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

/** A transport, and how often it said that an answer came in a datagram. */
function telling(...ports: number[]) {
  let count = 0
  const asks = networkTransport({ locate: at(...ports) })
  const transport: KdcTransport = (request, context) => asks(request, { ...context, onDatagram: () => count++ })
  return { transport, datagrams: () => count }
}

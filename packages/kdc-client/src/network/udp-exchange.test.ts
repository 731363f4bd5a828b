import { createSocket, type RemoteInfo, Socket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { UdpSockets } from './udp-exchange.js'

const closing: (() => void)[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const close of closing.splice(0)) close()
})

type Reply = (answer: Uint8Array) => unknown

/** Answers each datagram as it is told, and says from which ports they came. */
async function kdc(answers: (request: Uint8Array, reply: Reply, count: number) => unknown, port = 0) {
  const ports: number[] = []
  let isOpen = true
  const socket = createSocket('udp4')
  socket.on('message', (request: Uint8Array, from: RemoteInfo) => {
    ports.push(from.port)
    answers(request, (answer) => isOpen && socket.send(answer, from.port, from.address), ports.length)
  })
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  const close = (): void => {
    if (isOpen) socket.close()
    isOpen = false
  }
  closing.push(close)
  return { address: { host: '127.0.0.1', port: socket.address().port }, ports, close }
}

const never = new AbortController().signal
const ask = async (sockets: UdpSockets, { address }: { address: { host: string; port: number } }, octet: number) => [
  ...(await sockets.exchange(address, Uint8Array.of(octet), never)),
]
const echo = (request: Uint8Array, reply: Reply): unknown => reply(request)
const portsUsed = ({ ports }: { ports: number[] }): number => new Set(ports).size

describe('a socket to a KDC', () => {
  test('carries one request after another, and as many sockets are open as there are requests at once', async () => {
    const [sockets, server] = [new UdpSockets(), await kdc(echo)]
    for (let turn = 0; turn < 5; turn++) expect(await ask(sockets, server, turn)).toEqual([turn])
    expect(portsUsed(server)).toBe(1)
    const answers = await Promise.all(Array.from({ length: 8 }, (_, octet) => ask(sockets, server, 10 + octet)))
    expect(answers).toEqual(Array.from({ length: 8 }, (_, octet) => [10 + octet]))
    expect(portsUsed(server)).toBe(8)
  })

  test('takes no answer that comes a second time for that to the next request', async () => {
    const sockets = new UdpSockets()
    const server = await kdc((request, reply, count) => {
      if (count !== 2) return reply(request)
      // The network delivers the first answer once more, before the KDC has done anything.
      reply(Uint8Array.of(1))
      return reply(request)
    })
    expect(await ask(sockets, server, 1)).toEqual([1])
    expect(await ask(sockets, server, 2)).toEqual([2])
    expect(portsUsed(server)).toBe(2)
  })

  test('gives an answer that a KDC repeats to two requests to both: it is for others to refuse it', async () => {
    const [sockets, server] = [new UdpSockets(), await kdc((_request, reply) => reply(Uint8Array.of(7)))]
    for (let turn = 0; turn < 3; turn++) expect(await ask(sockets, server, turn)).toEqual([7])
  })

  test('is not used again when something came that nobody had asked for', async () => {
    const sockets = new UdpSockets()
    const closed = vi.spyOn(Socket.prototype, 'close')
    closing.push(() => closed.mockRestore())
    const more: (() => unknown)[] = []
    const server = await kdc((request, reply) => {
      reply(request)
      more.push(() => reply(Uint8Array.of(66)))
    })
    expect(await ask(sockets, server, 1)).toEqual([1])
    expect(closed).not.toHaveBeenCalled()
    more[0]()
    await expect.poll(() => closed.mock.calls.length).toBe(1)
    expect(await ask(sockets, server, 2)).toEqual([2])
    expect(portsUsed(server)).toBe(2)
  })

  test('is not used again after a request that was given up: its answer may come late', async () => {
    const sockets = new UdpSockets()
    const late: (() => unknown)[] = []
    const server = await kdc((request, reply, count) => {
      if (count === 1) return late.push(() => reply(request))
      late[0]()
      return reply(request)
    })
    const caller = new AbortController()
    const first = sockets.exchange(server.address, Uint8Array.of(1), caller.signal)
    first.catch(() => {})
    await expect.poll(() => late.length).toBe(1)
    caller.abort(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
    const second = sockets.exchange(server.address, Uint8Array.of(2), never)
    expect([...(await second)]).toEqual([2])
    expect(portsUsed(server)).toBe(2)
  })

  test('tells of each refusal, waits on for a reply, and is not used again', async () => {
    const sockets = new UdpSockets()
    const server = await kdc((request, reply, count) => {
      if (count === 1) for (const octet of [1, 2]) reply(Uint8Array.of(0x7e, octet))
      return reply(request)
    })
    const refusals: number[][] = []
    const onRefusal = (error: Uint8Array): void => void refusals.push([...error])
    expect([...(await sockets.exchange(server.address, Uint8Array.of(9), never, { onRefusal }))]).toEqual([9])
    expect(refusals).toEqual([
      [0x7e, 1],
      [0x7e, 2],
    ])
    expect(await ask(sockets, server, 2)).toEqual([2])
    expect(portsUsed(server)).toBe(2)
  })

  test('sends the same datagram again by itself, and no more when the answer is there', async () => {
    const sockets = new UdpSockets()
    const server = await kdc((request, reply, count) => count === 2 && reply(request))
    let again = (): void => {}
    const asked = sockets.exchange(server.address, Uint8Array.of(9), never, { onSent: (send) => (again = send) })
    await expect.poll(() => server.ports.length).toBe(1)
    again()
    expect([...(await asked)]).toEqual([9])
    expect(portsUsed(server)).toBe(1)
    again()
    expect(await Promise.race([ask(sockets, server, 3), Promise.resolve('waits')])).toBe('waits')
    expect(server.ports.length).toBe(2)
  })

  test('is closed with all that are idle', async () => {
    const [sockets, server] = [new UdpSockets(), await kdc(echo)]
    await ask(sockets, server, 1)
    sockets.close()
    expect(await ask(sockets, server, 2)).toEqual([2])
    expect(portsUsed(server)).toBe(2)
  })

  test('is not used again after a refusal, which would pass for the answer to any other request', async () => {
    const sockets = new UdpSockets()
    const server = await kdc((request, reply, count) => reply(count === 1 ? Uint8Array.of(0x7e, 1) : request))
    expect(await ask(sockets, server, 1)).toEqual([0x7e, 1])
    expect(await ask(sockets, server, 2)).toEqual([2])
    expect(portsUsed(server)).toBe(2)
  })

  test('that fails is replaced at once: the KDC may be up again', async () => {
    const sockets = new UdpSockets()
    const server = await kdc(echo)
    await ask(sockets, server, 1)
    server.close()
    await expect(ask(sockets, server, 2)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    const again = await kdc(echo, server.address.port)
    expect(await ask(sockets, again, 3)).toEqual([3])
  })

  test('is closed when nobody has used it for ten seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const [sockets, server] = [new UdpSockets(), await kdc(echo)]
    await ask(sockets, server, 1)
    vi.advanceTimersByTime(9_000)
    await ask(sockets, server, 2)
    vi.advanceTimersByTime(9_999)
    await ask(sockets, server, 3)
    expect(portsUsed(server)).toBe(1)
    vi.advanceTimersByTime(10_000)
    await ask(sockets, server, 4)
    expect(portsUsed(server)).toBe(2)
  })

  test('is used for no longer than a minute', async () => {
    const [sockets, server] = [new UdpSockets(), await kdc(echo)]
    const now = vi.spyOn(performance, 'now')
    closing.push(() => now.mockRestore())
    await ask(sockets, server, 1)
    now.mockReturnValue(performance.now() + 60_000)
    await ask(sockets, server, 2)
    expect(portsUsed(server)).toBe(2)
  })
})

test('a request that nobody waits for any more is not sent', async () => {
  const [sockets, server] = [new UdpSockets(), await kdc(echo)]
  const gone = AbortSignal.abort(new Error('gone'))
  await expect(sockets.exchange(server.address, Uint8Array.of(1), gone)).rejects.toThrow('gone')
  expect(server.ports).toEqual([])
})

import { expect, test } from 'vitest'
import { Command } from '../wire/header.js'
import { OctetWriter } from '../wire/octets.js'
import { Connection } from './connection.js'
import type { Transport, TransportEvents } from '../transport/transport.js'

const SERVER = { host: 'files.ad.test', address: undefined, port: 445 }
const ECHO = [{ command: Command.ECHO, body: Uint8Array.of(4, 0, 0, 0) }]

/** A transport without a network: what comes is said by `events`. */
class FakeTransport {
  events: TransportEvents = Object({})
  isOpen = true
  hold(): void {}
  send(): void {}
  reuse(): void {}
  close(reason: Error): void {
    this.isOpen = false
    this.events.closed(reason)
  }
}

function connected(): { transport: FakeTransport; connection: Connection } {
  const transport = new FakeTransport()
  const asTransport: Transport = Object(transport)
  return { transport, connection: new Connection(SERVER, asTransport) }
}

function answer(messageId: bigint, credits: number, change?: (octets: OctetWriter) => void): Uint8Array {
  const octets = new OctetWriter(68)
    .set(0, Uint8Array.of(0xfe, 0x53, 0x4d, 0x42))
    .u16(4, 64)
    .u16(12, Command.ECHO)
  octets.u16(14, credits).u32(16, 1).u64(24, messageId).u16(64, 4)
  change?.(octets)
  return octets.octets
}

const inTime = <T>(promise: Promise<T>): Promise<T | 'waits for ever'> =>
  Promise.race([promise, new Promise<'waits for ever'>((done) => setTimeout(() => done('waits for ever'), 100))])

test('a request that has its credits when the connection is lost fails, and does not wait for ever', async () => {
  const { transport, connection } = connected()
  const [first, second] = [connection.exchange(ECHO, {}), connection.exchange(ECHO, {})]
  second.catch(() => {})
  transport.events.frame(answer(0n, 1))
  transport.close(new Error('lost'))
  expect(await first).toHaveLength(1)
  await expect(inTime(second)).rejects.toMatchObject({ code: 'ECONNRESET' })
})

test('a server that grants no more credits, and says nothing, is given up', async () => {
  const { transport, connection } = connected()
  const watch = connection.exchange(ECHO, {})
  const waiting = connection.exchange(ECHO, {})
  transport.events.frame(answer(0n, 0, (octets) => octets.u32(8, 0x103).u32(16, 3)))
  // What is asynchronous may take long, but not what has not even been sent.
  transport.events.silent()
  await expect(inTime(waiting)).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  await expect(watch).rejects.toMatchObject({ code: 'ETIMEDOUT' })
})

test('a server may be silent as long as it likes about what is asynchronous', async () => {
  const { transport, connection } = connected()
  const watch = connection.exchange(ECHO, {})
  transport.events.frame(answer(0n, 1, (octets) => octets.u32(8, 0x103).u32(16, 3)))
  transport.events.silent()
  transport.events.frame(answer(0n, 1))
  expect(await watch).toHaveLength(1)
})

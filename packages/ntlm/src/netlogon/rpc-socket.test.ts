import { encodeRpcPdu, RpcFlag, RpcPduType } from '@s4u/krb5'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { RpcSocket } from './rpc-socket.js'

let server: Server | undefined
afterEach(() => server?.close())

const pdu = (callId: number, length: number): Uint8Array =>
  encodeRpcPdu({
    ...{ type: RpcPduType.RESPONSE, flags: RpcFlag.FIRST | RpcFlag.LAST, callId },
    ...{ body: new Uint8Array(length).fill(callId), verifier: undefined },
  })

/** Both ends of a connection. */
async function connected(): Promise<{ readonly near: RpcSocket; readonly far: Socket }> {
  const listening = createServer()
  server = listening
  listening.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  const accepted = once(listening, 'connection')
  const address = listening.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const near = await RpcSocket.open({ host: '127.0.0.1', port }, AbortSignal.timeout(20_000))
  const [far] = await accepted
  far.setNoDelay(true)
  return { near, far }
}

test('an answer that comes octet by octet is read whole, and other work goes on meanwhile', async () => {
  const { near, far } = await connected()
  const answer = near.receive()
  const octets = pdu(1, 40)
  for (const octet of octets) {
    far.write(Uint8Array.of(octet))
    await new Promise((resolve) => void setImmediate(resolve))
  }
  expect(await answer).toEqual(octets)
  near.close()
})

test('an answer of the longest PDU, and two that come at once, are cut as they say', async () => {
  const { near, far } = await connected()
  const all = [pdu(1, 65_000), pdu(2, 8), pdu(3, 0)]
  far.write(Buffer.concat(all))
  for (const one of all) expect(await near.receive()).toEqual(one)
  near.close()
})

test('what came before the end is read, and then the end is told', async () => {
  const { near, far } = await connected()
  far.end(Buffer.concat([pdu(1, 8), pdu(2, 8).subarray(0, 20)]))
  expect(await near.receive()).toEqual(pdu(1, 8))
  await expect(near.receive()).rejects.toMatchObject({ name: 'NetlogonUnreachableError', code: 'ECONNRESET' })
  expect(near.isOpen).toBe(false)
})

test('an end is noticed while nothing is asked', async () => {
  const { near, far } = await connected()
  const closed = once(far, 'close')
  far.end()
  await closed
  expect(near.isOpen).toBe(false)
})

test('a signal that has ended already ends what is begun under it', async () => {
  const { near } = await connected()
  await expect(near.within(AbortSignal.abort(), () => near.receive())).rejects.toMatchObject({ code: 'ETIMEDOUT' })
})

import { EventEmitter } from 'node:events'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { whileThere } from './while-there.js'

const signalOf = (request: IncomingMessage, response = new ServerResponse(request)): Promise<AbortSignal> =>
  whileThere(request, response, async (gone) => gone)

test('the requests of an HTTP/1 connection have one signal, which aborts when the connection has closed', async () => {
  const connection = new Socket()
  const first = await signalOf(new IncomingMessage(connection))
  const second = await signalOf(new IncomingMessage(connection))
  expect(second).toBe(first)
  expect(await signalOf(new IncomingMessage(new Socket()))).not.toBe(first)
  connection.destroy()
  await EventEmitter.once(connection, 'close')
  expect(first.aborted).toBe(true)
})

test('a request whose connection has closed before has a signal that was aborted', async () => {
  const connection = new Socket()
  connection.destroy()
  await EventEmitter.once(connection, 'close')
  expect((await signalOf(new IncomingMessage(connection))).aborted).toBe(true)
})

test('each request of an HTTP/2 connection has its own signal, which the end of the wait lets go', async () => {
  const request = new IncomingMessage(new Socket())
  request.httpVersionMajor = 2
  const [one, other] = [new ServerResponse(request), new ServerResponse(request)]
  let ended = (): void => {}
  const wait = new Promise<void>((resolve) => (ended = resolve))
  const signals: AbortSignal[] = []
  const waiting = [one, other].map((response) =>
    whileThere(request, response, async (gone) => {
      signals.push(gone)
      await wait
    }),
  )
  one.emit('close')
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  ended()
  await Promise.all(waiting)
  other.emit('close')
  expect(signals[1].aborted).toBe(false)
})

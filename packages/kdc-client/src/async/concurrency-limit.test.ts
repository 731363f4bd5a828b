import { setMaxListeners } from 'node:events'
import { expect, test } from 'vitest'
import { QueueFull, ConcurrencyLimit } from './concurrency-limit.js'

const never = new AbortController().signal
setMaxListeners(0, never)

test('lets no more through than it has places, in the order in which they came', async () => {
  const limit = new ConcurrencyLimit(2)
  const order: number[] = []
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      limit.run(async () => {
        most = Math.max(most, ++inside)
        order.push(index)
        await new Promise((resolve) => setTimeout(resolve, index % 3))
        inside--
      }, never),
    ),
  )
  expect(most).toBe(2)
  expect(order).toEqual([...order].sort((a, b) => a - b))
})

test('gives the place of one who fails to the next', async () => {
  const limit = new ConcurrencyLimit(1)
  await expect(limit.run(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no')
  expect(await limit.run(async () => 'yes', never)).toBe('yes')
})

test('one who gives up while waiting takes no place', async () => {
  const limit = new ConcurrencyLimit(1)
  let release = (): void => {}
  const first = limit.run(() => new Promise<void>((resolve) => (release = resolve)), never)
  const aborted = new AbortController()
  const second = limit.run(async () => 'second', aborted.signal)
  const third = limit.run(async () => 'third', never)
  aborted.abort(new Error('gone'))
  await expect(second).rejects.toThrow('gone')
  release()
  await first
  expect(await third).toBe('third')
  expect(await limit.run(async () => 'fourth', never)).toBe('fourth')
})

const of = (user: string) => ({ kind: 'service', user })

test('a crowd of one user does not go before another who comes later', async () => {
  const limit = new ConcurrencyLimit(1)
  const order: string[] = []
  const pass = (user: string): Promise<unknown> => limit.run(async () => order.push(user), never, of(user))
  const first = limit.run(() => new Promise((resolve) => setImmediate(resolve)), never, of('mallory'))
  await Promise.all([first, ...Array.from({ length: 50 }, () => pass('mallory')), pass('bob')])
  expect(order.indexOf('bob')).toBe(1)
  expect(order.length).toBe(51)
})

test('when more wait than may, whoever has most is told at once, and not the others', async () => {
  const limit = new ConcurrencyLimit(1, 3)
  let release = (): void => {}
  const first = limit.run(() => new Promise<void>((resolve) => (release = resolve)), never, of('mallory'))
  const wait = (user: string) => limit.run(async () => user, never, of(user)).catch((error: unknown) => error)
  const crowd = [wait('mallory'), wait('mallory'), wait('mallory')]
  const [bob, carol] = [wait('bob'), wait('carol')]
  await new Promise((resolve) => setImmediate(resolve))
  release()
  await first
  expect(await Promise.all([bob, carol])).toEqual(['bob', 'carol'])
  expect(await Promise.all(crowd)).toEqual(['mallory', expect.any(QueueFull), expect.any(QueueFull)])
  // Nobody who was turned away has left a place behind.
  let inside = 0
  const both = Array.from({ length: 2 }, () =>
    limit.run(async () => {
      expect(++inside).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      inside--
    }, never),
  )
  await Promise.all(both)
})

test('one who is turned away and gives up in the same moment frees no place', async () => {
  const limit = new ConcurrencyLimit(1, 1)
  let release = (): void => {}
  const first = limit.run(() => new Promise<void>((resolve) => (release = resolve)), never)
  const caller = new AbortController()
  const gone = limit.run(async () => 'gone', caller.signal, of('mallory'))
  const other = limit.run(async () => 'other', never, of('bob')).catch((error: unknown) => error)
  caller.abort(new Error('gone'))
  await expect(gone).rejects.toThrow('gone')
  expect(await other).toBeInstanceOf(QueueFull)
  let isInside = false
  const next = limit.run(async () => (isInside = true), never)
  await new Promise((resolve) => setImmediate(resolve))
  expect(isInside).toBe(false)
  release()
  await Promise.all([first, next])
})

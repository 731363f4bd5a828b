import { setMaxListeners } from 'node:events'
import { expect, test } from 'vitest'
import { Turnstile } from './turnstile.js'

const never = new AbortController().signal
setMaxListeners(0, never)

test('lets no more through than it has places, in the order in which they came', async () => {
  const turnstile = new Turnstile(2)
  const order: number[] = []
  let inside = 0
  let most = 0
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      turnstile.pass(async () => {
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
  const turnstile = new Turnstile(1)
  await expect(turnstile.pass(() => Promise.reject(new Error('no')), never)).rejects.toThrow('no')
  expect(await turnstile.pass(async () => 'yes', never)).toBe('yes')
})

test('one who gives up while waiting takes no place', async () => {
  const turnstile = new Turnstile(1)
  let release = (): void => {}
  const first = turnstile.pass(() => new Promise<void>((resolve) => (release = resolve)), never)
  const aborted = new AbortController()
  const second = turnstile.pass(async () => 'second', aborted.signal)
  const third = turnstile.pass(async () => 'third', never)
  aborted.abort(new Error('gone'))
  await expect(second).rejects.toThrow('gone')
  release()
  await first
  expect(await third).toBe('third')
  expect(await turnstile.pass(async () => 'fourth', never)).toBe('fourth')
})

import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { unlessAborted, withTimeLimit } from './time-limit.js'

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

test('ends what takes too long, with a TimeoutError', async () => {
  await expect(withTimeLimit(5, undefined, untilAborted)).rejects.toMatchObject({ name: 'TimeoutError' })
})

test('ends with the caller’s reason when the caller gives up', async () => {
  const caller = new AbortController()
  const waiting = withTimeLimit(10_000, caller.signal, untilAborted)
  caller.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  await expect(withTimeLimit(10_000, caller.signal, async () => 1)).rejects.toThrow('gone')
})

test('leaves no listener on the caller’s signal', async () => {
  const { signal } = new AbortController()
  await withTimeLimit(10_000, signal, async () => 1)
  await unlessAborted(Promise.resolve(1), signal)
  await unlessAborted(Promise.reject(new Error('no')), signal).catch(() => {})
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('a promise that nobody waits for any more may fail unnoticed', async () => {
  const caller = new AbortController()
  let fail = (_error: Error): void => {}
  const waiting = unlessAborted(new Promise<void>((_, reject) => (fail = reject)), caller.signal)
  caller.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  fail(new Error('too late'))
  await expect(unlessAborted(Promise.resolve(1), caller.signal)).rejects.toThrow('gone')
  await expect(unlessAborted(Promise.reject(new Error('too late')), caller.signal)).rejects.toThrow('gone')
})

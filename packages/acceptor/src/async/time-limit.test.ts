import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withinLimit } from './time-limit.js'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const late = (): Error => new Error('late')

test('an answer in time is the result, and leaves no timer behind', async () => {
  expect(await withinLimit(1_000, late, () => 'now')).toBe('now')
  expect(await withinLimit(1_000, late, async () => 'soon')).toBe('soon')
  expect(vi.getTimerCount()).toBe(0)
})

test('an error before the limit is passed on, also one that is thrown synchronously', async () => {
  await expect(withinLimit(1_000, late, () => Promise.reject(new TypeError('no')))).rejects.toThrow(new TypeError('no'))
  const thrown = withinLimit(1_000, late, () => {
    throw new TypeError('at once')
  })
  await expect(thrown).rejects.toThrow(new TypeError('at once'))
  expect(vi.getTimerCount()).toBe(0)
})

test('after the limit it rejects with `late()`, and aborts the signal with the same error', async () => {
  let signal: AbortSignal | undefined
  const waiting = withinLimit(1_000, late, (given) => {
    signal = given
    return new Promise(() => {})
  })
  const told = waiting.catch((reason: unknown) => reason)
  await vi.advanceTimersByTimeAsync(999)
  expect(signal?.aborted).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(await told).toEqual(new Error('late'))
  expect(signal?.reason).toEqual(new Error('late'))
})

test('an error caused by the aborted signal does not replace `late()`', async () => {
  const waiting = withinLimit(1_000, late, (signal) => {
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new TypeError('aborted')))
    })
  })
  const told = waiting.catch((reason: unknown) => reason)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(await told).toEqual(new Error('late'))
})

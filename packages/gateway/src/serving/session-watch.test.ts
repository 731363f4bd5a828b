import type { Session } from '@s4u/negotiate'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SessionWatch } from './session-watch.js'

const session: Session = {
  ...{ kind: 'cookie', id: 'a', principal: 'alice@AD.TEST', authenticationMethod: 'form', startedAt: 0 },
  expiresAt: 10_000_000,
}
const rules = { now: () => Date.now(), maxIdle: undefined, goesOn: async () => true }

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

test('what is open ends when its session has ended elsewhere, and not before', async () => {
  let goesOn = true
  const ends = [vi.fn(), vi.fn()]
  const watch = new SessionWatch()
  for (const end of ends) watch.watch(session, { ...rules, goesOn: async () => goesOn }, end)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ends.map((end) => end.mock.calls.length)).toEqual([0, 0])
  goesOn = false
  await vi.advanceTimersByTimeAsync(5_000)
  expect(ends.map((end) => end.mock.calls.length)).toEqual([1, 1])
})

test('what is open ends when its user has asked for nothing for too long', async () => {
  const end = vi.fn()
  const watch = new SessionWatch()
  watch.watch(session, { ...rules, maxIdle: 60_000 }, end)
  await vi.advanceTimersByTimeAsync(55_000)
  watch.seen(session, Date.now())
  watch.seen({ ...session, id: 'of another session' }, Date.now())
  await vi.advanceTimersByTimeAsync(55_000)
  expect(end).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(5_000)
  expect(end).toHaveBeenCalledOnce()
})

test('a watch that has ended asks nobody any more', async () => {
  const goesOn = vi.fn(async () => false)
  const end = vi.fn()
  const watch = new SessionWatch()
  const stops = [0, 1].map(() => watch.watch(session, { ...rules, goesOn }, end))
  for (const stop of stops) stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect([goesOn.mock.calls.length, end.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0, 0])
})

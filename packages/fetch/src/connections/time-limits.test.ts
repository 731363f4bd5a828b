import type { Dispatcher } from 'undici'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { BackendTimeoutError } from './backend-timeout.js'
import { limited } from './time-limits.js'
import { UNSENT } from '../handlers/unsent.js'
import { loadUndici } from './undici.js'

const ORIGIN = 'https://api.ad.test'
const LIMITS = { answer: 1_000, body: 5_000 }
type Handler = Dispatcher.DispatchHandler
type Controller = Dispatcher.DispatchController

beforeAll(async () => void (await loadUndici()))
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const late = (what: 'answer' | 'body') => ({
  name: 'BackendTimeoutError',
  code: 'ETIMEDOUT',
  status: 504,
  message:
    what === 'answer'
      ? `${ORIGIN} did not begin to answer within 1000 ms`
      : `${ORIGIN} did not end its answer within 5000 ms`,
  hint: `Is the backend slow, or does it hold its clients up? new Connections({ ${what}TimeLimit }) sets the limit, in milliseconds.`,
})

/**
 * One request, whose handler keeps what it is told. The steps are those of either kind of handler.
 */
interface Run {
  readonly told: unknown[][]
  readonly aborted: Error[]
  begin(): unknown
  answer(status: number): unknown
  data(): unknown
  end(): unknown
  fail(error: Error): unknown
  upgrade(): unknown
}

function recorder(names: readonly string[], result?: (name: string) => unknown) {
  const told: unknown[][] = []
  const handler = Object.fromEntries(
    names.map((name) => [name, (...args: unknown[]) => (told.push([name, ...args]), result?.(name))]),
  ) as Handler
  return { told, handler }
}

const NEW = [
  'onRequestStart',
  'onRequestUpgrade',
  'onResponseStart',
  'onResponseData',
  'onResponseEnd',
  'onResponseError',
]
const OLD = ['onConnect', 'onResponseStarted', 'onUpgrade', 'onHeaders', 'onData', 'onComplete', 'onError']

function newRun(limits = LIMITS): Run {
  const { told, handler } = recorder(NEW)
  const aborted: Error[] = []
  const controller = { ...UNSENT, abort: (error: Error) => void aborted.push(error) } as Controller
  const inner = limited(handler, limits, ORIGIN)
  return {
    told,
    aborted,
    begin: () => inner.onRequestStart?.(controller, 'context'),
    answer: (status) => inner.onResponseStart?.(controller, status, { 'x-a': '1' }, 'OK'),
    data: () => inner.onResponseData?.(controller, Buffer.from('x')),
    end: () => inner.onResponseEnd?.(controller, {}),
    fail: (error) => inner.onResponseError?.(controller, error),
    upgrade: () => inner.onRequestUpgrade?.(controller, 101, {}, 'socket' as never),
  }
}

function oldRun(limits = LIMITS, result: unknown = false): Run & { started(): unknown } {
  const { told, handler } = recorder(OLD, () => result)
  const aborted: Error[] = []
  const inner = limited(handler, limits, ORIGIN)
  return {
    told,
    aborted,
    begin: () => inner.onConnect?.((error?: Error) => void aborted.push(error!)),
    started: () => inner.onResponseStarted?.(),
    answer: (status) => inner.onHeaders?.(status, [], () => {}, 'OK'),
    data: () => inner.onData?.(Buffer.from('x')),
    end: () => inner.onComplete?.([]),
    fail: (error) => inner.onError?.(error),
    upgrade: () => inner.onUpgrade?.(101, [], 'socket' as never),
  }
}

const errorsOf = ({ told }: Run): unknown[] =>
  told.filter(([name]) => name === 'onResponseError' || name === 'onError').map((call) => call.at(-1))

describe.each<[string, (limits?: typeof LIMITS) => Run]>([
  ['as undici has them', newRun],
  ['of the older kind', oldRun],
])('a request whose handler is %s', (_, start) => {
  test('that is answered in time is passed on as it is, and leaves no timer', () => {
    const run = start()
    expect(vi.getTimerCount()).toBe(1)
    run.begin()
    vi.advanceTimersByTime(999)
    run.answer(103)
    run.answer(200)
    vi.advanceTimersByTime(4_999)
    run.data()
    run.end()
    expect(vi.getTimerCount()).toBe(0)
    expect(run.aborted).toEqual([])
    expect(run.told.map(([name]) => name)).toEqual(
      start === newRun
        ? ['onRequestStart', 'onResponseStart', 'onResponseStart', 'onResponseData', 'onResponseEnd']
        : ['onConnect', 'onHeaders', 'onHeaders', 'onData', 'onComplete'],
    )
  })

  test('that is not answered ends, and early hints are no answer', () => {
    const run = start()
    run.begin()
    vi.advanceTimersByTime(500)
    run.answer(199)
    vi.advanceTimersByTime(499)
    expect(run.aborted).toEqual([])
    vi.advanceTimersByTime(1)
    expect(run.aborted).toMatchObject([late('answer')])
    expect(run.aborted[0]).toBeInstanceOf(BackendTimeoutError)
    // What undici says of the request that was aborted.
    run.fail(run.aborted[0])
    expect(errorsOf(run)).toEqual(run.aborted)
  })

  test('whose body does not end ends, however often a part of it comes', () => {
    const run = start()
    run.begin()
    vi.advanceTimersByTime(999)
    run.answer(200)
    for (let count = 0; count < 4; count++) {
      vi.advanceTimersByTime(1_249)
      run.data()
    }
    expect(run.aborted).toEqual([])
    vi.advanceTimersByTime(4)
    expect(run.aborted).toMatchObject([late('body')])
  })

  test('that never got a connection ends, and its handler is told once', () => {
    const run = start()
    vi.advanceTimersByTime(1_000)
    expect(errorsOf(run)).toMatchObject([late('answer')])
    if (start === newRun) expect(run.told[0]).toEqual(['onRequestStart', UNSENT, {}])
    const [error] = errorsOf(run)
    if (start === newRun) expect(run.told[1]).toEqual(['onResponseError', UNSENT, error])
    const before = run.told.length
    // It is late, and is not sent any more.
    run.begin()
    expect(run.aborted).toEqual([error])
    run.fail(run.aborted[0])
    expect(run.told).toHaveLength(before)
  })

  test('that fails, or switches protocols, is timed no more', () => {
    for (const end of ['fail', 'upgrade'] as const) {
      const run = start()
      run.begin()
      run[end](new Error('ECONNRESET'))
      expect(vi.getTimerCount()).toBe(0)
      expect(run.told).toHaveLength(2)
    }
  })

  test('may take for ever where the app says so', () => {
    const run = start({ answer: Infinity, body: Infinity })
    expect(vi.getTimerCount()).toBe(0)
    run.begin()
    run.answer(200)
    expect(vi.getTimerCount()).toBe(0)
    const mixed = start({ answer: 1_000, body: Infinity })
    mixed.begin()
    mixed.answer(200)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('each call arrives with what it came with', () => {
  const run = newRun()
  run.begin()
  run.answer(200)
  run.data()
  run.end()
  run.upgrade()
  const controller = expect.objectContaining({ abort: expect.any(Function) })
  expect(run.told).toEqual([
    ['onRequestStart', controller, 'context'],
    ['onResponseStart', controller, 200, { 'x-a': '1' }, 'OK'],
    ['onResponseData', controller, Buffer.from('x')],
    ['onResponseEnd', controller, {}],
    ['onRequestUpgrade', controller, 101, {}, 'socket'],
  ])
})

test('a handler of the older kind is asked, too, whether it takes more', () => {
  const [full, ready] = [oldRun(LIMITS, false), oldRun(LIMITS, true)]
  expect([full.answer(200), full.data(), ready.answer(200), ready.data()]).toEqual([false, false, true, true])
  const silent = limited({}, LIMITS, ORIGIN)
  expect([silent.onHeaders?.(200, [], () => {}, ''), silent.onData?.(Buffer.alloc(1))]).toEqual([true, true])
  const error = new Error('x')
  for (const step of [
    () => silent.onConnect?.(() => {}),
    () => silent.onResponseStarted?.(),
    () => silent.onUpgrade?.(101, [], 'socket' as never),
    () => silent.onComplete?.([]),
    () => silent.onError?.(error),
  ])
    expect(step).not.toThrow()
  full.started()
  full.upgrade()
  expect(full.told.slice(-2)).toEqual([['onResponseStarted'], ['onUpgrade', 101, [], 'socket']])
})

test('a handler that listens to nothing is not asked', () => {
  const quiet = limited({ onRequestStart: () => {} }, LIMITS, ORIGIN)
  const error = new Error('x')
  for (const step of [
    () => quiet.onResponseStart?.(UNSENT, 200, {}),
    () => quiet.onResponseData?.(UNSENT, Buffer.alloc(1)),
    () => quiet.onResponseEnd?.(UNSENT, {}),
    () => quiet.onResponseError?.(UNSENT, error),
    () => quiet.onRequestUpgrade?.(UNSENT, 101, {}, 'socket' as never),
  ])
    expect(step).not.toThrow()
  limited({ onRequestStart: () => {} }, LIMITS, ORIGIN)
  limited({}, LIMITS, ORIGIN)
  expect(() => vi.advanceTimersByTime(1_000)).not.toThrow()
})

test('a timer keeps no process', () => {
  vi.useRealTimers()
  const timers: NodeJS.Timeout[] = []
  const real = globalThis.setTimeout
  const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((...args: Parameters<typeof real>) => {
    const timer = real(...args)
    timers.push(timer)
    return timer
  }) as typeof real)
  limited({}, LIMITS, ORIGIN)
  spy.mockRestore()
  expect(timers.map((timer) => timer.hasRef())).toEqual([false])
  for (const timer of timers) clearTimeout(timer)
})

test('what stands for the controller of a request that was never sent does nothing', () => {
  expect(UNSENT).toMatchObject({ aborted: true, paused: false, reason: null, rawHeaders: [], rawTrailers: [] })
  for (const step of [() => UNSENT.abort(new Error('x')), () => UNSENT.pause(), () => UNSENT.resume()])
    expect(step()).toBeUndefined()
})

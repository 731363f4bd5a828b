import type { Dispatcher } from 'undici'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { checkUnderlyingFetch, sharedConnectionsError, usesDispatcher } from './dispatcher-use.js'
import type { Fetch } from '../options/token-options.js'

type Init = { readonly dispatcher?: Pick<Dispatcher, 'dispatch'>; readonly redirect?: string } | undefined

const platformFetch = globalThis.fetch

afterEach(() => {
  vi.useRealTimers()
  globalThis.fetch = platformFetch
})

/** Sends by the dispatcher that it is given. */
const honest = () =>
  vi.fn<Fetch>(async (_input, init) => {
    const { dispatcher } = init as NonNullable<Init>
    dispatcher?.dispatch({ path: '/', method: 'GET' }, {})
    return new Response('sent')
  })

describe('a fetch', () => {
  test('that sends by its dispatcher is asked once, and known at once from then on', async () => {
    const below = honest()
    expect(await usesDispatcher(below)).toBe(true)
    expect(usesDispatcher(below)).toBe(true)
    expect(below).toHaveBeenCalledTimes(1)
    const [[url, init]] = below.mock.calls
    expect(url).toBe('http://255.255.255.255/')
    expect(init).toEqual({ redirect: 'manual', dispatcher: { dispatch: expect.any(Function) } })
  })

  test('that is asked by many at the same time is asked once', async () => {
    const below = honest()
    const [first, second] = [usesDispatcher(below), usesDispatcher(below)]
    expect(first).toBeInstanceOf(Promise)
    expect(second).toBe(first)
    expect(await first).toBe(true)
    expect(below).toHaveBeenCalledTimes(1)
  })

  test('sends nothing by it, and hears why', async () => {
    let said: unknown
    const below: Fetch = async (_input, init) => {
      try {
        ;(init as NonNullable<Init>).dispatcher?.dispatch({ path: '/', method: 'GET' }, {})
      } catch (error) {
        said = error
        throw error
      }
      return new Response('sent')
    }
    expect(await usesDispatcher(below)).toBe(true)
    expect(said).toEqual(new TypeError('this request is not sent: it shows whether a fetch uses its dispatcher'))
  })

  test('that answers without it does not, its answer is let go, and it is not asked again', async () => {
    const cancel = vi.fn()
    const below = vi.fn<Fetch>(async () => new Response(new ReadableStream({ cancel })))
    expect(await usesDispatcher(below)).toBe(false)
    expect(await usesDispatcher(below)).toBe(false)
    expect(below).toHaveBeenCalledTimes(1)
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledTimes(1))
  })

  test.each<[string, Fetch]>([
    ['rejects', () => Promise.reject(new TypeError('no network'))],
    [
      'throws',
      () => {
        throw new TypeError('not a function of this kind')
      },
    ],
  ])('that %s does not', async (_, below) => {
    expect(await usesDispatcher(below)).toBe(false)
    expect(await usesDispatcher(below)).toBe(false)
  })

  test('that takes longer than five seconds does not for now, and may be asked again', async () => {
    vi.useFakeTimers()
    let slow = true
    const below = vi.fn<Fetch>(async (input, init) => (slow ? new Promise<never>(() => {}) : honest()(input, init)))
    let answer: boolean | undefined
    const asked = Promise.resolve(usesDispatcher(below)).then((uses) => void (answer = uses))
    await vi.advanceTimersByTimeAsync(4_999)
    expect(answer).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    await asked
    expect(answer).toBe(false)
    slow = false
    expect(await usesDispatcher(below)).toBe(true)
    expect(below).toHaveBeenCalledTimes(2)
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('what is said names the fetch, and what to give in place of it', () => {
  const hint =
    "Give one that does as the option fetch: that of undici (import it from 'undici/index.js' on Bun), or a wrapper that passes its second argument on, also for http://255.255.255.255/, with which it is tried out and which is not sent. If every backend authenticates each request by itself, and never a connection, say connections: 'shared'."
  const message = 'does not send by the dispatcher that it is given: identities would share its connections'
  const error = { name: 'ConfigurationError', code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM', hint }
  expect(sharedConnectionsError(globalThis.fetch)).toMatchObject({ ...error, message: `the global fetch ${message}` })
  expect(sharedConnectionsError(honest())).toMatchObject({ ...error, message: `the underlying fetch ${message}` })
})

test.each(['Bun', 'Deno'] as const)('the global fetch of %s is refused when options are checked', (runtime) => {
  const check = (options: Parameters<typeof checkUnderlyingFetch>[0]) => () => checkUnderlyingFetch(options, runtime)
  expect(check({ fetch: globalThis.fetch })).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      message: `fetch: globalThis.fetch is not possible on ${runtime}: it does not send by the dispatcher that it is given, and identities would share its connections`,
      hint: expect.stringContaining('Leave the option out'),
    }),
  )
  for (const options of [{}, { fetch: honest() }, { fetch: globalThis.fetch, connections: 'shared' as const }])
    expect(check(options)).not.toThrow('not possible')
})

test('the global fetch of Node may be given', () => {
  expect(() => checkUnderlyingFetch({ fetch: globalThis.fetch }, 'Node')).not.toThrow('not possible')
})

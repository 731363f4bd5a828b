/** What a replay store says, and what callers and operators are told then. */
import { digest, RejectedTokenError } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import type { AcceptorEvent } from '../events/events.js'
import { issue, NOW, oddToken } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'
import { replayDigest, type ReplayStore, ReplayStoreFault, type ReplayVerdict, requireFresh } from './replay-store.js'

const KEY = new Uint8Array(32).fill(3)
const storeThat = (remember: ReplayStore['remember']): ReplayStore => ({ remember })
const rejecting = (cause: unknown) => storeThat(() => Promise.reject(cause))

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

test('what a replay is recognised by is the digest of the sealed authenticator', () => {
  const cipher = Uint8Array.of(1, 2, 3)
  expect(replayDigest({ etype: 18, cipher })).toEqual(digest('sha256', cipher))
  expect(replayDigest({ etype: 17, kvno: 3, cipher })).toEqual(digest('sha256', cipher))
})

describe('a store that answers at once', () => {
  test('is asked with digest and times, and waited for no longer', () => {
    const remember = vi.fn((): ReplayVerdict => 'fresh')
    expect(requireFresh({ remember }, KEY, NOW, NOW - 1)).toBeUndefined()
    expect(remember).toHaveBeenCalledExactlyOnceWith(KEY, NOW, NOW - 1)
  })

  test('refuses a replay', () => {
    const error = thrownBy(() =>
      requireFresh(
        storeThat(() => 'seen'),
        KEY,
        NOW,
      ),
    )
    expect(error).toBeInstanceOf(RejectedTokenError)
    expect(error).toMatchObject({
      code: 'KRB_AP_ERR_REPEAT',
      message: 'this authenticator was presented before',
      hint: 'Somebody replays captured traffic, or a client or proxy repeats a request with the same token: each request needs a new one.',
    })
  })

  test('may be full', () => {
    const error = thrownBy(() =>
      requireFresh(
        storeThat(() => 'full'),
        KEY,
        NOW,
      ),
    )
    expect(error).toMatchObject({ fault: 'full', message: 'replay store is full', cause: undefined })
  })

  test.each(['', 'OK', 'Fresh'])('is down when it says %j', (verdict) => {
    const error = thrownBy(() =>
      requireFresh(
        storeThat(() => verdict as ReplayVerdict),
        KEY,
        NOW,
      ),
    )
    expect(error).toMatchObject({ fault: 'down', message: 'replay store is down' })
    expect(error).toHaveProperty('cause', new TypeError('the replay store gave no verdict'))
  })

  test('is down when it throws', () => {
    const cause = new Error('ECONNREFUSED')
    const remember = () => {
      throw cause
    }
    expect(thrownBy(() => requireFresh({ remember }, KEY, NOW))).toMatchObject({ fault: 'down', cause })
  })
})

describe('a store that answers later', () => {
  const later = (verdict: unknown) => storeThat(async () => verdict as ReplayVerdict)

  test.each<[unknown, object]>([
    ['seen', { code: 'KRB_AP_ERR_REPEAT' }],
    ['full', { fault: 'full' }],
    [undefined, { fault: 'down', cause: new TypeError('the replay store gave no verdict') }],
    [null, { fault: 'down' }],
    [true, { fault: 'down' }],
  ])('and says %s refuses', async (verdict, error) => {
    await expect(requireFresh(later(verdict), KEY, NOW)).rejects.toMatchObject(error)
  })

  test('and says that it is fresh lets it in, with no timer left behind', async () => {
    vi.useFakeTimers()
    try {
      expect(await requireFresh(later('fresh'), KEY, NOW)).toBeUndefined()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('is down when it fails, or takes longer than two seconds', async () => {
    const cause = new Error('ECONNRESET')
    await expect(requireFresh(rejecting(cause), KEY, NOW)).rejects.toMatchObject({ fault: 'down', cause })
    vi.useFakeTimers()
    try {
      let late: unknown
      void Promise.resolve(
        requireFresh(
          storeThat(() => new Promise(() => {})),
          KEY,
          NOW,
        ),
      ).catch((error: unknown) => {
        late = error
      })
      await vi.advanceTimersByTimeAsync(1_999)
      expect(late).toBeUndefined()
      await vi.advanceTimersByTimeAsync(1)
      expect(late).toMatchObject({ fault: 'down', cause: new Error('no answer within 2000 ms') })
    } finally {
      vi.useRealTimers()
    }
  })
})

test.each([
  [
    'full',
    'S4U_REPLAY_CACHE_FULL',
    'the replay cache is full',
    'More tokens came within the clock skew than replayCache has room for: raise maxEntries, or look for a client that loops.',
  ],
  [
    'down',
    'S4U_REPLAY_STORE_DOWN',
    'the replay store does not answer',
    "Repair the store. With onReplayStoreDown: 'accept' the service would go on, open to replays.",
  ],
] as const)('a caller is told of a store that is %s with a code and the status 503', (fault, code, message, hint) => {
  const cause = new Error('why')
  const error = new ReplayStoreFault(fault, cause).toRejection()
  expect(error).toMatchObject({ name: 'RejectedTokenError', code, message, hint, status: 503 })
  expect(error.cause).toBe(cause)
})

describe.each([
  ['at once', (act: () => ReplayVerdict) => storeThat(act)],
  ['later', (act: () => ReplayVerdict) => storeThat(async () => act())],
])('an acceptor whose store answers %s', (_when, storeOf) => {
  const outcomeOf = async (act: () => ReplayVerdict, options: AcceptorOptions = {}, context = {}) => {
    const events: AcceptorEvent[] = []
    const onEvent = (event: AcceptorEvent): void => void (event.kind !== 'exchange' && events.push(event))
    const acceptor = acceptorWith({ replayCache: storeOf(act), onEvent, ...options })
    return { outcome: await acceptor.accept(oddToken(issue()), context), events }
  }
  const failing = (cause: unknown) => (): never => {
    throw cause
  }

  test.each([{}, { request: {} }])('tells of a replay by no event, with the context %j', async (context) => {
    const { outcome, events } = await outcomeOf(() => 'seen', {}, context)
    expect(refused(outcome).error.code).toBe('KRB_AP_ERR_REPEAT')
    expect(events).toEqual([])
  })

  test.each([{}, { request: {} }])('refuses when it is full, whatever the options say, with %j', async (context) => {
    for (const onReplayStoreDown of ['refuse', 'accept'] as const) {
      const { outcome, events } = await outcomeOf(() => 'full', { onReplayStoreDown }, context)
      expect(refused(outcome).error.code).toBe('S4U_REPLAY_CACHE_FULL')
      expect(events).toEqual([{ kind: 'replay-cache-full' }])
    }
  })

  test.each([{}, { request: {} }])(
    'refuses when it is down, or accepts as an option says, with %j',
    async (context) => {
      const act = failing(new Error('no \u001b[2J answer'))
      const message = 'no \\u{1b}[2J answer'
      const { outcome, events } = await outcomeOf(act, {}, context)
      expect(refused(outcome).error).toMatchObject({
        code: 'S4U_REPLAY_STORE_DOWN',
        cause: { message: 'no \u001b[2J answer' },
      })
      expect(events).toEqual([{ kind: 'replay-store-down', accepted: false, message }])
      const other = await outcomeOf(act, { onReplayStoreDown: 'accept' }, context)
      accepted(other.outcome)
      expect(other.events).toEqual([{ kind: 'replay-store-down', accepted: true, message }])
    },
  )

  test('tells what it threw, also where that is no error', async () => {
    const { events } = await outcomeOf(failing('off'))
    expect(events).toEqual([{ kind: 'replay-store-down', accepted: false, message: 'off' }])
  })
})

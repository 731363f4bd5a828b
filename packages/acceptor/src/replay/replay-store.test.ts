import { describe, expect, test, vi } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import type { AcceptorEvent } from '../events/events.js'
import { entryOf, issue, keyOf, keytabOf, NOW, oddToken, SPN, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'
import { MemoryReplayStore } from './memory-replay-store.js'
import type { ReplayStore, ReplayVerdict } from './replay-store.js'

function listening(options: AcceptorOptions) {
  const events: AcceptorEvent[] = []
  return { acceptor: acceptorWith({ ...options, onEvent: (event) => events.push(event) }), events }
}

describe('the replay store', () => {
  test('recognises a token whose clear text was changed', async () => {
    const keytab = keytabOf(entryOf(SPN, 1, keyOf(1)), entryOf('HTTP/two.ad.test', 1, keyOf(1)))
    const acceptor = acceptorWith({ keytab, openedTicketCacheSize: 0 })
    const { token, renamed } = sameAuthenticator()
    accepted(await acceptor.accept(token))
    expect(refused(await acceptor.accept(renamed)).error.code).toBe('KRB_AP_ERR_REPEAT')
  })

  test('does not mistake a second token of the same second for a replay', async () => {
    const acceptor = acceptorWith()
    const credential = issue()
    for (let i = 0; i < 100; i++) {
      const authenticator = { ctime: NOW, cusec: 0, seqNumber: undefined, subkey: undefined }
      accepted(await acceptor.accept(oddToken(credential, { authenticator })))
    }
  })

  test('is asked to remember until the time of the authenticator refuses it by itself', async () => {
    const remembered: number[] = []
    const replayCache: ReplayStore = {
      remember: (digest, expiresAt): ReplayVerdict => {
        expect(digest).toHaveLength(32)
        remembered.push(expiresAt)
        return 'fresh'
      },
    }
    accepted(await acceptorWith({ replayCache }).accept(oddToken(issue(), { authenticator: { ctime: NOW + 60_000 } })))
    expect(remembered).toEqual([NOW + 60_000 + 2 * 300_000 + 1000])
  })

  test('is told when the client made the token, to the millisecond', async () => {
    const told: unknown[] = []
    const replayCache: ReplayStore = {
      remember: (_digest, _expiresAt, issuedAt): ReplayVerdict => {
        told.push(issuedAt)
        return 'fresh'
      },
    }
    accepted(
      await acceptorWith({ replayCache }).accept(oddToken(issue(), { authenticator: { ctime: NOW, cusec: 566_999 } })),
    )
    expect(told).toEqual([NOW + 566])
  })

  test.each([
    ['the store is ahead of the instances', { store: 299_000, first: 0, second: 0 }],
    ['the second instance is behind', { store: 150_000, first: 150_000, second: -149_000 }],
    ['the first instance is ahead', { store: 0, first: 299_000, second: 0 }],
    ['the client is ahead as well', { store: 0, first: 0, second: -299_000, client: 300_000 }],
  ])('in common forgets nothing that an instance would still accept: %s', async (_how, clocks) => {
    let time = NOW
    const replayCache = storeOf(() => time + clocks.store)
    const [first, second] = [clocks.first, clocks.second].map((ahead) =>
      acceptorWith({ replayCache, now: () => time + ahead }),
    )
    const { client = 0 } = clocks as { client?: number }
    const token = oddToken(issue(), { authenticator: { ctime: time + client } })
    accepted(await first.accept(token))
    for (let minute = 0; minute < 20; minute++) {
      expect(refused(await second.accept(token)).error.code).toMatch(/^KRB_AP_ERR_(REPEAT|SKEW)$/)
      time += 59_500
    }
    expect(refused(await second.accept(token)).error.code).toBe('KRB_AP_ERR_SKEW')
  })

  test('of an acceptor alone keeps nothing longer than it must', async () => {
    let time = NOW
    const acceptor = acceptorWith({ now: () => time })
    const sizes: number[] = []
    const remember = vi.spyOn(MemoryReplayStore.prototype, 'remember').mockImplementation(function (
      this: MemoryReplayStore,
      ...args
    ) {
      const verdict = original.apply(this, args)
      sizes.push(this.size)
      return verdict
    })
    const takeOne = async () => accepted(await acceptor.accept(oddToken(issue(), { authenticator: { ctime: time } })))
    await takeOne()
    time += 300_000
    await takeOne()
    time += 17_000
    await takeOne()
    expect(sizes).toEqual([1, 2, 2])
    remember.mockRestore()
  })

  test('is not filled by tokens that are refused', async () => {
    const remember = vi.fn((): ReplayVerdict => 'fresh')
    const acceptor = acceptorWith({ replayCache: { remember } })
    refused(await acceptor.accept(oddToken(issue(), { authenticator: { ctime: NOW - 3_600_000 } })))
    refused(await acceptor.accept(tokenOf(issue({ key: keyOf(50) }))))
    expect(remember).not.toHaveBeenCalled()
  })

  test('may answer later', async () => {
    const seen = new Set<string>()
    const remember = async (digest: Uint8Array): Promise<ReplayVerdict> => {
      const key = Buffer.from(digest).toString('hex')
      const verdict = seen.has(key) ? 'seen' : 'fresh'
      seen.add(key)
      return verdict
    }
    const acceptor = acceptorWith({ replayCache: { remember } })
    const token = tokenOf(issue())
    accepted(await acceptor.accept(token))
    expect(refused(await acceptor.accept(token)).error.code).toBe('KRB_AP_ERR_REPEAT')
  })

  test('that is full refuses, whatever the options say, and an event tells', async () => {
    const { acceptor, events } = listening({
      replayCache: new MemoryReplayStore({ maxEntries: 1, now: () => NOW }),
      onReplayStoreDown: 'accept',
    })
    accepted(await acceptor.accept(tokenOf(issue())))
    expect(refused(await acceptor.accept(tokenOf(issue()))).error.code).toBe('S4U_REPLAY_CACHE_FULL')
    expect(events.map(({ kind }) => kind)).toContain('replay-cache-full')
  })

  const down = [
    [
      'throws',
      () => {
        throw new Error('ECONNREFUSED')
      },
    ],
    ['rejects', () => Promise.reject(new Error('ECONNREFUSED'))],
  ] as const

  test.each(down)('that %s refuses by default', async (_how, remember) => {
    const { acceptor, events } = listening({ replayCache: { remember } })
    const { error } = refused(await acceptor.accept(tokenOf(issue())))
    expect(error).toMatchObject({ name: 'RejectedTokenError', code: 'S4U_REPLAY_STORE_DOWN' })
    expect(events[0]).toEqual({ kind: 'replay-store-down', accepted: false, message: 'ECONNREFUSED' })
  })

  test.each(down)('that %s accepts if the options say so', async (_how, remember) => {
    const { acceptor, events } = listening({ replayCache: { remember }, onReplayStoreDown: 'accept' })
    accepted(await acceptor.accept(tokenOf(issue())))
    expect(events[0]).toMatchObject({ kind: 'replay-store-down', accepted: true })
  })

  test('that never answers counts as down', async () => {
    vi.useFakeTimers()
    try {
      const outcome = acceptorWith({ replayCache: { remember: () => new Promise(() => {}) } }).accept(tokenOf(issue()))
      await vi.advanceTimersByTimeAsync(2_000)
      expect(refused(await outcome).error.code).toBe('S4U_REPLAY_STORE_DOWN')
    } finally {
      vi.useRealTimers()
    }
  })

  test('can be left out', async () => {
    const acceptor = acceptorWith({ replayCache: false })
    const token = tokenOf(issue())
    accepted(await acceptor.accept(token))
    accepted(await acceptor.accept(token))
  })
})

const { remember: original } = MemoryReplayStore.prototype

/** The same AP-REQ twice, the second time in the name of another service with the same key. */
function sameAuthenticator(): { token: Uint8Array; renamed: Uint8Array } {
  const token = oddToken(issue())
  const renamed = token.slice()
  renamed.set(new TextEncoder().encode('two'), Buffer.from(renamed).indexOf('web.ad.test'))
  return { token, renamed }
}

/** A store that is elsewhere: it forgets by its own clock. */
function storeOf(clock: () => number): ReplayStore {
  const known = new Map<string, number>()
  return {
    async remember(digest, expiresAt) {
      const key = Buffer.from(digest).toString('hex')
      for (const [one, end] of known) if (end <= clock()) known.delete(one)
      if (known.has(key)) return 'seen'
      known.set(key, expiresAt)
      return 'fresh'
    },
  }
}

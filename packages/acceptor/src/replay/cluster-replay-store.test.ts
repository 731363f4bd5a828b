import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { answerTo, WorkerReplayStore, clusterReplayStore } from './cluster-replay-store.js'
import { MemoryReplayStore } from './memory-replay-store.js'

const NOW = Date.UTC(2026, 2, 1)
const END = NOW + 600_000
const digest = (seed: number): Uint8Array => new Uint8Array(32).fill(seed)
const memory = (): MemoryReplayStore => new MemoryReplayStore({ now: () => NOW })

/** A worker whose primary answers when it is told to. */
function pair(kept = memory()) {
  const questions: unknown[] = []
  const worker = new WorkerReplayStore((question) => void questions.push(question))
  const answer = (): void => {
    for (const question of questions.splice(0)) worker.take(answerTo(JSON.parse(JSON.stringify(question)), kept))
  }
  return { worker, answer, questions }
}

describe('workers', () => {
  test('of one primary are told of each other', async () => {
    const kept = memory()
    const [first, second] = [pair(kept), pair(kept)]
    const asked = [first.worker, second.worker, first.worker].map((worker) => worker.remember(digest(1), END))
    second.answer()
    first.answer()
    expect(await Promise.all(asked)).toEqual(['seen', 'fresh', 'seen'])
  })

  test('get each its own answer, in whatever order they come', async () => {
    const { worker, questions } = pair()
    const asked = [1, 2, 3].map((seed) => worker.remember(digest(seed), END))
    const kept = memory()
    kept.remember(digest(2), END)
    for (const question of [...questions].reverse()) worker.take(answerTo(question, kept))
    expect(await Promise.all(asked)).toEqual(['fresh', 'seen', 'fresh'])
  })

  test('are told that the memory is full', async () => {
    const { worker, answer } = pair(new MemoryReplayStore({ maxEntries: 1, now: () => NOW }))
    const asked = [1, 2].map((seed) => worker.remember(digest(seed), END))
    answer()
    expect(await Promise.all(asked)).toEqual(['fresh', 'full'])
  })

  test('whose question cannot be sent, or whose primary goes, know nothing', async () => {
    const deaf = new WorkerReplayStore((_question, failed) => failed(new Error('EPIPE')))
    await expect(deaf.remember(digest(1), END)).rejects.toThrow('EPIPE')
    const { worker } = pair()
    const asked = worker.remember(digest(1), END)
    worker.fail(new Error('the primary process has gone'))
    await expect(asked).rejects.toThrow('has gone')
  })

  test.each([null, 'text', {}, { s4uReplay: 'fresh' }, { s4uReplay: 'yes', id: 1 }, { s4uReplay: 'fresh', id: '1' }])(
    'take %j for no answer',
    async (message) => {
      const { worker, answer } = pair()
      const asked = worker.remember(digest(1), END)
      worker.take(message)
      const other = worker.remember(digest(1), END)
      answer()
      expect(await Promise.all([asked, other])).toEqual(['fresh', 'seen'])
    },
  )
})

describe('a primary that does not answer', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('is given up, each question after its own time, with what may be missing', async () => {
    const { worker, questions } = pair()
    const first = worker.remember(digest(1), END)
    const refused = first.catch((error: unknown) => error)
    await vi.advanceTimersByTimeAsync(1_000)
    const second = worker.remember(digest(2), END)
    await vi.advanceTimersByTimeAsync(500)
    expect(await refused).toMatchObject({ message: expect.stringContaining('clusterReplayStore()') })
    worker.take(answerTo(questions[1], memory()))
    expect(await second).toBe('fresh')
    expect(vi.getTimerCount()).toBeLessThanOrEqual(1)
    await vi.advanceTimersByTimeAsync(1_500)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('piles up no questions without end', async () => {
    const { worker } = pair()
    const asked = Array.from({ length: 50_001 }, () => worker.remember(digest(1), END))
    await expect(asked.pop()).rejects.toThrow('too slowly')
    const given = Promise.allSettled(asked)
    await vi.advanceTimersByTimeAsync(1_500)
    expect((await given).every(({ status }) => status === 'rejected')).toBe(true)
  })
})

test.each([
  undefined,
  'remember',
  { type: 'app' },
  { s4uReplay: 'forget', id: 1, digest: '', expiresAt: END },
  { s4uReplay: 'remember', id: 'x', digest: '', expiresAt: END },
  { s4uReplay: 'remember', id: 1, digest: 7, expiresAt: END },
  { s4uReplay: 'remember', id: 1, digest: '', expiresAt: null },
])('the primary answers no message that is not of a worker: %j', (message) => {
  const kept = memory()
  expect(answerTo(message, kept)).toBeUndefined()
  expect(kept.size).toBe(0)
})

test('outside of a cluster it is a memory like any other, and one for the process', async () => {
  const store = clusterReplayStore()
  expect(clusterReplayStore()).toBe(store)
  const end = Date.now() + 600_000
  expect([await store.remember(digest(9), end), await store.remember(digest(9), end)]).toEqual(['fresh', 'seen'])
})

test('a name that is no option is refused', () => {
  expect(() => clusterReplayStore({ maxEntry: 1 } as object)).toThrow(
    expect.objectContaining({ code: 'S4U_UNKNOWN_OPTION' }),
  )
})

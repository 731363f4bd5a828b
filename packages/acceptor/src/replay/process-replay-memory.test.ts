import { describe, expect, test, vi } from 'vitest'
import { issue, NOW, oddToken, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'
import { MemoryReplayStore } from './memory-replay-store.js'
import { ProcessReplayMemory, processReplayMemory, warnOfWorkers } from './process-replay-memory.js'

const MINUTE = 60_000
const codeOf = async (outcome: ReturnType<ReturnType<typeof acceptorWith>['accept']>) =>
  refused(await outcome).error.code

describe('acceptors of one process that were given no store', () => {
  test('take a token once among them', async () => {
    const token = tokenOf(issue())
    accepted(await acceptorWith().accept(token))
    expect(await codeOf(acceptorWith().accept(token))).toBe('KRB_AP_ERR_REPEAT')
    expect(await codeOf(acceptorWith().accept(token, { request: {} }))).toBe('KRB_AP_ERR_REPEAT')
  })

  test('take it once also when the first is gone', async () => {
    const token = tokenOf(issue())
    const clock = () => NOW
    const first = acceptorWith({ now: clock })
    accepted(await first.accept(token))
    first.close()
    expect(await codeOf(acceptorWith({ now: clock }).accept(token))).toBe('KRB_AP_ERR_REPEAT')
  })

  test('take it once whatever their clocks and skews are', async () => {
    const token = tokenOf(issue())
    const first = acceptorWith({ now: () => NOW })
    accepted(await first.accept(token))
    const others = [{ now: () => NOW + 1_000 }, { clockSkew: 3_600_000 }, { clockSkew: 1_000 }]
    for (const options of others) expect(await codeOf(acceptorWith(options).accept(token))).toBe('KRB_AP_ERR_REPEAT')
    first.close()
  })

  test('both take the token of one request, and refuse it in every other one', async () => {
    const [first, second, token, request] = [acceptorWith(), acceptorWith(), tokenOf(issue()), {}]
    accepted(await first.accept(token, { request }))
    accepted(await second.accept(token, { request }))
    expect(await codeOf(second.accept(token, { request }))).toBe('KRB_AP_ERR_REPEAT')
    expect(await codeOf(second.accept(token, { request: {} }))).toBe('KRB_AP_ERR_REPEAT')
  })

  test('remember as long as the most patient of them takes tokens', async () => {
    let time = NOW
    const now = () => time
    const impatient = acceptorWith({ now })
    const patient = acceptorWith({ now, clockSkew: 20 * MINUTE })
    const token = oddToken(issue(), { authenticator: { ctime: time } })
    accepted(await impatient.accept(token))
    for (; time < NOW + 20 * MINUTE; time += 2 * MINUTE) {
      accepted(await patient.accept(oddToken(issue(), { authenticator: { ctime: time } })))
      expect(await codeOf(patient.accept(token))).toBe('KRB_AP_ERR_REPEAT')
    }
    time += 3 * MINUTE
    expect(await codeOf(patient.accept(token))).toBe('KRB_AP_ERR_SKEW')
  })

  test('and one that comes later and is more patient takes nothing that was forgotten', async () => {
    let time = NOW
    const now = () => time
    const impatient = acceptorWith({ now })
    const token = oddToken(issue(), { authenticator: { ctime: time } })
    accepted(await impatient.accept(token))
    time += 10 * MINUTE
    accepted(await impatient.accept(oddToken(issue(), { authenticator: { ctime: time } })))
    const patient = acceptorWith({ now, clockSkew: 60 * MINUTE })
    expect(await codeOf(patient.accept(token))).toBe('KRB_AP_ERR_REPEAT')
    accepted(await patient.accept(oddToken(issue(), { authenticator: { ctime: time - 4 * MINUTE } })))
  })

  test('take it twice where each was given a store of its own, and where replays are allowed', async () => {
    const token = tokenOf(issue())
    const own = () => new MemoryReplayStore({ now: () => NOW })
    for (const options of [{ replayCache: own() }, { replayCache: own() }, { replayCache: false }] as const)
      accepted(await acceptorWith(options).accept(token))
  })
})

test('a second copy of the package finds the memory of the first', () => {
  expect(processReplayMemory()).toBe(processReplayMemory())
  expect(Reflect.get(globalThis, Symbol.for('s4u.replay-memory.1'))).toBe(processReplayMemory())
})

test('stores of several clocks look into each other', () => {
  const memory = new ProcessReplayMemory()
  const digest = new Uint8Array(32).fill(7)
  const stores = Array.from({ length: 3 }, () => memory.storeFor(() => NOW, 301_000))
  expect(stores.map((store) => store.remember(digest, NOW + 301_000))).toEqual(['fresh', 'seen', 'seen'])
})

test('a store that is gone stands in no way of the others', () => {
  class Gone {
    deref(): undefined {
      return undefined
    }
  }
  vi.stubGlobal('WeakRef', Gone)
  try {
    const memory = new ProcessReplayMemory()
    const digest = new Uint8Array(32).fill(7)
    const stores = [memory.storeFor(() => NOW, 301_000), memory.storeFor(() => NOW, 301_000)]
    expect(stores.map((store) => store.remember(digest, NOW + 301_000))).toEqual(['fresh', 'fresh'])
  } finally {
    vi.unstubAllGlobals()
  }
})

test('a worker of a cluster is warned of once, and no other process', () => {
  const warnings: string[] = []
  const emit = (message: string) => void warnings.push(message)
  warnOfWorkers({ isWorker: false }, emit)
  expect(warnings).toEqual([])
  warnOfWorkers({ isWorker: true }, emit)
  warnOfWorkers({ isWorker: true }, emit)
  expect(warnings).toEqual([expect.stringContaining('clusterReplayStore()')])
})

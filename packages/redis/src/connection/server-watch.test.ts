import { expect, test, vi } from 'vitest'
import { SETTLING } from './histories.js'
import { ServerWatch } from './server-watch.js'

const TRUE_TIME = 1_800_000_000_000

/** A master with as many replicas, of this history, which started so many seconds ago. */
interface Master {
  history: string
  replicas: number
  lag: number
  uptime: number
  secondOffset: number
  time: number
}

/** A watch by a clock of ours, on one master that the test changes. */
function watching({
  now = TRUE_TIME,
  replicas,
  before = 0,
}: { now?: number; replicas?: number; before?: number } = {}) {
  const master: Master = { history: 'one', replicas: 0, lag: 0, uptime: 1_000, secondOffset: -1, time: TRUE_TIME }
  const clock = { elapsed: 0 }
  const onAnotherMaster = vi.fn()
  const onReplicas = vi.fn()
  const asked = vi.fn()
  const firstSeen = vi.fn(async (_history: string, time: number) => time)
  const answerOf = (section: unknown): string => {
    if (section === 'server') return `run_id:run\r\nuptime_in_seconds:${master.uptime}\r\n`
    if (section === 'memory') return 'maxmemory:0\r\n'
    const lines = Array.from(
      { length: master.replicas },
      (_, index) => `slave${index}:ip=10.0.0.1,port=6379,state=online,offset=0,lag=${master.lag}`,
    )
    return [...lines, `master_replid:${master.history}`, `second_repl_offset:${master.secondOffset}`, ''].join('\r\n')
  }
  const watch = new ServerWatch({
    now: () => now,
    elapsed: () => clock.elapsed,
    timeLimit: 100,
    replicas,
    ask: (question) => question(),
    masters: async () => [
      {
        run: async ([name, section]) => {
          if (name === 'TIME') return [String(Math.floor(master.time / 1_000)), String((master.time % 1_000) * 1_000)]
          if (section === 'replication') asked()
          return answerOf(section)
        },
      },
    ],
    firstSeen,
    mostReplicas: async (_history, seen) => Math.max(seen, before),
    onNotice: () => {},
    onAnotherMaster,
    onReplicas,
  })
  const outcome = (issuedAt: number): unknown => {
    try {
      watch.requireJudge(issuedAt)
      return 'judged'
    } catch (error) {
      return Object(error).code
    }
  }
  return { watch, master, clock, onAnotherMaster, onReplicas, firstSeen, asked, outcome }
}

test.each([-2_000, 0, 2_000])(
  'an instance whose clock is %d ms ahead judges tokens from when the new master itself was seen',
  async (ahead) => {
    const { watch, master, onAnotherMaster, outcome } = watching({ now: TRUE_TIME + ahead })
    await watch.look()
    expect(outcome(TRUE_TIME)).toBe('judged')
    master.history = 'two'
    watch.suspect()
    await watch.look()
    expect([TRUE_TIME, TRUE_TIME + 1].map(outcome)).toEqual(['S4U_REDIS_FORGOT', 'judged'])
    expect(onAnotherMaster).toHaveBeenCalledTimes(1)
  },
)

test('the same master, looked at again, has forgotten nothing', async () => {
  const { watch, onAnotherMaster, outcome } = watching()
  await watch.look()
  watch.suspect()
  await watch.look()
  expect([outcome(TRUE_TIME - 900_000), onAnotherMaster.mock.calls]).toEqual(['judged', []])
})

test('a server alone judges nothing from before its start, also to an instance that has just started', async () => {
  const { watch, master, outcome } = watching()
  master.uptime = 60
  await watch.look()
  const started = TRUE_TIME - 60_000
  expect([started, started + 1_000, started + 1_001].map(outcome)).toEqual([
    ...['S4U_REDIS_FORGOT', 'S4U_REDIS_FORGOT', 'judged'],
  ])
})

test('a promoted one judges nothing from before it has settled, by the time of the first instance that saw it', async () => {
  const { watch, master, firstSeen, outcome } = watching()
  master.secondOffset = 100
  firstSeen.mockResolvedValue(TRUE_TIME - 2_000)
  await watch.look()
  expect(firstSeen.mock.calls).toEqual([['one', TRUE_TIME]])
  const settled = TRUE_TIME - 2_000 + SETTLING
  expect([TRUE_TIME, settled, settled + 1].map(outcome)).toEqual(['S4U_REDIS_FORGOT', 'S4U_REDIS_FORGOT', 'judged'])
  expect(watch.settlesIn()).toBe(SETTLING - 2_000)
})

test('what is written is settled when no instance asks the master before, and at once where there is none', async () => {
  const { watch, master, clock, outcome } = watching({ now: TRUE_TIME + 500 })
  const settled = (): unknown => {
    try {
      watch.requireSettled()
      return 'settled'
    } catch (error) {
      return `${Object(error).code}: ${Object(error).hint}`
    }
  }
  // A server alone, which has just started again: it may not judge a token, and nobody else is
  // asked.
  await watch.look()
  master.history = 'two'
  watch.suspect()
  await watch.look()
  expect([outcome(TRUE_TIME), settled(), watch.neededBy('two')]).toEqual(['S4U_REDIS_FORGOT', 'settled', 0])
  master.replicas = 1
  master.history = 'three'
  watch.suspect()
  await watch.look()
  expect([settled(), watch.neededBy('three')]).toEqual(['S4U_REDIS_FORGOT: Try again ten seconds later.', 1])
  expect([...watch.histories, watch.neededBy('four')]).toEqual(['three', undefined])
  master.replicas = 0
  clock.elapsed = 2_000
  await watch.look()
  expect(settled()).toMatch(/^S4U_REDIS_REPLICAS: Bring the replica back/)
})

test('a master that has lost its replica decides nothing, and is not one that was seen first', async () => {
  const { watch, master, clock, firstSeen, onReplicas, outcome } = watching({ replicas: 1 })
  await watch.look()
  expect(outcome(Infinity)).toBe('S4U_REDIS_REPLICAS')
  expect(firstSeen).not.toHaveBeenCalled()
  master.replicas = 1
  clock.elapsed = 1_001
  await watch.look()
  expect(outcome(Infinity)).toBe('judged')
  master.lag = 4
  clock.elapsed = 2_002
  await watch.look()
  expect(outcome(Infinity)).toBe('S4U_REDIS_REPLICAS')
  expect(onReplicas.mock.calls.map(([lacking]) => lacking?.message)).toEqual([
    'the master of Redis has 0 of the 1 replica that it needs, and may have been replaced',
    undefined,
    'the master of Redis has 0 of the 1 replica that it needs, and may have been replaced',
  ])
})

test('an instance that has just started knows of a replica that another one has seen', async () => {
  const { watch, master, outcome } = watching({ before: 1 })
  master.secondOffset = 7
  await watch.look()
  expect(outcome(Infinity)).toBe('S4U_REDIS_REPLICAS')
})

test.each([0, 1])(
  'a look at a master with %d replicas counts for a second, and the next one is under way before',
  async (replicas) => {
    const { watch, master, clock, asked } = watching()
    master.replicas = replicas
    await watch.look()
    clock.elapsed = 500
    expect([watch.look(), asked.mock.calls.length]).toEqual([undefined, 1])
    clock.elapsed = 501
    expect([watch.look(), watch.look(), asked.mock.calls.length]).toEqual([undefined, undefined, 1])
    await vi.waitFor(() => expect(asked).toHaveBeenCalledTimes(2))
    clock.elapsed = 1_502
    expect(watch.look()).toBeInstanceOf(Promise)
  },
)

test('an answer of a master that was not met in the last look has it looked at again', async () => {
  const { watch } = watching()
  await watch.look()
  watch.compare('master_replid:one\r\n')
  expect(watch.look()).toBeUndefined()
  watch.compare('master_replid:two\r\n')
  expect(watch.look()).toBeInstanceOf(Promise)
})

test('what an earlier look finds late does not count against a later one', async () => {
  const { watch, master, outcome } = watching({ replicas: 1 })
  master.replicas = 1
  const early = watch.look()
  watch.suspect()
  master.replicas = 0
  await watch.look()
  await early
  expect(outcome(Infinity)).toBe('S4U_REDIS_REPLICAS')
})

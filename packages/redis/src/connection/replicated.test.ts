import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { untilReplicated } from './replicated.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Master {
  history?: string
  offset: number
  replicas: readonly number[]
}

const infoOf = ({ history = 'one', offset, replicas }: Master): string =>
  [
    ...replicas.map((read, index) => `slave${index}:ip=10.0.0.1,port=6379,state=online,offset=${read},lag=0`),
    `master_replid:${history}`,
    `master_repl_offset:${offset}`,
    '',
  ].join('\r\n')

/** What becomes of the wait, while the masters answer this, one after the other. */
async function outcomeOf(answers: readonly (Error | readonly (Master | undefined)[])[], needed = 1): Promise<string> {
  let asked = 0
  const infoOfMasters = async (): Promise<readonly unknown[]> => {
    const answer = answers[Math.min(asked++, answers.length - 1)]
    if (answer instanceof Error) throw answer
    return answer.map((master) => master && infoOf(master))
  }
  const neededBy = (history: string) => (history === 'one' ? needed : undefined)
  const askReplicas = () => Promise.reject(new Error('forbidden'))
  const outcome = untilReplicated({ infoOfMasters, askReplicas, neededBy, elapsed: () => Date.now() }).then(
    () => `after ${asked}`,
    (error: unknown) => `${Object(error).code}: ${Object(error).message}`,
  )
  await vi.advanceTimersByTimeAsync(3_000)
  return outcome
}

const NOT_CERTAIN = 'S4U_REDIS_REPLICAS: the replicas of Redis did not say in time that they have it'

test.each([
  ['a server alone has nobody to wait for', [[{ offset: 9, replicas: [] }]], 0, 'after 1'],
  ['a replica that has it', [[{ offset: 9, replicas: [9] }]], 1, 'after 1'],
  [
    'one that gets it, while others write more',
    [[{ offset: 9, replicas: [8] }], [{ offset: 20, replicas: [9] }]],
    1,
    'after 2',
  ],
  ['one of two', [[{ offset: 9, replicas: [9, 8] }]], 2, NOT_CERTAIN],
  ['one of two, where one is enough', [[{ offset: 9, replicas: [8, 9] }]], 1, 'after 1'],
  ['none that ever has it', [[{ offset: 9, replicas: [8] }]], 1, NOT_CERTAIN],
  ['one that has gone', [[{ offset: 9, replicas: [] }]], 1, NOT_CERTAIN],
  ['another master', [[{ history: 'two', offset: 9, replicas: [9] }]], 0, NOT_CERTAIN],
  [
    'a master that was replaced meanwhile',
    [[{ offset: 9, replicas: [8] }], [{ history: 'two', offset: 9, replicas: [9] }]],
    1,
    NOT_CERTAIN,
  ],
  ['a server that does not tell', [[undefined]], 1, 'after 1'],
  ['no answer, and one later', [new Error('gone'), [{ offset: 9, replicas: [9] }]], 1, 'after 2'],
  ['no answer at all', [new Error('gone')], 1, NOT_CERTAIN],
  [
    'all masters of a cluster',
    [
      [
        { offset: 9, replicas: [9] },
        { offset: 7, replicas: [6] },
      ],
    ],
    1,
    NOT_CERTAIN,
  ],
] as const)('%s', async (_what, answers, needed, expected) => {
  expect(await outcomeOf(answers, needed)).toBe(expected)
})

/**
 * What a process finds where its replay memory is to be: what another copy of the package, or
 * anybody, has put there.
 */
import { afterEach, expect, test, vi } from 'vitest'
import { ProcessReplayMemory, processReplayMemory, warnOfWorkers } from './process-replay-memory.js'

const KEY = Symbol.for('s4u.replay-memory.1')

afterEach(() => {
  Reflect.deleteProperty(globalThis, KEY)
  vi.restoreAllMocks()
})

test.each([[null], [undefined], [7], ['text'], [{}]])('what is no memory (%j) is not taken for one', (found) => {
  Object.defineProperty(globalThis, KEY, { value: found, configurable: true, writable: true })
  expect(processReplayMemory()).toBeInstanceOf(ProcessReplayMemory)
  expect(Reflect.get(globalThis, KEY)).toBe(processReplayMemory())
})

test('that of another copy is taken', () => {
  const theirs = { storeFor: () => ({ remember: () => 'seen' }) }
  Object.defineProperty(globalThis, KEY, { value: theirs, configurable: true, writable: true })
  expect(processReplayMemory()).toBe(theirs)
})

test('a process that is no worker is not warned, and a worker is, by the process', () => {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  warnOfWorkers()
  warnOfWorkers({ isWorker: false })
  expect(emit).not.toHaveBeenCalled()
  warnOfWorkers({ isWorker: true })
  warnOfWorkers({ isWorker: true })
  expect(emit).toHaveBeenCalledExactlyOnceWith(
    'each worker of this cluster remembers replays for itself, so a captured token is accepted once by each worker: ' +
      'give them a replayCache in common, clusterReplayStore() of @s4u/acceptor or a store on the network.',
    { type: 'S4uWarning', code: 'S4U_REPLAY_PER_WORKER' },
  )
})

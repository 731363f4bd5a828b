import { expect, test } from 'vitest'
import { processAttempts, warnOfWorkers } from './process-attempts.js'

test('all negotiators of a process share one store', () => {
  expect(processAttempts()).toBe(processAttempts())
})

test('a worker of a cluster without a store in common is warned of once, a process by itself is not', () => {
  const said: string[] = []
  const emit = (message: string): void => void said.push(message)
  warnOfWorkers({ isWorker: false }, emit)
  expect(said).toEqual([])
  warnOfWorkers({ isWorker: true }, emit)
  warnOfWorkers({ isWorker: true }, emit)
  expect(said).toEqual([
    expect.stringMatching(/^each worker of this cluster counts attempts .* or divide perUser by their number\.$/),
  ])
})

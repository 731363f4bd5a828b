import { expect, test, vi } from 'vitest'
import { sharedAnswers } from './shared-answers.js'

test('who asks while a question is under way shares the next one, also after one that failed', async () => {
  const settle: { resolve: (answer: number) => void; reject: (reason: Error) => void }[] = []
  const ask = vi.fn(() => new Promise<number>((resolve, reject) => settle.push({ resolve, reject })))
  const answers = sharedAnswers(ask)
  const first = answers()
  const others = [answers(), answers()]
  expect(ask).toHaveBeenCalledTimes(1)
  settle[0].reject(new Error('no answer'))
  await expect(first).rejects.toThrow('no answer')
  await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(2))
  const last = answers()
  settle[1].resolve(2)
  expect(await Promise.all(others)).toEqual([2, 2])
  await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(3))
  settle[2].resolve(3)
  expect(await last).toBe(3)
  void answers()
  expect(ask).toHaveBeenCalledTimes(4)
})

import { expect, test } from 'vitest'
import { runPlainly } from './outcome.js'

test('what is run plainly gets no argument and gives its value back', () => {
  expect(runPlainly((...args: unknown[]) => args.length)).toBe(0)
})

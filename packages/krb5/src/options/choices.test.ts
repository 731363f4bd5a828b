import { expect, test } from 'vitest'
import { ConfigurationError } from '../errors/errors.js'
import { requireOneOf } from './choices.js'

const CHOICES = ['off', 'allow', 'require'] as const

test.each(CHOICES)('%s is one of the words', (word) => {
  expect(requireOneOf('channelBinding', word, CHOICES)).toBe(word)
})

test('undefined is left to the default', () => {
  expect(requireOneOf('channelBinding', undefined, CHOICES)).toBeUndefined()
})

test.each([
  ['Require', '"Require"'],
  [null, 'null'],
  [true, 'true'],
])('%j is refused, with the words that are right', (value, shown) => {
  expect(() => requireOneOf('channelBinding', value, CHOICES)).toThrow(
    new ConfigurationError(`channelBinding must be one of off, allow, require, not ${shown}`),
  )
})

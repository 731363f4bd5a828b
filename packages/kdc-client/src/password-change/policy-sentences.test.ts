import { expect, test } from 'vitest'
import { policySentences } from './policy-sentences.js'

const DAY = 86_400_000
const none = { minimumLength: 0, historyLength: 0, properties: 0, complexity: false, maximumAge: 0, minimumAge: 0 }

test('a policy is told rule by rule, and what is no rule is not', () => {
  expect(policySentences(none)).toEqual([])
  const whole = {
    ...none,
    minimumLength: 12,
    historyLength: 24,
    complexity: true,
    minimumAge: DAY,
    maximumAge: 42 * DAY,
  }
  expect(policySentences(whole)).toEqual([
    'The password must have at least 12 characters.',
    'It must have characters of three kinds (capital and small letters, digits, others), and no part of the user’s name.',
    'It must be none of the last 24 passwords.',
    'It may be changed again after one day.',
    'It must be changed after 42 days.',
  ])
})

test.each([
  [2 * DAY, '2 days'],
  [36 * 3_600_000, '36 hours'],
  [3_600_000, 'one hour'],
  [90_000, '90 seconds'],
  [120_000, '2 minutes'],
  [1_500, '2 seconds'],
])('%d milliseconds are %s', (minimumAge, words) => {
  expect(policySentences({ ...none, minimumAge })).toEqual([`It may be changed again after ${words}.`])
})

test('one is one', () => {
  expect(policySentences({ ...none, minimumLength: 1, historyLength: 1 })).toEqual([
    'The password must have at least one character.',
    'It must be none of the last one password.',
  ])
})

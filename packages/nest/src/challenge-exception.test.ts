import { ConfigurationError } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { ChallengeException } from './challenge-exception.js'

test.each([
  [401, 'UNAUTHENTICATED'],
  [403, 'FORBIDDEN'],
  [503, 'FORBIDDEN'],
])('a challenge with %i is an exception of Nest with that status, and %s for Apollo', (statusCode, code) => {
  const error = new ConfigurationError('refused')
  const challenge = { status: 'challenge', statusCode, headers: {}, body: 'Sign in.\n', error } as const
  const exception = new ChallengeException(challenge)
  expect([exception.getStatus(), exception.getResponse(), exception.message]).toEqual([
    statusCode,
    'Sign in.\n',
    'Sign in.\n',
  ])
  expect(exception.challenge).toBe(challenge)
  expect(exception.cause).toBe(error)
  expect(exception.extensions).toEqual({ code, http: { status: statusCode } })
})

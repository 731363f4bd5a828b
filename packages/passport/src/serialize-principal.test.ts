import { expect, test } from 'vitest'
import { serializePrincipal } from './serialize-principal.js'

/** Returns what Passport is told. */
function serialized(user: object): readonly unknown[] {
  let told: readonly unknown[] = []
  serializePrincipal(user, (...values) => {
    told = values
  })
  return told
}

test('the principal of a user goes into the session, and nothing else', () => {
  expect(serialized({ principal: 'alice@AD.TEST', ticket: 'x' })).toEqual([null, 'alice@AD.TEST'])
})

test.each([{}, { principal: '' }, { principal: 7 }])('%j is refused, and the error says what to do', (user) => {
  expect(serialized(user)).toEqual([
    expect.objectContaining({
      name: 'ConfigurationError',
      message: 'serializePrincipal: the user has no principal',
      hint: 'Return a user with `principal: identity.principal` from verify, or write a serializeUser of your own.',
    }),
  ])
})

import { ConfigurationError } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { impersonation, requireDelegatedBy, requireGroup, requireIdentity } from './routes.js'

test('each is a middleware', () => {
  for (const made of [
    impersonation('required'),
    requireGroup('S-1-5-21-1-2-3-512'),
    requireGroup(['S-1-5-21-1-2-3-512', 'S-1-5-21-1-2-3-513']),
    requireDelegatedBy(['web@AD.TEST']),
    requireIdentity(),
  ]) {
    expect(made).toBeInstanceOf(Function)
  }
})

test('wrong arguments are refused when the app starts', () => {
  expect(() => requireGroup('Sales')).toThrow(ConfigurationError)
  expect(() => requireGroup(['S-1-5-21-1-2-3-512', 'Sales'])).toThrow(ConfigurationError)
  expect(() => requireGroup([])).toThrow('requireGroup needs at least one group')
  expect(() => requireDelegatedBy([])).toThrow(ConfigurationError)
})

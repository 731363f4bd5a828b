import { ConfigurationError } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { checkDelegationOptions, requireAllowedTarget, requireProtocolTransition } from './delegation-policy.js'

describe('a target', () => {
  test.each([
    ['HTTP/api.ad.test', ['HTTP/api.ad.test']],
    ['http/API.AD.TEST', ['HTTP/api.ad.test']],
    ['HTTP/a.farm.ad.test', ['ldap/x', 'HTTP/*.farm.ad.test']],
    ['HTTP/a.b.farm.ad.test', ['HTTP/*.farm.ad.test']],
    ['HTTP/anything', ['HTTP/*']],
    ['HTTP/anything', undefined],
  ])('%s is permitted by %j', (spn, allow) => {
    expect(() => requireAllowedTarget(spn, { allow })).not.toThrow()
  })

  test.each([
    ['HTTP/api.ad.test', []],
    ['HTTP/api.ad.test.evil', ['HTTP/api.ad.test']],
    ['HTTP/evil-farm.ad.test', ['HTTP/*.farm.ad.test']],
    ['HTTP/.farm.ad.test', ['HTTP/*.farm.ad.test']],
    ['HTTP/farm.ad.test', ['HTTP/*.farm.ad.test']],
    ['ldap/api.ad.test', ['HTTP/*']],
  ])('%s is not permitted by %j, and the error names it', (spn, allow) => {
    expect(() => requireAllowedTarget(spn, { allow })).toThrow(
      expect.objectContaining({
        name: 'ConfigurationError',
        code: 'KDC_ERR_POLICY',
        message: expect.stringContaining(spn),
      }),
    )
  })
})

describe('protocol transition', () => {
  const forBob = { protocolTransition: (user: string) => user === 'bob' }

  test('is off unless the app says otherwise, for all or for some', () => {
    expect(() => requireProtocolTransition('bob', {})).toThrow(expect.objectContaining({ code: 'KDC_ERR_POLICY' }))
    expect(() => requireProtocolTransition('bob', { protocolTransition: false })).toThrow(ConfigurationError)
    expect(() => requireProtocolTransition('alice', forBob)).toThrow(/alice/)
    expect(() => requireProtocolTransition('bob', forBob)).not.toThrow()
    expect(() => requireProtocolTransition('alice', { protocolTransition: true })).not.toThrow()
  })
})

test.each([
  'api.ad.test',
  'HTTP/',
  'HTTP/a b',
  'HTTP/*farm',
  'HTTP/a.*.b',
  '*/api',
  'HTTP/api@AD.TEST',
  'https://api.ad.test',
])('%j is no pattern', (pattern) => {
  expect(() => checkDelegationOptions({ allow: ['HTTP/ok', pattern] })).toThrow(ConfigurationError)
})

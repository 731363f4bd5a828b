import { describe, expect, test } from 'vitest'
import { decideS4u2Proxy, s4u2selfIsForwardable } from './delegation-policy.js'

describe('an S4U2Self ticket is forwardable', () => {
  // requested, trusted to authenticate, has targets, user may not be delegated → forwardable
  test.each([
    [true, true, true, false, true],
    [true, true, false, false, true],
    [true, false, false, false, true],
    [true, false, true, false, false],
    [true, true, true, true, false],
    [true, true, false, true, false],
    [true, false, false, true, false],
    [true, false, true, true, false],
    [false, true, true, false, false],
    [false, true, false, false, false],
    [false, false, false, false, false],
    [false, false, true, false, false],
    [false, true, true, true, false],
  ])(
    'requested %s, trusted %s, has targets %s, sensitive %s: %s',
    (requested, trustedToAuthForDelegation, hasDelegationTargets, mayNotBeDelegated, forwardable) => {
      const circumstances = { requested, trustedToAuthForDelegation, hasDelegationTargets, mayNotBeDelegated }
      expect(s4u2selfIsForwardable(circumstances)).toBe(forwardable)
    },
  )
})

describe('S4U2Proxy is', () => {
  const base = {
    evidenceForwardable: true,
    mayNotBeDelegated: false,
    hasDelegationTargets: true,
    targetIsListed: true,
    resourceBasedRequested: true,
    grantedByTarget: false,
  }
  const bare = { ...base, evidenceForwardable: false }
  const unlisted = { ...base, targetIsListed: false }
  const none = { ...unlisted, hasDelegationTargets: false }

  test.each([
    ['listed, forwardable', base, 'constrained'],
    ['listed, forwardable, without the option', { ...base, resourceBasedRequested: false }, 'constrained'],
    ['listed and granted', { ...base, grantedByTarget: true }, 'constrained'],
    ['granted', { ...none, grantedByTarget: true }, 'resource-based'],
    ['granted, though not on the list there is', { ...unlisted, grantedByTarget: true }, 'resource-based'],
    ['granted, evidence not forwardable', { ...bare, targetIsListed: false, grantedByTarget: true }, 'resource-based'],
    ['listed and granted, evidence not forwardable', { ...bare, grantedByTarget: true }, 'resource-based'],
  ] as const)('allowed: %s', (_title, circumstances, granted) => {
    expect(decideS4u2Proxy(circumstances)).toEqual({ granted })
  })

  test.each([
    ['no list, no option', { ...none, resourceBasedRequested: false }, 'STATUS_NOT_SUPPORTED'],
    [
      'granted, but no option and no list',
      { ...none, resourceBasedRequested: false, grantedByTarget: true },
      'STATUS_NOT_SUPPORTED',
    ],
    ['not on the list, no option', { ...unlisted, resourceBasedRequested: false }, 'STATUS_NO_MATCH'],
    ['evidence not forwardable, no option', { ...bare, resourceBasedRequested: false }, 'STATUS_NO_MATCH'],
    ['no list, not granted', none, 'STATUS_NOT_FOUND'],
    ['not on the list, not granted', unlisted, 'STATUS_NOT_FOUND'],
    ['listed, evidence not forwardable, not granted', bare, 'STATUS_ACCOUNT_RESTRICTION'],
    [
      'granted for a sensitive user',
      { ...none, evidenceForwardable: false, mayNotBeDelegated: true, grantedByTarget: true },
      'STATUS_ACCOUNT_RESTRICTION',
    ],
  ] as const)('refused: %s', (_title, circumstances, ntStatus) => {
    expect(decideS4u2Proxy(circumstances)).toMatchObject({ granted: false, ntStatus })
  })
})

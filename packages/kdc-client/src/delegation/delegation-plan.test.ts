import { parsePrincipal } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { ForwardedTicket } from '@s4u/krb5'
import { type DelegationInputs, type DelegationMethod, planDelegation } from './delegation-plan.js'
import { chooseEvidence } from './earlier-names.js'
import type { EvidenceTicket } from '../tickets/service-ticket.js'

const NOW = 1_000
const evidence = (more: Partial<EvidenceTicket>): EvidenceTicket => ({
  client: parsePrincipal('alice@AD.TEST'),
  ticket: {
    realm: 'AD.TEST',
    sname: { nameType: 2, nameString: ['HTTP', 'web'] },
    encPart: { etype: 18, cipher: new Uint8Array(0) },
  },
  forwardable: true,
  expiresAt: NOW + 1,
  origin: 'presented',
  ...more,
})
const forwardedUntil = (expiresAt: number) => ({ forwardedTgt: { expiresAt } as ForwardedTicket })
const choiceOf = (method: DelegationMethod, inputs: Partial<DelegationInputs>) =>
  planDelegation({ user: 'alice@AD.TEST', ...inputs }, NOW).choices.find((choice) => choice.method === method)

describe('each method says why it can or cannot be used', () => {
  const FORWARDABLE = 'the ticket that the user presented is forwardable'
  const NONE = 'the user presented no ticket'
  const EXPIRED = 'the ticket that the user presented has expired'
  const VOUCHED = 'the service has vouched for the user before'
  const MAY_VOUCH = 'the app permits itself to vouch for the user'
  const MAY_NOT = 'the app does not permit itself to vouch for the user (delegation.protocolTransition)'

  test.each<[method: DelegationMethod, inputs: Partial<DelegationInputs>, usable: boolean, reason: string]>([
    [
      'forwarded-tgt',
      {},
      false,
      'the client forwarded no ticket-granting ticket, or the app uses none (delegation.forwardedTickets)',
    ],
    ['forwarded-tgt', forwardedUntil(NOW), false, 'the ticket-granting ticket that was forwarded has expired'],
    ['forwarded-tgt', forwardedUntil(NOW + 1), true, 'the client forwarded a ticket-granting ticket'],
    ['s4u2proxy', {}, false, NONE],
    ['s4u2proxy', { evidence: evidence({ origin: 's4u2self' }) }, false, NONE],
    ['s4u2proxy', { evidence: evidence({ expiresAt: NOW }) }, false, EXPIRED],
    ['s4u2proxy', { evidence: evidence({}) }, true, FORWARDABLE],
    [
      's4u2proxy',
      { evidence: evidence({ forwardable: false }) },
      false,
      'the ticket that the user presented is not forwardable',
    ],
    ['resource-based', {}, false, NONE],
    ['resource-based', { evidence: evidence({ origin: 's4u2self', forwardable: false }) }, false, NONE],
    ['resource-based', { evidence: evidence({ expiresAt: NOW, forwardable: false }) }, false, EXPIRED],
    ['resource-based', { evidence: evidence({}) }, false, `${FORWARDABLE}, so the KDC looks at both lists at once`],
    [
      'resource-based',
      { evidence: evidence({ forwardable: false }) },
      true,
      'the ticket is not forwardable: the target itself must allow it',
    ],
    ['s4u2self', {}, false, MAY_NOT],
    ['s4u2self', { protocolTransition: false }, false, MAY_NOT],
    ['s4u2self', { protocolTransition: true }, true, MAY_VOUCH],
    ['s4u2self', { evidence: evidence({}) }, false, MAY_NOT],
    ['s4u2self', { evidence: evidence({ origin: 's4u2self' }) }, true, VOUCHED],
    ['s4u2self', { evidence: evidence({ origin: 's4u2self', expiresAt: NOW }) }, false, MAY_NOT],
    [
      's4u2self',
      { evidence: evidence({ origin: 's4u2self', expiresAt: NOW }), protocolTransition: true },
      true,
      MAY_VOUCH,
    ],
  ])('%s with %j: %s, %s', (method, inputs, usable, reason) => {
    expect(choiceOf(method, inputs)).toEqual({ method, usable, reason })
  })
})

test('the first usable method is the one chosen, and all are told, in their order', () => {
  const all = { user: 'alice@AD.TEST', ...forwardedUntil(NOW + 1), evidence: evidence({}), protocolTransition: true }
  expect(planDelegation(all, NOW).method).toBe('forwarded-tgt')
  expect(planDelegation({ ...all, forwardedTgt: undefined }, NOW).method).toBe('s4u2proxy')
  const plan = planDelegation({ user: 'alice@AD.TEST' }, NOW)
  expect(plan.method).toBeUndefined()
  expect(plan.choices.map(({ method }) => method)).toEqual(['forwarded-tgt', 's4u2proxy', 'resource-based', 's4u2self'])
})

test('the names of 0.1 say the same', () => {
  const inputs = { user: 'alice@AD.TEST', evidence: evidence({}) }
  const { method, choices } = planDelegation(inputs, NOW)
  const rungs = choices.map((choice) => ({ way: choice.method, possible: choice.usable, because: choice.reason }))
  expect(chooseEvidence(inputs, NOW)).toEqual({ way: method, rungs })
  expect(method).toBe('s4u2proxy')
})

import { impersonatedIdentity } from '@s4u/fetch'
import { ConfigurationError } from '@s4u/kdc-client'
import { describe, expect, test, vi } from 'vitest'
import { callerWith } from '../fixtures/identities.js'
import { requestWith } from '../fixtures/requests.js'
import {
  declareNegotiator,
  impersonationGate,
  impersonationGateOf,
  type ImpersonationOption,
} from './impersonation-option.js'
import { recordNegotiator } from './negotiator-of-request.js'
import type { Verdict } from './gate.js'
import type { NegotiableRequest } from '../http/request.js'

function behind(impersonatesAlways: boolean): NegotiableRequest {
  const request = requestWith()
  const challenge = () => ({ status: 'challenge', statusCode: 401, headers: {}, body: '' }) as const
  recordNegotiator(request, { impersonatesAlways, challenge, noteForbidden: () => {} })
  return request
}
const actsAs = (verdict: Verdict): unknown =>
  verdict.status === 'pass' ? verdict.run(() => impersonatedIdentity()?.principal) : verdict.statusCode

describe('before the first negotiator of a process', () => {
  /** What the module remembers is of the process: a copy of it that has seen no negotiator yet. */
  const newProcess = async () => {
    vi.resetModules()
    return import('./impersonation-option.js')
  }

  test('a route that was declared first is held against the first negotiator, once', async () => {
    const process = await newProcess()
    process.impersonationGate('notAllowed')
    expect(() => process.declareNegotiator(true)).toThrow('impersonation notAllowed')
    expect(() => process.declareNegotiator(true)).not.toThrow()
  })

  test('a route is held against no negotiator that does not impersonate always', async () => {
    const process = await newProcess()
    process.impersonationGate('notAllowed')
    process.impersonationGate('required')
    expect(() => process.declareNegotiator(false)).not.toThrow()
    expect(() => process.declareNegotiator(true)).not.toThrow()
  })
})

describe('the five rows', () => {
  test.each([
    ['required', false, 'alice@AD.TEST'],
    ['required', true, 'alice@AD.TEST'],
    ['allowed', false, undefined],
    ['allowed', true, 'alice@AD.TEST'],
    ['notAllowed', false, undefined],
  ] as const)('%s, with impersonation always %s: %s', (option, always, as) => {
    declareNegotiator(always)
    expect(actsAs(impersonationGate(option)(behind(always), callerWith()))).toBe(as)
    expect(actsAs(impersonationGateOf(option, always)(behind(always), callerWith()))).toBe(as)
  })

  test('notAllowed, with impersonation always: an error at once', () => {
    declareNegotiator(true)
    expect(() => impersonationGate('notAllowed')).toThrow(ConfigurationError)
    expect(() => impersonationGateOf('notAllowed', true)).toThrow(ConfigurationError)
  })
})

test('another negotiator later is not held against routes of the one before', () => {
  declareNegotiator(false)
  impersonationGate('notAllowed')
  expect(() => declareNegotiator(true)).not.toThrow()
})

test('a route that was taken for another app refuses to run', () => {
  declareNegotiator(false)
  expect(() => impersonationGate('notAllowed')(behind(true), callerWith())).toThrow(ConfigurationError)
})

test('who is unknown is asked, and who cannot be impersonated is refused, where it is required', () => {
  const gate = impersonationGate('required')
  expect(actsAs(gate(behind(false), undefined))).toBe(401)
  expect(actsAs(gate(behind(false), callerWith({ impersonationLevel: 'identification' })))).toBe(403)
  expect(actsAs(gate(behind(false), callerWith({ evidence: undefined })))).toBe(403)
})

test('who is unknown is nobody, where it is allowed', () => {
  expect(actsAs(impersonationGate('allowed')(behind(true), undefined))).toBeUndefined()
})

test('an option that is none is refused', () => {
  expect(() => impersonationGate('sometimes' as ImpersonationOption)).toThrow(ConfigurationError)
})

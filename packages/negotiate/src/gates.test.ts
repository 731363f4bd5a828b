import { ConfigurationError } from '@s4u/kdc-client'
import { describe, expect, test, vi } from 'vitest'
import { callerWith } from './fixtures/identities.js'
import { requestWith } from './fixtures/requests.js'
import { delegatedByGate, groupGate, identityGate } from './gates.js'
import { type Negotiated, recordNegotiated } from './negotiated-requests.js'
import type { Gate } from './outcome.js'

const SALES = 'S-1-5-21-1-2-3-1110'
const ADMINS = 'S-1-5-21-1-2-3-512'

/** A request that passed a negotiator which lets unknown callers through. */
function request(noteForbidden = vi.fn<Negotiated['noteForbidden']>()) {
  const made = requestWith()
  const challenge = () =>
    ({ status: 'challenge', statusCode: 401, headers: { 'WWW-Authenticate': 'Negotiate' }, body: '' }) as const
  recordNegotiated(made, { impersonatesAlways: false, challenge, noteForbidden })
  return made
}
const statusFor = (gate: Gate, caller: ReturnType<typeof callerWith> | undefined): number => {
  const verdict = gate(request(), caller)
  return verdict.status === 'pass' ? 200 : verdict.statusCode
}

describe('every gate', () => {
  test.each([
    ['identity', identityGate()],
    ['group', groupGate(SALES)],
    ['delegatedBy', delegatedByGate(['web@AD.TEST'])],
  ])('%s: asks an unknown caller to authenticate, and is a fault of the app when nothing can', (_name, gate) => {
    expect(statusFor(gate, undefined)).toBe(401)
    expect(() => gate(requestWith(), undefined)).toThrow(ConfigurationError)
  })
})

test('a known caller is let in by identity', () => {
  expect(statusFor(identityGate(), callerWith())).toBe(200)
})

describe('a gate for groups', () => {
  test('lets members of any of them in', () => {
    expect(statusFor(groupGate(ADMINS, SALES), callerWith({ groups: [SALES] }))).toBe(200)
    expect(statusFor(groupGate(ADMINS), callerWith({ groups: [SALES] }))).toBe(403)
    expect(statusFor(groupGate(ADMINS), callerWith())).toBe(403)
  })

  test('refuses whose groups nobody knows, and says why', () => {
    const unknown = callerWith({ groupsUnknown: 'the ticket had no PAC' })
    const verdict = groupGate(ADMINS)(request(), unknown)
    expect(verdict).toMatchObject({ statusCode: 403, error: { code: 'GSS_S_UNAVAILABLE' } })
    if (verdict.status === 'pass') throw new Error('passed')
    expect(verdict.error?.message).toBe('alice@AD.TEST may be in any group: the ticket had no PAC')
    expect(verdict.error?.hint).toContain('requirePac')
    expect(statusFor(groupGate(ADMINS), callerWith({ groupsUnknown: 'why', groups: [ADMINS] }))).toBe(403)
    const none = groupGate(ADMINS)(request(), callerWith({ groupsUnknown: false }))
    expect(none).toMatchObject({ error: { code: 'SEC_E_LOGON_DENIED' } })
  })

  test('tells the log who was refused, and the client nothing', () => {
    const verdict = groupGate(ADMINS)(request(), callerWith({ groups: [SALES] }))
    if (verdict.status === 'pass') throw new Error('passed')
    expect(verdict.error?.message).toContain('alice@AD.TEST')
    expect(verdict.body + JSON.stringify(verdict.headers)).not.toMatch(/alice|S-1-5/)
  })

  test('tells the negotiator in front of the route, if there is one', () => {
    const told = vi.fn<Negotiated['noteForbidden']>()
    const [made, caller] = [request(told), callerWith({ groups: [SALES] })]
    groupGate(SALES)(made, caller)
    expect(told).not.toHaveBeenCalled()
    const verdict = groupGate(ADMINS)(made, caller)
    if (verdict.status === 'pass') throw new Error('passed')
    expect(told).toHaveBeenCalledExactlyOnceWith(made, caller, verdict.error)
    expect(groupGate(ADMINS)(requestWith(), caller)).toMatchObject({ statusCode: 403 })
  })

  test.each([[[]], [['Sales']], [[SALES, '']], [['S-1-5-21-x']]])('is not made for %j', (sids) => {
    expect(() => groupGate(...sids)).toThrow(ConfigurationError)
  })
})

describe('a gate for chains', () => {
  const through = (...delegatedBy: readonly string[]) => callerWith({ delegatedBy })

  test.each([
    [['web@AD.TEST'], ['web@AD.TEST'], 200],
    [['WEB'], ['web@AD.TEST'], 200],
    [['web'], ['web@OTHER.TEST'], 403],
    [['HTTP/web.ad.test'], ['HTTP/WEB.ad.test@AD.TEST'], 200],
    [['web', 'api'], ['web@AD.TEST', 'api@AD.TEST'], 200],
    [['api'], ['web@AD.TEST', 'api@AD.TEST'], 403],
    [['web'], [], 403],
    [['web'], ['web'], 200],
  ])('of %j answers a caller through %j with %i', (services, chain, status) => {
    expect(statusFor(delegatedByGate(services), through(...chain))).toBe(status)
  })

  test.each([[[]], [['']]])('is not made for %j', (services) => {
    expect(() => delegatedByGate(services)).toThrow(ConfigurationError)
  })
})

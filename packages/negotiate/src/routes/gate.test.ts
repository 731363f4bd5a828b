import { ConfigurationError } from '@s4u/kdc-client'
import { describe, expect, test, vi } from 'vitest'
import { callerWith } from '../fixtures/identities.js'
import { requestWith } from '../fixtures/requests.js'
import { delegatedByGate } from './delegated-by-gate.js'
import { groupGate } from './group-gate.js'
import { type Gate, identityGate } from './gate.js'
import { type RequestNegotiator, recordNegotiator } from './negotiator-of-request.js'

const SALES = 'S-1-5-21-1-2-3-1110'
const ADMINS = 'S-1-5-21-1-2-3-512'

/** A request that passed a negotiator which lets unknown callers through. */
function request(noteForbidden = vi.fn<RequestNegotiator['noteForbidden']>()) {
  const made = requestWith()
  const challenge = () =>
    ({ status: 'challenge', statusCode: 401, headers: { 'WWW-Authenticate': 'Negotiate' }, body: '' }) as const
  recordNegotiator(made, { impersonatesAlways: false, challenge, noteForbidden })
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
    expect(statusFor(groupGate([ADMINS, SALES]), callerWith({ groups: [SALES] }))).toBe(200)
    expect(statusFor(groupGate(ADMINS), callerWith({ groups: [SALES] }))).toBe(403)
    expect(statusFor(groupGate(ADMINS), callerWith())).toBe(403)
  })

  test('takes the groups as a list, as the services of a gate for chains, or one after another', () => {
    for (const gate of [groupGate([ADMINS, SALES]), groupGate(SALES), groupGate(ADMINS, SALES)])
      expect(statusFor(gate, callerWith({ groups: [SALES] }))).toBe(200)
    expect(statusFor(groupGate([ADMINS]), callerWith({ groups: [SALES] }))).toBe(403)
    for (const sids of [[], [SALES, 'Sales'], [[SALES]]])
      expect(() => groupGate(sids as string[])).toThrow(/requireGroup(: | needs)/)
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
    const told = vi.fn<RequestNegotiator['noteForbidden']>()
    const [made, caller] = [request(told), callerWith({ groups: [SALES] })]
    groupGate(SALES)(made, caller)
    expect(told).not.toHaveBeenCalled()
    const verdict = groupGate(ADMINS)(made, caller)
    if (verdict.status === 'pass') throw new Error('passed')
    expect(told).toHaveBeenCalledExactlyOnceWith(made, caller, verdict.error)
    expect(groupGate(ADMINS)(requestWith(), caller)).toMatchObject({ statusCode: 403 })
  })

  test.each([[[]], [['Sales']], [[SALES, '']], [['S-1-5-21-x']]])('is not made for %j', (sids) => {
    expect(() => groupGate(sids)).toThrow(ConfigurationError)
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
    [['HTTP@web.ad.test'], ['HTTP/web.ad.test@AD.TEST'], 200],
    [['HTTP/web.ad.test'], ['http@web.ad.test'], 403],
    [['HTTP@web.ad.test'], ['http@web.ad.test'], 403],
  ])('of %j answers a caller through %j with %i', (services, chain, status) => {
    expect(statusFor(delegatedByGate(services), through(...chain))).toBe(status)
  })

  test.each([[[]], [['']]])('is not made for %j', (services) => {
    expect(() => delegatedByGate(services)).toThrow(ConfigurationError)
  })
})

describe('what a gate says', () => {
  const verdictOf = (gate: Gate, caller: ReturnType<typeof callerWith> | undefined, made = request()) => {
    const verdict = gate(made, caller)
    if (verdict.status === 'pass') throw new Error('passed')
    return verdict
  }

  test('to whom it does not let in is a plain page without a reason, and to the log the reason', () => {
    const verdict = verdictOf(groupGate(ADMINS), callerWith({ groups: [SALES] }))
    expect(verdict).toMatchObject({
      status: 'challenge',
      statusCode: 403,
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: 'You may not use this.\n',
    })
    expect(verdict.error).toMatchObject({
      name: 'RejectedTokenError',
      message: 'alice@AD.TEST is in none of the groups of this route',
      code: 'SEC_E_LOGON_DENIED',
      status: 403,
      hint: undefined,
    })
    expect(verdict.error?.cause).toBeUndefined()
  })

  test('of groups that nobody knows is why, with what the caller’s own error says', () => {
    const unknown = callerWith({ groupsUnknown: 'the ticket had no PAC' })
    const { error } = verdictOf(groupGate([ADMINS, SALES]), unknown)
    expect(error).toMatchObject({
      message: 'alice@AD.TEST may be in any group: the ticket had no PAC',
      cause: { code: 'GSS_S_UNAVAILABLE', hint: error?.hint },
    })
  })

  test('where asking for groups fails as a program does, is that failure', () => {
    const unknown = callerWith({ groupsUnknown: 'no PAC' })
    const broken: typeof unknown = Object.create(unknown, {
      groupsUnknown: { value: 'no PAC' },
      principal: { value: 'alice@AD.TEST' },
      isInGroup: {
        value: () => {
          throw new TypeError('a bug')
        },
      },
    })
    expect(() => groupGate(ADMINS)(request(), broken)).toThrow(TypeError)
    const silent: typeof unknown = Object.create(broken, { isInGroup: { value: () => false } })
    const { error } = verdictOf(groupGate(ADMINS), silent)
    expect([error?.message, error?.cause]).toEqual(['alice@AD.TEST may be in any group: no PAC', undefined])
  })

  test('of a SID that a PAC had no authority to say is that, and of other SIDs nothing', () => {
    const withheld = { realm: 'EVIL.TEST', sids: [ADMINS] }
    const shown = (more: object) =>
      Object.create(callerWith({ groups: [SALES] }), {
        principal: { value: 'alice@AD.TEST' },
        groupsUnknown: { value: undefined },
        isInGroup: { value: () => false },
        withheld: { value: more },
      }) as ReturnType<typeof callerWith>
    const none = 'alice@AD.TEST is in none of the groups of this route'
    expect(verdictOf(groupGate([SALES, ADMINS]), shown(withheld)).error?.message).toBe(
      `${none}: that ${ADMINS} is one of its SIDs, a PAC of EVIL.TEST has no authority to say`,
    )
    for (const other of [{ ...withheld, sids: [] }, { realm: 'EVIL.TEST' }])
      expect(verdictOf(groupGate(ADMINS), shown(other)).error?.message).toBe(none)
  })

  test('of callers through services is which one was too many, or that there was none', () => {
    const through = (...delegatedBy: readonly string[]) => callerWith({ delegatedBy })
    const gate = delegatedByGate(['web'])
    expect(verdictOf(gate, through()).error?.message).toBe('alice@AD.TEST came directly, and not through a service')
    expect(verdictOf(gate, through('web@AD.TEST', 'api@AD.TEST', 'x@AD.TEST')).error?.message).toBe(
      'alice@AD.TEST came through api@AD.TEST',
    )
    expect(verdictOf(gate, through('web@AD.TEST', 'api@AD.TEST')).error?.hint).toBe(
      'If callers of api@AD.TEST may come in here, add "api@AD.TEST" to requireDelegatedBy.',
    )
  })

  test.each([
    ['delegatedBy', ['web@AD.TEST', 'api@AD.TEST'], undefined],
    ['withheld', [], ['web@AD.TEST', 'api@AD.TEST']],
  ])('of services that another realm may have made up is by whom (%s)', (_where, delegatedBy, withheld) => {
    const told = Object.create(callerWith(), {
      principal: { value: 'alice@EVIL.TEST' },
      delegatedBy: { value: delegatedBy },
      delegationToldBy: { value: 'EVIL.TEST' },
      withheld: { value: withheld && { realm: 'EVIL.TEST', delegatedBy: withheld } },
    }) as ReturnType<typeof callerWith>
    expect(verdictOf(delegatedByGate(['web', 'api']), told).error?.message).toBe(
      'alice@EVIL.TEST is said to have come through web@AD.TEST, api@AD.TEST, which a KDC of EVIL.TEST may have made up: ' +
        'only what our own realm wrote counts here (foreignPac)',
    )
  })

  test('takes a name without a realm for one of the service’s realm, and of the user’s where there is no ticket', () => {
    const west = callerWith({ realm: 'WEST.TEST', delegatedBy: ['web@AD.TEST'] })
    expect(statusFor(delegatedByGate(['web']), west)).toBe(200)
    const without = callerWith({ realm: 'WEST.TEST', delegatedBy: ['web@WEST.TEST'], evidence: undefined })
    expect(statusFor(delegatedByGate(['web']), without)).toBe(200)
    const asserted = callerWith({
      realm: 'WEST.TEST',
      delegatedBy: ['web@AD.TEST'],
      evidence: { kind: 'asserted' } as never,
    })
    expect(statusFor(delegatedByGate(['web']), asserted)).toBe(403)
    expect(statusFor(delegatedByGate(['WEB@AD.TEST', 'zet']), callerWith({ delegatedBy: ['web', 'ZET'] }))).toBe(200)
    expect(statusFor(delegatedByGate(['\u212aeys']), callerWith({ delegatedBy: ['keys'] }))).toBe(403)
  })

  test('to the app that made it wrong is what to write', () => {
    const failure = (make: () => unknown): unknown => {
      try {
        return make()
      } catch (error) {
        return error
      }
    }
    expect(failure(() => groupGate([]))).toMatchObject({ message: 'requireGroup needs at least one group' })
    expect(failure(() => groupGate([SALES, 'Sales']))).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(/^requireGroup: .*Sales.* is no SID, and no name of a group$/),
      hint: expect.stringContaining(
        String.raw`Write 'CORP\\Sales', for which the negotiator needs the option directory`,
      ),
    })
    for (const services of [[], ['web', '']])
      expect(failure(() => delegatedByGate(services))).toMatchObject({
        name: 'ConfigurationError',
        message: 'requireDelegatedBy needs the names of services',
        hint: "Write what identity.delegatedBy shows: ['HTTP/web.ad.test@AD.TEST'], or the account on Active Directory.",
      })
    for (const [service, written] of [
      ['web.ad.test', 'HTTP/web.ad.test'],
      ['payroll@web.ad.test', 'payroll/web.ad.test'],
    ])
      expect(failure(() => delegatedByGate([service]))).toMatchObject({
        name: 'ConfigurationError',
        message: `requireDelegatedBy: "${service}" is not the name of a service`,
        hint: `Write '${written}', or the account on Active Directory: 'svc-web@AD.TEST'.`,
      })
    expect(failure(() => identityGate()(requestWith(), undefined))).toMatchObject({
      name: 'ConfigurationError',
      message: 'a route asks for a caller, but nothing in front of it authenticates any',
      hint: 'Put app.use(negotiate(…)) before the route.',
    })
  })

  test('lets through as the request came', () => {
    const verdict = identityGate()(request(), callerWith())
    expect(verdict.status === 'pass' && verdict.run(() => 'next')).toBe('next')
  })
})

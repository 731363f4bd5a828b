import { ConfigurationError, MalformedTokenError } from '@s4u/kdc-client'
import { parsePrincipal, withoutHostBasedForm } from '@s4u/krb5'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  checkDelegationOptions,
  type DelegationOptions,
  permitsTransition,
  requireAllowedTarget,
  requireProtocolTransition,
  requireResolvedTransition,
  requireSomeTransition,
} from './delegation-policy.js'

describe('a target', () => {
  test.each([
    ['HTTP/api.ad.test', ['HTTP/api.ad.test']],
    ['http/API.AD.TEST', ['HTTP/api.ad.test']],
    ['HTTP/a.farm.ad.test', ['ldap/x', 'HTTP/*.farm.ad.test']],
    ['HTTP/a.b.farm.ad.test', ['HTTP/*.farm.ad.test']],
    ['HTTP/anything', ['HTTP/*']],
    ['HTTP/[fd00::1]', ['HTTP/*']],
    ['HTTP/anything', undefined],
    ['MSSQLSvc/db.ad.test:1433', ['MSSQLSvc/db.ad.test:1433']],
    ['MSSQLSvc/db.farm.ad.test:Sales', ['MSSQLSvc/*.farm.ad.test:SALES']],
    ['HTTP/api.ad.test@AD.TEST', ['HTTP/api.ad.test@ad.test']],
    ['HTTP/a.farm.ad.test@AD.TEST', ['HTTP/*.farm.ad.test', 'HTTP/*.farm.ad.test@AD.TEST']],
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
    ['api.ad.test', ['HTTP/*']],
    // What the KDC client reads as HTTP/vault.ad.test, whatever stands behind the @.
    ['HTTP/vault.ad.test@x.farm.ad.test', ['HTTP/*.farm.ad.test']],
    ['HTTP/vault.ad.test@x', ['HTTP/*']],
    ['HTTP/api.ad.test@OTHER.TEST', ['HTTP/api.ad.test', 'HTTP/api.ad.test@AD.TEST']],
    ['HTTP/api.ad.test', ['HTTP/api.ad.test@AD.TEST']],
    ['HTTP/vault.ad.test/x.farm.ad.test', ['HTTP/*.farm.ad.test', 'HTTP/*']],
    ['HTTP/vault.ad.test:x.farm.ad.test', ['HTTP/*.farm.ad.test', 'HTTP/*']],
    ['HTTP/[fd00::1].farm.ad.test', ['HTTP/*.farm.ad.test', 'HTTP/*']],
    ['HTTP/vault .farm.ad.test', ['HTTP/*.farm.ad.test', 'HTTP/*']],
    ['HTTP/\u212aeys.ad.test', ['HTTP/keys.ad.test']],
    ['HTTP/api.ad.test:8080', ['HTTP/api.ad.test', 'HTTP/*.ad.test', 'HTTP/*']],
    ['HTTP/api.ad.test', ['HTTP/api.ad.test:8080']],
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

test.each([
  ['HTTP/vault.ad.test\\/x.farm.ad.test'],
  ['HTTP/vault.ad.test\\@x.farm.ad.test'],
  ['HTTP/vault.ad.test\\\\.farm.ad.test'],
  ['HTTP/vault\\n.farm.ad.test'],
])('%s is read before it is compared', (spn) => {
  const error = expect.objectContaining({ code: 'KDC_ERR_POLICY' })
  expect(() => requireAllowedTarget(spn, { allow: ['HTTP/*.farm.ad.test', 'HTTP/*'] })).toThrow(error)
})

test('what is no name of a service is not one that is permitted', () => {
  for (const spn of ['HTTP/a@b@c.farm.ad.test', 'HTTP//a.farm.ad.test', '', 'HTTP/a.farm.ad.test@'])
    expect(() => requireAllowedTarget(spn, { allow: ['HTTP/*'] })).toThrow(MalformedTokenError)
})

test('whatever is permitted is, read by the KDC client, what an entry says', () => {
  const piece = fc.constantFrom(
    ...'HTTP http a vault farm .farm.ad.test ad.test . / @ : \\ \\/ \\@ * [ ] AD.TEST x'.split(' '),
    ' ',
  )
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
  const spn = fc.oneof(
    text,
    text.map((rest) => `HTTP/${rest}`),
    text.map((rest) => `HTTP/a${rest}.farm.ad.test`),
  )
  const allow = ['HTTP/*.farm.ad.test', 'HTTP/*.farm.ad.test@AD.TEST', 'HTTP/vault']
  let permitted = 0
  fc.assert(
    fc.property(spn, (asked) => {
      try {
        requireAllowedTarget(asked, { allow })
      } catch {
        return
      }
      permitted++
      const { name, realm } = parsePrincipal(withoutHostBasedForm(asked), { realm: 'UNSAID' })
      expect(name.nameString.length).toBe(2)
      expect(name.nameString.join('/')).toMatch(/^http\/(vault|([^.:/@\\\s[\]*]+\.)+farm\.ad\.test)$/i)
      expect(realm).toMatch(/^(UNSAID|AD\.TEST)$/i)
    }),
    { numRuns: 5_000 },
  )
  expect(permitted).toBeGreaterThan(100)
})

test.each(['yes', true, null, 'USE'])('forwarded tickets are ignored or used, and not %j', (forwardedTickets) => {
  const options = { forwardedTickets } as unknown as DelegationOptions
  expect(() => checkDelegationOptions(options)).toThrow(/forwardedTickets must be one of ignore, use/)
  for (const word of ['ignore', 'use', undefined] as const)
    expect(() => checkDelegationOptions({ forwardedTickets: word })).not.toThrow()
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

  // What plain JavaScript may say; every one of these is truthy, or means something else than it
  // says.
  test.each<[string, unknown]>([
    ['a promise', async () => false],
    ['text', () => 'false'],
    ['a number', () => 1],
    ['an object', () => ({ permitted: false })],
    ['nothing', () => undefined],
  ])('an answer that is %s permits nothing, and is an error', (_what, protocolTransition) => {
    const options = { protocolTransition } as DelegationOptions
    expect(() => checkDelegationOptions(options)).not.toThrow()
    for (const ask of [permitsTransition, requireProtocolTransition])
      expect(() => ask('alice', options)).toThrow(/^delegation.protocolTransition must answer true or false/)
  })

  test.each([['false'], ['true'], [1], [0], [null], [{}], [Promise.resolve(true)]])(
    'an option that is %j permits nothing, and is an error at once',
    (protocolTransition) => {
      const options = { protocolTransition } as unknown as DelegationOptions
      expect(() => checkDelegationOptions(options)).toThrow(ConfigurationError)
      expect(() => permitsTransition('alice', options)).toThrow(ConfigurationError)
    },
  )
})

test.each([
  'api.ad.test',
  'HTTP/',
  'HTTP/a b',
  'HTTP/*farm',
  'HTTP/a.*.b',
  '*/api',
  'HTTP/api@',
  'HTTP/api@A@B',
  'HTTP/api/ad.test',
  'HTTP/api:',
  'HTTP/*:*',
  'HTTP/[fd00::1',
  'HTTP/a\\/b',
  'https://api.ad.test',
])('%j is no pattern', (pattern) => {
  expect(() => checkDelegationOptions({ allow: ['HTTP/ok', pattern] })).toThrow(ConfigurationError)
})

describe('what is refused is told', () => {
  const failure = (make: () => unknown): unknown => {
    try {
      return make()
    } catch (error) {
      return error
    }
  }

  test('with the target, and where to add it', () => {
    expect(failure(() => requireAllowedTarget('HTTP/api.ad.test', { allow: [] }))).toMatchObject({
      message: 'this app does not permit itself to act as a caller towards "HTTP/api.ad.test"',
      code: 'KDC_ERR_POLICY',
      status: 403,
      hint: 'Add "HTTP/api.ad.test" to delegation.allow if the app is meant to call it as its callers.',
    })
  })

  test.each<[() => unknown, string]>([
    [() => requireProtocolTransition('bob', {}), 'bob'],
    [() => requireSomeTransition({}), 'the owner of a certificate'],
    [() => requireSomeTransition({ protocolTransition: false }), 'the owner of a certificate'],
  ])('with the user, and the option: %#', (ask, user) => {
    expect(failure(ask)).toMatchObject({
      name: 'ConfigurationError',
      message: `this app does not permit itself to impersonate ${user}, who presented no ticket`,
      code: 'KDC_ERR_POLICY',
      status: 403,
      hint: 'Set delegation.protocolTransition to true, or to a function that permits this user.',
    })
  })

  test('unless it is for some, whom only the KDC knows, or for all', () => {
    const protocolTransition = () => expect.unreachable()
    expect(failure(() => requireSomeTransition({ protocolTransition }))).toBeUndefined()
    expect(failure(() => requireSomeTransition({ protocolTransition: true }))).toBeUndefined()
  })

  test.each<[unknown, string]>([
    ['yes', 'of type string'],
    [0, 'of type number'],
    [null, 'null'],
    [{}, 'of type object'],
    [Promise.resolve(true), 'a promise'],
  ])('with what the answer is: %j', (said, what) => {
    const hint =
      'Give true, false, or a function that returns one of them at once: look up beforehand what it needs to know.'
    const option = { protocolTransition: said } as unknown as DelegationOptions
    const message = `delegation.protocolTransition must be true or false, and it is ${what}`
    for (const ask of [() => checkDelegationOptions(option), () => permitsTransition('alice', option)])
      expect(failure(ask)).toMatchObject({ name: 'ConfigurationError', message, hint })
    const answering = { protocolTransition: () => said } as unknown as DelegationOptions
    expect(failure(() => permitsTransition('alice', answering))).toMatchObject({
      message: `delegation.protocolTransition must answer true or false, and the answer is ${what}`,
      hint,
    })
  })

  test('with what an option may be', () => {
    expect(failure(() => checkDelegationOptions({ forwardedTickets: 'USE' as 'use' }))).toMatchObject({
      message: 'delegation.forwardedTickets must be one of ignore, use, not "USE"',
      hint: "Leave it out, or write 'use' where the service is to act as its users everywhere.",
    })
    expect(failure(() => checkDelegationOptions({ allow: ['HTTP/ok', 'HTTP/a b'] }))).toMatchObject({
      message: expect.stringMatching(/^delegation\.allow: .+ is not a service principal name or pattern$/),
      hint: "Write 'HTTP/api.ad.test', 'HTTP/*.farm.ad.test' (one or more labels in place of the star) or 'HTTP/*'.",
    })
    expect(failure(() => checkDelegationOptions({ principal: 'a@b@c' }))).toMatchObject({
      message: expect.stringMatching(/^delegation\.principal: .+ is not the name of a principal$/),
      hint: "Write the account with which the service signs in: 'svc-web' or 'svc-web@AD.TEST'.",
      cause: { name: 'MalformedTokenError' },
    })
  })
})

test.each<DelegationOptions>([
  {},
  { allow: [] },
  { allow: ['HTTP/*', 'HTTP/api.ad.test'] },
  { principal: 'svc-web' },
  { principal: 'svc-web@AD.TEST' },
  { protocolTransition: false },
  { protocolTransition: true },
])('%j is well', (options) => {
  expect(() => checkDelegationOptions(options)).not.toThrow()
})

describe('a user whom the directory has resolved', () => {
  const bob = { principal: 'bob@AD.TEST', realm: 'AD.TEST' }
  const asked = (user: string, identity: Parameters<typeof requireResolvedTransition>[1] = bob, realm = 'AD.TEST') => {
    const names: string[] = []
    const protocolTransition = (name: string): boolean => names.push(name) > 0
    requireResolvedTransition(user, identity, realm, { protocolTransition })
    return names
  }
  test.each(['bob', 'bob@AD.TEST', 'bob@ad.test'])('by %s is who that says, and asked about once', (user) => {
    expect(asked(user)).toEqual([])
  })

  test.each(['boss', 'BOB', 'boss@AD.TEST', 'Bob@AD.TEST', 'bob@OTHER.TEST', 'AD\\bob', '@AD.TEST', 'bob@', ''])(
    'by %j may be anybody, and is asked about by the name of the ticket',
    (user) => expect(asked(user)).toEqual(['bob@AD.TEST']),
  )

  test('by a bare name is one of the own realm alone', () => {
    expect(asked('bob', { ...bob, realm: 'WEST.TEST', principal: 'bob@WEST.TEST' })).toEqual(['bob@WEST.TEST'])
    expect(asked('bob', { ...bob, realm: 'WEST.TEST', principal: 'bob@WEST.TEST' }, 'west.test')).toEqual([])
  })

  test('by an enterprise name is asked about by the account that it is known as', () => {
    expect(asked('boss@ad.test')).toEqual(['bob@AD.TEST'])
    expect(asked('boss@ad.test@AD.TEST')).toEqual(['bob@AD.TEST'])
    const refusing = { protocolTransition: (name: string) => name !== 'bob@AD.TEST' }
    expect(() => requireResolvedTransition('boss@ad.test', bob, 'AD.TEST', refusing)).toThrow(
      'this app does not permit itself to impersonate bob@AD.TEST, who presented no ticket',
    )
  })

  test('by an enterprise name for which no PAC says the account is who that says', () => {
    const alias = { principal: 'boss@ad.test@AD.TEST', realm: 'AD.TEST' }
    expect(asked('boss@ad.test', alias)).toEqual([])
    expect(asked('boss@ad.test@AD.TEST', alias)).toEqual([])
    expect(asked('bob', alias)).toEqual([alias.principal])
  })
})

test('a list that cannot change judges each name as the first time', () => {
  const allow = Object.freeze(['HTTP/api.ad.test'])
  for (let round = 0; round < 2; round++) {
    expect(() => requireAllowedTarget('HTTP/api.ad.test', { allow })).not.toThrow()
    expect(() => requireAllowedTarget('HTTP/vault.ad.test', { allow })).toThrow('does not permit itself to act as')
    expect(() => requireAllowedTarget('HTTP/api.ad.test', { allow: Object.freeze([]) })).toThrow('does not permit')
  }
})

test('a list that has changed is read again', () => {
  const allow = ['HTTP/api.ad.test']
  expect(() => requireAllowedTarget('HTTP/api.ad.test', { allow })).not.toThrow()
  allow[0] = 'HTTP/vault.ad.test'
  expect(() => requireAllowedTarget('HTTP/api.ad.test', { allow })).toThrow('does not permit itself to act as')
})

/**
 * Options as they come out of environments, configuration files and hasty hands: a text in place of
 * a truth, one in place of a list, a Map in place of an object. What is none of the kind is refused
 * at once, and never taken for a yes, for nothing, or until the first request.
 */
import { accessCheck, ACCEPTOR_OPTIONS, createAcceptor, Identity } from '@s4u/acceptor'
import { createFetch } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { Key, Keytab, parsePrincipal } from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import { describe, expect, test } from 'vitest'

const keytab = new Keytab(
  ['HTTP/web.ad.test@AD.TEST', 'svc-web@AD.TEST'].map((name) => ({
    principal: parsePrincipal(name),
    kvno: 1,
    key: new Key(18, new Uint8Array(32).fill(name.length)),
    timestamp: 0,
  })),
)
const odd = <T>(value: unknown): T => value as T
const acceptor = (options: object): unknown => createAcceptor(odd({ keytab, ...options }))
const negotiator = (options: object): unknown => createNegotiator(odd({ keytab, ...options }))
const kdcClient = (options: object): unknown =>
  createKdcClient(odd({ realm: 'AD.TEST', kdc: '127.0.0.1:1', credentials: { keytab }, ...options }))
const fetch = (options: object): unknown =>
  createFetch(odd({ ticketFor: () => Promise.reject(new Error()), ...options }))

const noBoolean = ['false', 'no', '', 0, 1, null, {}, [], Symbol('no')]
const noFunction = [true, 'now', 5, null, {}, Symbol('no')]
const noTexts = ['PARTNER.TEST', '', true, 5, null, {}, new Set(['PARTNER.TEST']), [null], [{}], [5]]
const noRealms = ['AD.TEST', 5, true, null, new Map([['AD.TEST', 'S-1-5-21-1-2-3']]), new Set(['AD.TEST'])]
const noMilliseconds = ['5000', '5s', NaN, -1, null, {}, [], true, 10n]

interface Place {
  readonly with: (value: unknown) => unknown
  readonly values: readonly unknown[]
}
const at = (make: (options: object) => unknown, name: string, values: readonly unknown[]): [string, Place] => [
  `${make.name}: ${name}`,
  {
    values,
    with: (value) => make(name.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as object),
  },
]

const places: readonly (readonly [string, Place])[] = [
  ...['allowAnonymous', 'allowWeakEncryption', 'checkAddresses'].flatMap((name) => [
    at(acceptor, name, noBoolean),
    at(negotiator, name, noBoolean),
  ]),
  ...['impersonateCallerForAllOperations', 'negotiateOnce', 'corsPreflight'].map((name) =>
    at(negotiator, name, noBoolean),
  ),
  ...['pac', 'canonicalize'].map((name) => at(kdcClient, name, noBoolean)),
  at(fetch, 'includePort', noBoolean),
  ...['now', 'random', 'onEvent', 'ownTicket'].map((name) => at(acceptor, name, noFunction)),
  ...['clientAddress', 'onFailed', 'onChallenge', 'onAuthenticated'].map((name) => at(negotiator, name, noFunction)),
  ...['now', 'random', 'mayFollow'].map((name) => at(kdcClient, name, noFunction)),
  ...['now', 'random', 'onEvent', 'forwardTgt', 'fetch'].map((name) => at(fetch, name, noFunction)),
  ...['trustedRealms', 'serviceAliases'].map((name) => at(acceptor, name, noTexts)),
  ...['otherChallenges', 'delegation.allow'].map((name) => at(negotiator, name, noTexts)),
  at(fetch, 'origins', noTexts),
  at(
    acceptor,
    'requirePac',
    noTexts.filter((value) => value !== true),
  ),
  at(acceptor, 'service', [true, 5, null, {}, [null]]),
  at(acceptor, 'replayCache', [true, null, 0, '', {}, new Map()]),
  ...['domainSids', 'foreignPac', 'mayVouchFor'].map((name) => at(acceptor, name, noRealms)),
  at(acceptor, 'foreignPac', [['everything'], [null], { 'AD.TEST': 'upn' }, { 'AD.TEST': null }]),
  at(acceptor, 'mayVouchFor', [{ 'AD.TEST': 'WEST.TEST' }, { 'AD.TEST': [null] }]),
  at(acceptor, 'domainSids', [{ 'AD.TEST': null }, { 'AD.TEST': true }, { 'AD.TEST': 'S-1-5-21-1-2-3-500' }]),
  at(negotiator, 'delegation', [['HTTP/api.ad.test'], [], 'HTTP/api.ad.test', null, true]),
  at(negotiator, 'fetch', [[], 'off', null]),
  at(negotiator, 'delegation.forwardedTickets', [true, null, 10n, Symbol('use'), ['use']]),
  at(kdcClient, 'kdc', [5, true, null, [null], new Map([['AD.TEST', 'kdc']]), { 'AD.TEST': null }, { 'AD.TEST': 5 }]),
  at(kdcClient, 'domains', [5, 'CORP', null, new Map(), { CORP: 5 }]),
  at(kdcClient, 'encryptionTypes', ['aes', null, 18, ['18'], [null]]),
  at(kdcClient, 'timeLimit', [...noMilliseconds, 0, Infinity, 2 ** 31]),
  at(negotiator, 'kdcTimeLimit', [...noMilliseconds, 0, Infinity]),
  at(negotiator, 'kdc.timeLimit', [...noMilliseconds, 0, Infinity]),
  at(negotiator, 'kdc.cache', [[], 'none', null]),
  at(kdcClient, 'cache.refusedFor', [...noMilliseconds, Infinity, 60_001]),
  at(kdcClient, 'cache', [[], 'none', null]),
  at(negotiator, 'session', [
    { kind: 'cookie', secure: 'false' },
    { kind: 'cookie', isRevoked: true },
  ]),
  at(negotiator, 'session', [
    { kind: 'cookie', keys: 'x'.repeat(40) },
    { kind: 'cookie', keys: new Uint8Array(40) },
    { kind: 'cookie', keys: [null] },
    { kind: 'cookie', maxAge: true },
    { kind: 'cookie', maxAge: 5n },
  ]),
]

describe.each(places)('%s', (_name, { with: make, values }) => {
  test.each(values.map((value) => [value]))('that is %o is refused', (value) => {
    expect(() => make(value)).toThrow(expect.objectContaining({ name: 'ConfigurationError' }))
  })
})

describe('an access check', () => {
  const sid = 'S-1-5-21-1-2-3-1104'
  const [sddl, banned] = ['D:(D;;FR;;;S-1-5-32-1001)(A;;FR;;;S-1-5-21-1-2-3-1104)', ['S-1-5-32-1001']]
  const whose = { principal: 'alice@AD.TEST', name: 'alice', realm: 'AD.TEST', authenticationMethod: 'kerberos' }
  const alice = new Identity({ ...whose, impersonationLevel: 'impersonation', expiresAt: 0, sid, groups: [] })

  test('refuses names that are no options, so that who is banned by a misspelt group does not pass', () => {
    expect(alice.accessCheck(sddl, 'FR')).not.toBe(0)
    expect(alice.accessCheck(sddl, 'FR', { localGroups: banned })).toBe(0)
    for (const options of [{ localGroup: banned }, { localgroups: banned }, { localGroups: banned[0] }, banned])
      expect(() => alice.accessCheck(sddl, 'FR', odd(options))).toThrow(
        expect.objectContaining({ name: 'ConfigurationError' }),
      )
    expect(() => accessCheck(sddl, 'FR', { sid, groups: [] }, odd({ domainSID: 'S-1-5-21-1-2-3' }))).toThrow(
      /did you mean "domainSid"/,
    )
  })

  test('takes no option from Object.prototype', () => {
    const polluted = { localGroups: ['S-1-5-32-544'], everyoneIncludesAnonymous: true }
    const nobody = new Identity({ ...whose, impersonationLevel: 'anonymous', expiresAt: 0 })
    Object.assign(Object.prototype, polluted)
    try {
      for (const options of [undefined, {}]) {
        expect(alice.accessCheck('D:(A;;FR;;;BA)', 'FR', options)).toBe(0)
        expect(nobody.accessCheck('D:(A;;FR;;;WD)', 'FR', options)).toBe(0)
      }
    } finally {
      for (const name of Object.keys(polluted)) Reflect.deleteProperty(Object.prototype, name)
    }
  })
})

test('every option of an acceptor is refused, or taken, and no fault of the program', () => {
  const values = [
    null,
    Symbol('x'),
    1n,
    {},
    () => 1,
    NaN,
    '',
    [],
    [null],
    'false',
    1,
    true,
    new Map(),
    new Uint8Array(3),
  ]
  for (const name of Object.keys(ACCEPTOR_OPTIONS)) {
    for (const value of values) {
      try {
        acceptor({ [name]: value })
      } catch (error) {
        expect(error, `${name}: ${String(value)}`).toHaveProperty('code')
      }
    }
  }
})

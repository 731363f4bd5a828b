import { expect, test } from 'vitest'
import type { NegotiatorOptions } from './negotiator-options.js'
import { sessionRulesOf } from './session-rules.js'

const principals = ['HTTP/web.ad.test@AD.TEST']
const rulesOf = (options: object, names = principals): string =>
  sessionRulesOf(options as NegotiatorOptions, { principals: names })()
/** Returns a value in so many objects. */
function nestedIn(depth: number, value: unknown): unknown {
  return depth === 0 ? value : { a: nestedIn(depth - 1, value) }
}

const source = (rules: object): object => ({ name: 'certificate', rules, open: () => ({}) })

test.each<[string, object, object]>([
  ['services', { service: 'HTTP/a.ad.test' }, { service: 'HTTP/b.ad.test' }],
  ['aliases', {}, { serviceAliases: ['HTTP/*'] }],
  ['trusted realms', {}, { trustedRealms: ['PARTNER.TEST'] }],
  ['realms without a PAC', {}, { requirePac: true }],
  ['PACs of some realms', { requirePac: ['AD.TEST'] }, { requirePac: ['OTHER.TEST'] }],
  ['channel bindings', { channelBinding: 'allow' }, { channelBinding: 'require' }],
  ['weak encryption', {}, { allowWeakEncryption: true }],
  ['anonymous clients', {}, { allowAnonymous: true }],
  ['addresses', {}, { checkAddresses: true }],
  ['replays', {}, { replayCache: false }],
  ['a store that is down', {}, { onReplayStoreDown: 'accept' }],
  ['the krb5.conf they go by', {}, { krb5Config: '/etc/other.conf' }],
  ['encryption types', {}, { permittedEncryptionTypes: [18] }],
  ['whether the host counts', {}, { ignoreAcceptorHostname: true }],
  ['skew', {}, { clockSkew: 3_600_000 }],
  ['users without a ticket', {}, { delegation: { protocolTransition: true } }],
  ['some users without a ticket', {}, { delegation: { protocolTransition: () => true } }],
  ['a rule of a later version', {}, { domainSids: { 'AD.TEST': 'S-1-5-21-1-2-3' } }],
  ['its value', { domainSids: { A: '1' } }, { domainSids: { A: '2' } }],
  ['its nesting', { later: { a: { b: { c: 1 } } } }, { later: { a: { b: { c: 2 } } } }],
  ['the authorities of a source', { signIn: [source({ trusted: ['a'] })] }, { signIn: [source({ trusted: ['b'] })] }],
  ['the domains of a source', { signIn: [source({ of: { A: '1' } })] }, { signIn: [source({ of: { A: '2' } })] }],
  [
    'a rule deep in a source',
    { signIn: [source({ a: { b: [{ c: 1 }] } })] },
    { signIn: [source({ a: { b: [{ c: 2 }] } })] },
  ],
])('two apps that differ in %s do not take the sessions of each other', (_what, left, right) => {
  expect(rulesOf(left)).not.toBe(rulesOf(right))
})

test.each<[string, object, object]>([
  ['nothing', {}, {}],
  ['an option that is left out', {}, { trustedRealms: undefined }],
  ['the order of names', { trustedRealms: ['A', 'B'] }, { trustedRealms: ['B', 'A'] }],
  ['the order of options', { requirePac: true, clockSkew: 1 }, { clockSkew: 1, requirePac: true }],
  ['where the keytab is', { keytab: 'a.keytab' }, { keytab: 'b.keytab' }],
  ['where replays are remembered', { replayCache: { remember: () => 'fresh' } }, {}],
  ['how long sessions last', { session: { kind: 'cookie', maxAge: 1 } }, { session: 'cookie' }],
  ['where they delegate to', { delegation: { allow: ['HTTP/a.ad.test'] } }, {}],
  ['who listens', { onFailed: () => {} }, { onEvent: () => {} }],
  ['what is said', { challenge: 'Sign in.', mode: 'optional' }, { otherChallenges: ['Bearer'] }],
  ['whose pages act', { crossSite: 'allow' }, { corsPreflight: true }],
])('two apps that differ in %s do', (_what, left, right) => {
  expect(rulesOf(left)).toBe(rulesOf(right))
})

test('where no service is named, those of the keytab count, as they are now', () => {
  let names = principals
  const rules = sessionRulesOf(
    {},
    {
      get principals() {
        return names
      },
    },
  )
  const before = rules()
  names = [...principals].reverse()
  expect(rules()).toBe(before)
  names = [...principals, 'HTTP/other.ad.test@AD.TEST']
  expect(rules()).not.toBe(before)
  expect(rulesOf({ service: 'HTTP/web.ad.test' }, names)).toBe(rulesOf({ service: 'HTTP/web.ad.test' }))
})

test('an option that is an object of somebody else is not looked into', () => {
  class Logger {
    readonly self = this
  }
  const circle: { self?: object } = {}
  circle.self = circle
  expect(rulesOf({ later: new Logger() })).toBe(rulesOf({ later: new Logger() }))
  expect(rulesOf({ later: circle })).toMatch(/^[\w-]{43}$/)
})

test.each([
  ...[
    'keytab',
    'now',
    'random',
    'openedTicketCacheSize',
    'ticketCacheSize',
    'session',
    'kdc',
    'kdcTimeLimit',
    'domains',
    'ticketCache',
  ],
  ...['encryptionTypes', 'fetch', 'onEvent', 'onChallenge', 'onAuthenticated', 'onFailed', 'clientAddress'],
  ...['tlsCertificate', 'mode', 'challenge', 'otherChallenges', 'negotiateOnce', 'http2Challenge'],
  ...[
    'impersonateCallerForAllOperations',
    'outsideImpersonation',
    'crossSite',
    'corsPreflight',
    'replayCache',
    'delegation',
  ],
])('the option %s lets in nobody else', (name) => {
  expect(rulesOf({ [name]: 'a' })).toBe(rulesOf({ [name]: 'b' }))
  expect(rulesOf({ [name]: 'a' })).toBe(rulesOf({}))
})

test.each<[unknown, unknown]>([
  [() => 1, undefined],
  [() => 1, ''],
  [1, '1'],
  [5n, 6n],
  [true, 'true'],
  [new Date(0), {}],
  [new Date(0), ''],
  [{ a: { b: { c: { d: 1 } } } }, { a: { b: { c: '' } } }],
  [['a'], 'a'],
  [['a', 'b'], ['a']],
  [[{ a: 1 }], [{ a: 2 }]],
  [nestedIn(7, 1), nestedIn(7, 2)],
  [{ a: 1 }, { b: 1 }],
  [{ a: 1 }, {}],
  [null, {}],
])('%s is another rule than %s', (left, right) => {
  expect(rulesOf({ later: left })).not.toBe(rulesOf({ later: right }))
})

test.each<[unknown, unknown]>([
  [() => 1, () => 2],
  [5n, '5'],
  [new Date(0), new Date(1)],
  [{ a: 1, b: undefined }, { a: 1 }],
  [Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 }],
  [nestedIn(8, 1), nestedIn(8, 2)],
  [
    [{ a: 1, b: 2 }, 'x'],
    ['x', { b: 2, a: 1 }],
  ],
])('%s is the same rule as %s', (left, right) => {
  expect(rulesOf({ later: left })).toBe(rulesOf({ later: right }))
})

test('a list that holds itself is read to an end', () => {
  const list: unknown[] = []
  list.push(list)
  expect(rulesOf({ later: list })).toMatch(/^[\w-]{43}$/)
})

test('they are read once, until the keytab has other services', () => {
  let read = 0
  const counted = (names: readonly string[]): readonly string[] =>
    Object.assign([...names], {
      [Symbol.iterator]() {
        read++
        return names[Symbol.iterator]()
      },
    })
  const acceptor = { principals: counted(principals) }
  const rules = sessionRulesOf({}, acceptor)
  const first = rules()
  expect([rules(), rules(), read]).toEqual([first, first, 1])
  acceptor.principals = counted(['HTTP/other.ad.test@AD.TEST'])
  expect(rules()).not.toBe(first)
  expect(rules()).toBe(rules())
  expect(read).toBe(2)
})

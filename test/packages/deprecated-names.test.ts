import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { deprecatedUses, type DeprecatedUse } from './deprecated-names.js'
import { readExamples, Workshop } from './examples-in-print.js'
import { readSources, root } from './sources.js'

/** Files that make the names of 0.1 work, or test that they do, and those names. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  'packages/acceptor/src/ap-req/forwarded-tgt.ts': ['authtime', 'starttime', 'renewTill'],
  'packages/acceptor/src/create-acceptor.test.ts': ['keytab'],
  'packages/acceptor/src/index.ts': ['AssertedEvidence', 'ForwardedTgt'],
  'packages/acceptor/src/options/acceptor-options.ts': ['ticketCacheSize'],
  'packages/acceptor/src/options/renamed-options.test.ts': ['ticketCacheSize'],
  'packages/express/src/index.ts': ['requireGroup'],
  'packages/express/src/routes.test.ts': ['requireGroup'],
  'packages/fetch/src/index.ts': [
    'FETCH_RULES',
    'FetchRules',
    'NEGOTIATE_RULES',
    'NegotiateOptions',
    'NegotiateRules',
    'NegotiatedFetchOptions',
    'TicketRequest',
    'TicketSource',
  ],
  'packages/kdc-client/src/arguments/bound-methods.test.ts': ['forwardedTgt', 'how'],
  'packages/kdc-client/src/client/call-checks.ts': ['forwardedTgt', 'how'],
  'packages/kdc-client/src/client/client.ts': ['Plan'],
  'packages/kdc-client/src/client/kdc-client.ts': ['Plan'],
  'packages/kdc-client/src/delegation/delegation-plan.test.ts': ['chooseEvidence'],
  'packages/kdc-client/src/delegation/earlier-names.ts': ['Plan', 'Rung', 'chooseEvidence'],
  'packages/kdc-client/src/index.ts': ['Grounds', 'KdcOption', 'Plan', 'Rung', 'Way', 'chooseEvidence'],
  'packages/kdc-client/src/tickets/forwarded-ticket.ts': ['authtime', 'starttime', 'renewTill'],
  'packages/koa/src/index.ts': ['requireGroup'],
  'packages/koa/src/routes.test.ts': ['requireGroup'],
  'packages/krb5/src/asn1/codec.test.ts': ['context'],
  'packages/krb5/src/index.ts': ['context'],
  'packages/negotiate/src/delegation/delegator.test.ts': ['rungs'],
  'packages/negotiate/src/delegation/impersonation-plan.ts': ['rungs', 'way'],
  'packages/negotiate/src/delegation/impersonation.test.ts': ['how'],
  'packages/negotiate/src/index.ts': ['groupGate'],
  'packages/negotiate/src/kdc/kdc-options.test.ts': [
    'armor',
    'domains',
    'encryptionTypes',
    'fast',
    'kdcTimeLimit',
    'kpasswd',
    'ticketCache',
  ],
  'packages/negotiate/src/kdc/kdc-options.ts': [
    'armor',
    'domains',
    'encryptionTypes',
    'fast',
    'kdcTimeLimit',
    'kpasswd',
    'ticketCache',
  ],
  'packages/negotiate/src/routes/gate.test.ts': ['groupGate'],
  'test/hostile/misplaced-secrets.test.ts': ['ticketCacheSize'],
  'test/hostile/odd-values.test.ts': ['chooseEvidence', 'how'],
  'test/kdc-client/s4u.test.ts': ['how'],
  'test/stories/kdc-options.test.ts': ['kdcTimeLimit'],
  'test/stories/two-copies.test.ts': ['forwardedTgt'],
}

/** Names that others deprecate, and that s4u needs. */
const FOREIGN: readonly (readonly [where: string, names: readonly string[]])[] = [
  // Handlers of undici 6, which Node's own fetch has.
  [
    'packages/fetch/src/',
    ['onBodySent', 'onComplete', 'onConnect', 'onData', 'onError', 'onHeaders', 'onResponseStarted', 'onUpgrade'],
  ],
  // The type of what createHmac returns; only its constructor is deprecated.
  ['packages/krb5/src/crypto/primitives/node.ts', ['Hmac']],
  // Marked so by openid-client to stand out where it is used: for tests on one machine.
  ['packages/sign-in/src/issuers/discovered-issuer.ts', ['allowInsecureRequests']],
]

const isKept = ({ from, name }: DeprecatedUse): boolean =>
  (KEPT[from]?.includes(name) ?? false) ||
  FOREIGN.some(([where, names]) => from.startsWith(where) && names.includes(name))

describe('a deprecated name', () => {
  const workshop = new Workshop()
  afterAll(() => workshop.close())

  test('is used by no source, no example and no test', () => {
    expect(deprecatedUses(root).filter((use) => !isKept(use))).toEqual([])
  }, 120_000)

  test('is used by no code in a README, in docs or in a comment', () => {
    expect(workshop.deprecatedUses(readExamples()).filter((use) => !isKept(use))).toEqual([])
  }, 120_000)

  test('stands in docs/coming-from-0.1.md', () => {
    const page = readFileSync(join(root, 'docs/coming-from-0.1.md'), 'utf8')
    const missing = deprecatedNames().filter((name) => !new RegExp(`[\`.]${name}\\b`).test(page))
    expect(missing).toEqual([])
  })
})

/** Every name that a comment of the sources deprecates. */
function deprecatedNames(): string[] {
  const declaration =
    /@deprecated[^]*?\*\/\s*(?:export )?(?:readonly |declare |async )*(?:type |const |function |interface |get )?(\w+)/g
  const sources = readSources('packages').filter(({ isTest }) => !isTest)
  return sources.flatMap(({ text }) => [...text.matchAll(declaration)].map(([, name]) => name))
}

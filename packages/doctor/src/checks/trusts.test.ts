import type { DirectoryTrust } from '@s4u/directory'
import { expect, test } from 'vitest'
import { ServiceFacts } from '../facts/service-facts.js'
import { trustsLetIn } from './trusts.js'

/** What no server of the harness has: an Active Directory with such trusts. */
const FOREST: DirectoryTrust = {
  partner: 'partner.test',
  flatName: 'PARTNER',
  sid: 'S-1-5-21-1-2-3',
  kind: 'forest',
  letsIn: true,
  letsOut: true,
  selectiveAuthentication: false,
  sidFiltering: true,
  attributes: 8,
}

async function verdictsOf(trust: Partial<DirectoryTrust>, as?: string, isReached = true) {
  const facts = new ServiceFacts({ keytab: new Uint8Array(), as })
  const directory = { domain: 'corp.test', trusts: async () => [{ ...FOREST, ...trust }] }
  Object.assign(facts, { directory: async () => directory, client: async () => ({ trusts: async () => isReached }) })
  return trustsLetIn.run(facts, AbortSignal.timeout(1_000))
}

test('a user whom a service may list is a warning where the KDC of the trusted forest is reached', async () => {
  const [verdict] = await verdictsOf({ selectiveAuthentication: true }, 'oscar@PARTNER.TEST')
  expect(verdict).toMatchObject({
    status: 'warning',
    subject: 'partner.test',
    found: 'Users of partner.test may use only services that list them (selective authentication).',
    why: 'The KDC refuses users who are not listed (KDC_ERR_POLICY).',
    settings: [{ activeDirectory: 'netdom trust corp.test /domain:partner.test /SelectiveAUTH:No' }],
  })
})

test('a user of a domain below the trusted one comes by its trust, and a user of another realm does not', async () => {
  const trust = { selectiveAuthentication: true }
  expect(await verdictsOf(trust, 'oscar@sub.PARTNER.TEST')).toMatchObject([{ status: 'warning' }])
  for (const user of ['oscar@OTHERPARTNER.TEST', 'oscar', 'alice@CORP.TEST'])
    expect(await verdictsOf(trust, user)).toMatchObject([{ status: 'ok' }])
})

test('two troubles of one trust are told both', async () => {
  const verdicts = await verdictsOf({ selectiveAuthentication: true, sidFiltering: false }, 'oscar@PARTNER.TEST', false)
  expect(verdicts.map(({ status, found }) => [status, found])).toEqual([
    ['failed', 'Users of partner.test may use only services that list them (selective authentication).'],
    ['warning', 'SIDs in tickets of partner.test are not filtered.'],
  ])
})

test.each([
  [
    { kind: 'withinForest', sidFiltering: undefined },
    'Users of partner.test, of the same forest, may come to every service.',
  ],
  [
    { kind: 'realm', sidFiltering: undefined, sid: undefined },
    'Users of partner.test, a trusted realm, may come to every service.',
  ],
] as const)('where nothing is filtered nothing is said of it: %j', async (trust, found) => {
  expect(await verdictsOf(trust)).toMatchObject([{ status: 'ok', found }])
})

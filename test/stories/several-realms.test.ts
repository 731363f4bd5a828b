import type { KdcClientOptions } from '@s4u/kdc-client'
import { Keytab } from '@s4u/krb5'
import { type CallerIdentity, createNegotiator, type Negotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { Desktop } from './fixtures/corporation.js'

/**
 * One service, with an account in each of two realms that do not know each other: a keytab with
 * keys of both.
 */

const PASSWORD = 'wonderland'

function realmCalled(realm: string, account: string): Promise<TestRealm> {
  const domain = realm.toLowerCase()
  return createTestRealm({
    realm,
    users: { alice: { password: PASSWORD } },
    services: {
      [account]: {
        spns: [`HTTP/web.${domain}`],
        trustedToAuthForDelegation: true,
        allowedToDelegateTo: [`HTTP/api.${domain}`],
      },
      api: { spns: [`HTTP/api.${domain}`] },
    },
  })
}

interface Place {
  readonly a: TestRealm
  readonly b: TestRealm
  readonly negotiator: Negotiator
}

async function place(
  options: NegotiatorOptions = {},
  accounts: [string, string] = ['web', 'web'],
  kdc: Pick<KdcClientOptions, 'fast'> = {},
): Promise<Place> {
  const [a, b] = await Promise.all([realmCalled('A.TEST', accounts[0]), realmCalled('B.TEST', accounts[1])])
  const negotiator = createNegotiator({
    keytab: [a.keytabFor(accounts[0]), b.keytabFor(accounts[1])],
    kdc: { kdc: (request, { realm }) => (realm === 'A.TEST' ? a : b).transport(request, { realm }), ...kdc },
    domainSids: { 'A.TEST': a.domainSid, 'B.TEST': b.domainSid },
    delegation: { protocolTransition: true },
    ...options,
  })
  return { a, b, negotiator }
}

async function arrive(negotiator: Negotiator, realm: TestRealm): Promise<CallerIdentity> {
  const authorization = await new Desktop(realm, 'alice').authorization(`HTTP/web.${realm.realm.toLowerCase()}`)
  const outcome = await negotiator.authenticate({ headers: { authorization } })
  return outcome.status === 'authenticated' ? outcome.identity : expect.fail('not let in')
}

/** Who asked a KDC for tickets in a user's name: `web@A.TEST as alice@A.TEST`. */
const delegations = ({ exchanges }: TestRealm): string[] =>
  exchanges
    .filter(({ kind }) => kind === 'S4U2Proxy' || kind === 'S4U2Self')
    .map(({ kind, client, user, outcome }) => `${kind}: ${client} as ${user}: ${outcome}`)

describe('who came by a realm is delegated by the account there, at its KDC', () => {
  const named: [string, NegotiatorOptions['delegation'], [string, string]][] = [
    ['where the options name no account', {}, ['web', 'web']],
    ['where they name one without a realm, that is in both', { principal: 'web' }, ['web', 'web']],
    ['where they name that of the other realm', { principal: 'svc-one@A.TEST' }, ['svc-one', 'svc-two']],
    ['where they name that of this realm', { principal: 'svc-two@B.TEST' }, ['svc-one', 'svc-two']],
  ]

  test.each(named)('%s', async (_how, delegation, accounts) => {
    const { a, b, negotiator } = await place({ delegation }, accounts)
    for (const realm of [b, a, b]) {
      const alice = await arrive(negotiator, realm)
      expect(alice.principal).toBe(`alice@${realm.realm}`)
      using acting = alice.impersonate()
      const ticket = await acting.ticketFor(`HTTP/api.${realm.realm.toLowerCase()}`)
      expect([ticket.client.realm, ticket.service.realm]).toEqual([realm.realm, realm.realm])
    }
    expect(delegations(a)).toEqual([`S4U2Proxy: ${accounts[0]}@A.TEST as alice@A.TEST: issued`])
    const ofB = `S4U2Proxy: ${accounts[1]}@B.TEST as alice@B.TEST: issued`
    expect(new Set(delegations(b))).toEqual(new Set([ofB]))
  })
})

test('whom the app has authenticated itself is vouched for by the account of his realm', async () => {
  const { a, b, negotiator } = await place()
  for (const realm of [a, b]) {
    const identity = await negotiator.identityFor(`alice@${realm.realm}`)
    expect(identity.principal).toBe(`alice@${realm.realm}`)
    using acting = identity.impersonate()
    await acting.ticketFor(`HTTP/api.${realm.realm.toLowerCase()}`)
    const by = `web@${realm.realm} as alice@${realm.realm}: issued`
    expect(delegations(realm)).toEqual([`S4U2Self: ${by}`, `S4U2Proxy: ${by}`])
  }
})

test('a user with a password is signed in at the KDC of her realm, in the armor of the account there', async () => {
  const { b, negotiator } = await place({}, ['web', 'web'], { fast: 'require' })
  const alice = await negotiator.identityFor({ user: 'alice@B.TEST', password: PASSWORD })
  expect(alice.principal).toBe('alice@B.TEST')
  const signIns = b.exchanges.filter(({ kind, client }) => kind === 'AS' && client === 'alice@B.TEST')
  expect(signIns.every(({ armored }) => armored)).toBe(true)
  using acting = alice.impersonate()
  expect((await acting.ticketFor('HTTP/api.b.test')).client.realm).toBe('B.TEST')
})

test('a realm of which there are no keys is asked for by the first account, as ever', async () => {
  const { a, b } = await place()
  const c = await createTestRealm({ realm: 'C.TEST', users: { carol: { password: PASSWORD } }, trusts: [a] })
  const negotiator = createNegotiator({
    keytab: Keytab.merge([a.keytabFor('web'), b.keytabFor('web')]),
    kdc: (request, { realm }) => (realm === 'B.TEST' ? b : realm === 'C.TEST' ? c : a).transport(request, { realm }),
    domainSids: { 'A.TEST': a.domainSid, 'B.TEST': b.domainSid },
    delegation: { protocolTransition: true },
  })
  expect((await negotiator.identityFor('carol@C.TEST')).principal).toBe('carol@C.TEST')
  expect(delegations(b)).toEqual([])
})

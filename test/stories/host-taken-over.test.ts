import { createKdcClient, evidenceFromS4u2self, type KdcClient } from '@s4u/kdc-client'
import { createTestRealm, type TestRealm, type TestService } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'

/** What docs/host-taken-over.md says of somebody who has copied the keytab of a service. */
const WEB = 'HTTP/web.ad.test'
const API = 'HTTP/api.ad.test'
const OTHER = 'HTTP/other.ad.test'

type Settings = Omit<TestService, 'spns'>

const realmWith = (web: Settings, api: Settings = {}): Promise<TestRealm> =>
  createTestRealm({
    realm: 'AD.TEST',
    users: {
      alice: { password: 'wonderland' },
      carol: { password: 'christmas', sensitive: true },
      admin: { password: 'administers', protected: true },
    },
    services: { web: { spns: [WEB], ...web }, api: { spns: [API], ...api }, other: { spns: [OTHER] } },
  })

const thiefOf = (realm: TestRealm): KdcClient =>
  createKdcClient({ kdc: realm.transport, credentials: { principal: 'web@AD.TEST', keytab: realm.keytabFor(WEB) } })

/** `yes`, or the code of the refusal. */
const tried = (act: Promise<unknown>): Promise<string> =>
  act.then(
    () => 'yes',
    ({ code }: { readonly code: string }) => code,
  )

/** Acts as a user who has never come. */
const asStranger = (thief: KdcClient, user: string, target = API): Promise<string> =>
  tried(thief.s4u2self(`${user}@AD.TEST`).then((ticket) => thief.s4u2proxy(evidenceFromS4u2self(ticket), target)))

/** Acts as a user whose ticket was shown to the service. */
async function asCaller(realm: TestRealm, thief: KdcClient, target = API): Promise<string> {
  const credentials = { principal: 'alice@AD.TEST', password: 'wonderland' }
  const { client, ticket, expiresAt } = await createKdcClient({ kdc: realm.transport, credentials }).ticketFor(WEB)
  return tried(thief.s4u2proxy({ client, ticket, expiresAt, forwardable: true, origin: 'presented' }, target))
}

const LIST = { allowedToDelegateTo: [API] }

describe('who has the keytab of a service acts', () => {
  test('with a list of the service: as users who have come, and as nobody else', async () => {
    await using realm = await realmWith(LIST)
    const thief = thiefOf(realm)
    expect(await asCaller(realm, thief)).toBe('yes')
    expect(await asStranger(thief, 'alice')).toBe('KDC_ERR_BADOPTION')
  })

  test.each([
    ['with protocol transition', { ...LIST, trustedToAuthForDelegation: true }, {}],
    ['with a list of the backend, and without protocol transition', {}, { allowedToActOnBehalfOf: ['web'] }],
  ])('%s: as anybody, but for accounts that are sensitive or protected', async (_what, web, api) => {
    await using realm = await realmWith(web, api)
    const thief = thiefOf(realm)
    expect(await asStranger(thief, 'alice')).toBe('yes')
    expect(await asStranger(thief, 'carol')).toBe('KDC_ERR_BADOPTION')
    expect(await asStranger(thief, 'admin')).toBe('KDC_ERR_BADOPTION')
  })

  test('towards no backend that no list names, in the name of a user; as the account itself everywhere', async () => {
    await using realm = await realmWith({ ...LIST, trustedToAuthForDelegation: true })
    const thief = thiefOf(realm)
    expect(await asCaller(realm, thief, OTHER)).toBe('KDC_ERR_BADOPTION')
    expect(await asStranger(thief, 'alice', OTHER)).toBe('KDC_ERR_BADOPTION')
    expect(await tried(thief.ticketFor(OTHER))).toBe('yes')
  })
})

test('a new password does not end the ticket-granting ticket that he has; the account disabled does', async () => {
  await using realm = await realmWith(LIST)
  const thief = thiefOf(realm)
  await thief.ticketFor(API)
  await realm.changePassword('web')
  expect(await tried(thief.ticketFor(OTHER))).toBe('yes')
  realm.change('web', { disabled: true })
  expect(await tried(thief.ticketFor(WEB))).toBe('KDC_ERR_CLIENT_REVOKED')
})

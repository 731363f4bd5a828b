import { createInitiator, formatAuthorization, type InitiatorOptions, sealForwardedCredential } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import {
  type CallerIdentity,
  createNegotiator,
  impersonationGate,
  type Negotiator,
  type NegotiatorOptions,
} from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { beforeEach, describe, expect, test } from 'vitest'
import { API, PASSWORD, WEB } from './fixtures/corporation.js'

/**
 * WCF's tables of impersonation levels, row by row, where Kerberos without Windows has the thing.
 */
let realm: TestRealm

beforeEach(async () => {
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORD }, carol: { password: PASSWORD, sensitive: true } },
    services: {
      web: { spns: [WEB], trustedToAuthForDelegation: true, allowedToDelegateTo: [API] },
      kcd: { spns: ['HTTP/kcd.ad.test'], allowedToDelegateTo: [API] },
      api: { spns: [API] },
    },
  })
})

function serviceNamed(principal: string, options: NegotiatorOptions = {}): Negotiator {
  const keytab = realm.keytabFor(principal)
  const delegation = { principal, protocolTransition: true }
  return createNegotiator({ keytab, kdc: realm.transport, now: () => realm.now, delegation, ...options })
}

const NOT_VOUCHING: NegotiatorOptions = { delegation: { principal: 'web' } }

function userClient(user: string) {
  const credentials = { principal: user, password: PASSWORD }
  return createKdcClient({ realm: 'AD.TEST', kdc: realm.transport, credentials, now: () => realm.now })
}

async function arrive(user: string, options: Partial<InitiatorOptions> = {}, rules = NOT_VOUCHING) {
  const ticket = await userClient(user).ticketFor(WEB)
  const { token } = createInitiator({ ticket, now: () => realm.now, ...options })
  using web = serviceNamed('web', rules)
  const outcome = await web.authenticate({ headers: { authorization: formatAuthorization(token) } })
  if (outcome.status !== 'authenticated') throw new Error('the caller was not let in')
  return outcome.identity
}

/** Across machines: a ticket of another service in the caller's name. */
async function reaches(identity: Awaited<ReturnType<typeof arrive>>, spn = API): Promise<boolean> {
  using caller = identity.impersonate()
  return caller.ticketFor(spn).then(
    ({ client }) => client.name.nameString[0] === identity.name,
    () => false,
  )
}

describe('cached token: what the client allows, and whether both are capable of delegation', () => {
  test.each([
    ['identification', 'n/a', 'alice', { identify: true }, 'identification', false],
    ['impersonation', 'no: a sensitive user', 'carol', {}, 'impersonation', false],
    ['impersonation', 'yes: a forwardable ticket', 'alice', {}, 'delegation', true],
  ] as const)('%s, %s', async (_allowed, _capable, user, options, level, remote) => {
    const identity = await arrive(user, options)
    expect(identity.impersonationLevel).toBe(level)
    expect(await reaches(identity)).toBe(remote)
  })

  test('delegation, yes: a ticket-granting ticket that was forwarded reaches what no list of the service has', async () => {
    const client = userClient('alice')
    const [ticket, tgt] = [await client.ticketFor(WEB), await client.tgtToForward()]
    const forwarding = { ticket, delegate: sealForwardedCredential(tgt, ticket.sessionKey) }
    const identity = await arrive('alice', forwarding, { delegation: { principal: 'web', forwardedTickets: 'use' } })
    expect(identity.impersonationLevel).toBe('delegation')
    expect(await reaches(identity)).toBe(true)
    expect(await reaches(identity, 'HTTP/kcd.ad.test')).toBe(true)
    // A service that does not say that it uses them is not capable of that delegation: the ticket
    // counts, and the lists.
    const without = await arrive('alice', forwarding)
    expect(without.impersonationLevel).toBe('delegation')
    expect([await reaches(without), await reaches(without, 'HTTP/kcd.ad.test')]).toEqual([true, false])
  })

  test('delegation, no: a sensitive user has nothing to forward', async () => {
    await expect(userClient('carol').tgtToForward()).rejects.toMatchObject({ name: 'KdcError' })
  })

  test('anonymous: no token is sent, and the service must take callers without one', async () => {
    using web = serviceNamed('web')
    const request = { headers: {} }
    expect(await web.authenticate(request)).toMatchObject({ status: 'challenge', statusCode: 401 })
    expect(await web.authenticate(request, { mode: 'optional' })).toMatchObject({ status: 'anonymous' })
  })
})

describe('user name credentials: a password given to the service, and whether its user is capable of delegation', () => {
  test.each([
    ['yes, as the directory lists', 'alice', 'ignore', 'delegation', true, false],
    // The lists of the service have nothing to do with it: the user signed in, as at a desktop.
    ['yes, where the app uses the ticket-granting ticket', 'alice', 'use', 'delegation', true, true],
    ['no: a sensitive user', 'carol', 'ignore', 'impersonation', false, false],
    ['no: a sensitive user, even there', 'carol', 'use', 'impersonation', false, false],
  ] as const)('%s', async (_capable, user, forwardedTickets, level, listed, unlisted) => {
    using service = serviceNamed('kcd', { delegation: { principal: 'kcd', forwardedTickets } })
    const identity = await service.identityFor({ user, password: PASSWORD })
    expect(identity.impersonationLevel).toBe(level)
    expect([await reaches(identity), await reaches(identity, WEB)]).toEqual([listed, unlisted])
  })
})

describe('S4U: whether the directory, and the app, let the service vouch for users', () => {
  test.each([
    ['yes, to a user who may be delegated', 'web', 'alice', 'delegation', true],
    ['yes, to a sensitive user', 'web', 'carol', 'impersonation', false],
    ['no', 'kcd', 'alice', 'impersonation', false],
  ])('%s', async (_right, principal, user, level, remote) => {
    using service = serviceNamed(principal)
    const identity = await service.identityFor(user)
    expect(identity.impersonationLevel).toBe(level)
    expect(await reaches(identity)).toBe(remote)
  })

  test('not permitted by the app itself: there is no identity', async () => {
    using web = serviceNamed('web', NOT_VOUCHING)
    await expect(web.identityFor('alice')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
  })
})

describe('delegation ability, in this process and across machines', () => {
  const request = { headers: {} }
  const locally = (identity: CallerIdentity) => impersonationGate('required')(request, identity).status === 'pass'

  test.each([
    ['identification', 'alice', { identify: true }, false, false],
    ['impersonation', 'carol', {}, true, false],
    ['delegation', 'alice', {}, true, true],
  ] as const)('%s', async (level, user, options, local, remote) => {
    const identity = await arrive(user, options)
    expect([identity.impersonationLevel, locally(identity), await reaches(identity)]).toEqual([level, local, remote])
  })

  test('impersonation, to a service that lists this one itself: resource-based', async () => {
    await realm.addService('open', { spns: ['HTTP/open.ad.test'], allowedToActOnBehalfOf: ['web'] })
    using kcd = serviceNamed('kcd')
    expect((await kcd.identityFor('alice')).impersonationLevel).toBe('impersonation')
    await realm.addService('friend', { spns: ['HTTP/friend.ad.test'], allowedToActOnBehalfOf: ['kcd'] })
    expect(await reaches(await kcd.identityFor('alice'), 'HTTP/friend.ad.test')).toBe(true)
    expect(await reaches(await kcd.identityFor('alice'), 'HTTP/open.ad.test')).toBe(false)
  })

  test.each(['identification', 'impersonation', 'delegation'] as const)(
    'at %s, what a security descriptor says of the caller is answered',
    async (level) => {
      const options = { identification: { identify: true }, impersonation: {}, delegation: {} }[level]
      const identity = await arrive(level === 'impersonation' ? 'carol' : 'alice', options)
      expect(identity.impersonationLevel).toBe(level)
      expect(identity.accessCheck(`D:(A;;FR;;;${identity.sid})`, 'FR')).not.toBe(0)
      expect(identity.accessCheck(`D:(D;;FR;;;${identity.sid})(A;;FR;;;WD)`, 'FR')).toBe(0)
    },
  )
})

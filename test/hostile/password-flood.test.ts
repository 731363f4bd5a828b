import { createKdcClient, createKdcConnections, KdcUnreachableError } from '@s4u/kdc-client'
import { createNegotiator, type Negotiator } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { afterEach, describe, expect, test } from 'vitest'
import { DatagramForger } from './datagram-forger.js'

/**
 * Anybody may send a password form, and each one asks a KDC four times. However many come, they are
 * no more than so many sockets, and whoever sends many does not keep others waiting.
 */

const WEB = 'HTTP/web.ad.test'
/** Requests on their way to a realm at one time, as the package has it. */
const IN_FLIGHT = 16
const PATIENT = 120_000

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]()
})

async function site() {
  const users = Object.fromEntries(['alice', 'bob', 'mallory'].map((name) => [name, { password: `pw-${name}` }]))
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users,
    services: {
      web: { spns: [WEB], trustedToAuthForDelegation: true, allowedToDelegateTo: ['HTTP/api.ad.test'] },
      api: { spns: ['HTTP/api.ad.test'] },
    },
  })
  const way = await DatagramForger.before(await realm.listen())
  const negotiator = createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: { kdc: way.address, timeLimit: PATIENT },
    delegation: { principal: 'web', protocolTransition: true },
  })
  open.push(realm, way, { [Symbol.asyncDispose]: async () => negotiator[Symbol.dispose]() })
  return { realm, way, negotiator }
}

const signIn = (negotiator: Negotiator, user: string, password = `pw-${user}`): Promise<string> =>
  negotiator.identityFor({ user, password }).then(
    ({ principal }) => principal,
    (error: unknown) => String(Object(error).code),
  )

/** Of the requests between two moments, those of somebody else. */
function asked(realm: TestRealm, from: number, user: string): number {
  return realm.exchanges.slice(from).filter(({ client = '' }) => client.startsWith(user)).length
}

describe('six hundred password forms at once', () => {
  test.each([
    ['of one user', (_index: number) => 'alice'],
    ['of several', (index: number) => ['alice', 'bob', 'mallory'][index % 3]],
  ])(
    '%s take as many sockets as there are places, and all are answered',
    { timeout: PATIENT },
    async (_whose, userOf) => {
      const { way, negotiator } = await site()
      const users = Array.from({ length: 600 }, (_, index) => userOf(index))
      const outcomes = await Promise.all(users.map((user) => signIn(negotiator, user)))
      expect(outcomes).toEqual(users.map((user) => `${user}@AD.TEST`))
      // Of the KDC's answers in datagrams some are refusals, after which a socket is not used
      // again.
      expect(way.connections).toBeLessThanOrEqual(IN_FLIGHT)
      expect(way.mostConnections).toBeLessThanOrEqual(IN_FLIGHT)
      expect(way.ports).toBeLessThanOrEqual(2 * IN_FLIGHT)
    },
  )

  test('with wrong passwords take no more', { timeout: PATIENT }, async () => {
    const { way, negotiator } = await site()
    const outcomes = await Promise.all(Array.from({ length: 600 }, () => signIn(negotiator, 'mallory', 'wrong')))
    expect(new Set(outcomes)).toEqual(new Set(['KDC_ERR_PREAUTH_FAILED']))
    expect(way.connections).toBeLessThanOrEqual(IN_FLIGHT)
    expect(way.ports).toBeLessThanOrEqual(IN_FLIGHT)
  })
})

test('a negotiator that is done with leaves no connection open', { timeout: PATIENT }, async () => {
  const { way, negotiator } = await site()
  await Promise.all(Array.from({ length: 30 }, () => signIn(negotiator, 'alice')))
  expect(way.openConnections).toBeGreaterThan(0)
  negotiator[Symbol.dispose]()
  await expect.poll(() => way.openConnections).toBe(0)
})

describe('a flood of password forms of one', () => {
  test('delays the form of another by some rounds', { timeout: PATIENT }, async () => {
    const { realm, negotiator } = await site()
    const flood = Array.from({ length: 600 }, () => signIn(negotiator, 'mallory', 'wrong'))
    await expect.poll(() => realm.exchanges.length, { timeout: PATIENT }).toBeGreaterThan(IN_FLIGHT)
    expect(await signIn(negotiator, 'bob')).toBe('bob@AD.TEST')
    const before = realm.exchanges.length
    await Promise.all(flood)
    // Most of the flood was still to come: bob did not wait for its end.
    expect(asked(realm, before, 'mallory')).toBeGreaterThan(300)
  })

  test(
    'delays no delegation of users who are there, under however many names it comes',
    { timeout: PATIENT },
    async () => {
      const { realm, negotiator } = await site()
      const caller = (await negotiator.identityFor('bob')).impersonate()
      const flood = Array.from({ length: 600 }, (_, index) => signIn(negotiator, `nobody${index}`, 'x'))
      await expect.poll(() => realm.exchanges.length, { timeout: PATIENT }).toBeGreaterThan(2 * IN_FLIGHT)
      const from = realm.exchanges.length
      await caller.ticketFor('HTTP/api.ad.test')
      const meanwhile = asked(realm, from, 'nobody')
      await Promise.all(flood)
      // One request, which finds all places taken: those go, and one more of the other kind may be
      // let in before it.
      expect(meanwhile).toBeLessThanOrEqual(3 * IN_FLIGHT)
    },
  )

  test('is ended by those who go, and leaves their places to the others', { timeout: PATIENT }, async () => {
    const { realm, negotiator } = await site()
    const gone = new AbortController()
    const { signal } = gone
    const flood = Array.from({ length: 300 }, () =>
      negotiator.identityFor({ user: 'mallory', password: 'x' }, { signal }).catch((error: unknown) => error),
    )
    await expect.poll(() => realm.exchanges.length, { timeout: PATIENT }).toBeGreaterThan(0)
    const reason = new Error('gone')
    gone.abort(reason)
    expect(new Set(await Promise.all(flood))).toContain(reason)
    expect(await signIn(negotiator, 'bob')).toBe('bob@AD.TEST')
  })
})

test('however many wait for a KDC that is silent, all are told within the limit, the time in the queue included', async () => {
  const { realm, way } = await site()
  realm.misbehave.silent = true
  using connections = createKdcConnections({ kdc: way.address, timeLimit: 600 })
  const ask = (name: string): Promise<unknown> =>
    createKdcClient({ connections, credentials: { principal: `${name}@AD.TEST`, password: 'x' } })
      .ticketFor(WEB)
      .catch((error: unknown) => error)
  const errors = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(`u${index}`)))
  for (const error of errors) expect(error).toBeInstanceOf(KdcUnreachableError)
})

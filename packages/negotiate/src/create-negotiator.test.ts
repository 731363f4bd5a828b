import { formatAuthorization } from '@s4u/gssapi'
import { ConfigurationError, MissingKeyError } from '@s4u/kdc-client'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { selfSigned } from '../../../test/stories/fixtures/certificate.js'
import { API, corporation, Desktop } from '../../../test/stories/fixtures/corporation.js'
import { callerWith } from './fixtures/identities.js'
import { requestWith } from './fixtures/requests.js'
import { identityGate } from './routes/gate.js'
import { createNegotiator } from './create-negotiator.js'
import type { NegotiatorOptions } from './negotiator-options.js'

const realm = await corporation()
const alice = new Desktop(realm, 'alice')
const make = (options: NegotiatorOptions = {}) =>
  createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web' },
    ...options,
  })
const signIn = async () => requestWith({ authorization: await alice.authorization() })

describe('a request', () => {
  test('is judged once, whoever asks and how often', async () => {
    using negotiator = make()
    const request = await signIn()
    const [first, second] = await Promise.all([negotiator.authenticate(request), negotiator.authenticate(request)])
    expect(first.status).toBe('authenticated')
    expect(second).toEqual(first)
    expect(negotiator.counters).toMatchObject({ authenticated: { token: 1 }, failed: {} })
  })

  test('that was optional for the app can be required by a route', async () => {
    using negotiator = make({ mode: 'optional' })
    const request = requestWith()
    expect(await negotiator.authenticate(request)).toMatchObject({ status: 'anonymous', headers: {} })
    expect(await negotiator.authenticate(request, { mode: 'required' })).toMatchObject({
      status: 'challenge',
      statusCode: 401,
    })
  })

  test('is not looked at where authentication is off', async () => {
    using negotiator = make({ mode: 'off' })
    const request = requestWith({ authorization: 'Negotiate rubbish' })
    expect(await negotiator.authenticate(request)).toMatchObject({ status: 'anonymous' })
    expect(negotiator.counters.failed).toEqual({})
  })

  test('gives a runner that acts as the caller only when told so', async () => {
    const { impersonatedIdentity } = await import('@s4u/fetch')
    const principalIn = async (always: boolean): Promise<unknown> => {
      using negotiator = make({ impersonateCallerForAllOperations: always })
      const outcome = await negotiator.authenticate(await signIn())
      return outcome.status === 'challenge' ? outcome : outcome.run(() => impersonatedIdentity()?.principal)
    }
    expect(await principalIn(false)).toBeUndefined()
    expect(await principalIn(true)).toBe('alice@AD.TEST')
  })
})

describe('a user whom the app has authenticated', () => {
  test('is known when the app permits itself that', async () => {
    using negotiator = make({ delegation: { principal: 'web', protocolTransition: (user) => user === 'bob' } })
    const bob = await negotiator.identityFor('bob', { method: 'password' })
    expect(bob).toMatchObject({ principal: 'bob@AD.TEST', authenticationMethod: 'password', assertedBy: 'service' })
    using acting = bob.impersonate()
    expect((await acting.ticketFor(API)).client.name.nameString).toEqual(['bob'])
    await expect(negotiator.identityFor('alice')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
  })

  test('may be known by a certificate, whose owner the directory names and the app must permit', async () => {
    const { der } = selfSigned('frank')
    const user = { certificate: new Uint8Array(der) }
    await realm.addUser('frank', { password: 'wonderland', certificates: [user.certificate] })
    using permitting = make({
      delegation: { principal: 'web', protocolTransition: (name) => name === 'frank@AD.TEST' },
    })
    const frank = await permitting.identityFor(user)
    expect(frank).toMatchObject({ principal: 'frank@AD.TEST', authenticationMethod: 'certificate' })
    using refusing = make({ delegation: { principal: 'web', protocolTransition: (name) => name === 'bob@AD.TEST' } })
    await expect(refusing.identityFor(user)).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
    using never = make()
    await expect(never.identityFor(user)).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
  })

  test('is nobody by default', async () => {
    using negotiator = make()
    await expect(negotiator.identityFor('bob')).rejects.toThrow(ConfigurationError)
  })
})

test('without cookie sessions nothing begins and nothing ends', async () => {
  using negotiator = make()
  expect(negotiator.startSession(callerWith())).toEqual({})
  expect(negotiator.endSession(requestWith())).toEqual({})
  expect(await negotiator.signOut(requestWith())).toEqual({})
})

test('a session of which nothing is known is no session, and what to do then is told', async () => {
  using negotiator = make({ session: 'cookie' })
  for (const none of [undefined, null, 'a', { id: 'a' }])
    await expect(negotiator.sessionGoesOn(none as never)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringMatching(
        /^sessionGoesOn: the session must be an object with kind, id, startedAt, expiresAt, and not /,
      ),
      hint:
        'Give outcome.session or negotiator.sessionOf(request). Where these are undefined, no sign-out can be told of: ' +
        'refuse what would outlive the request, or end it at identity.expiresAt.',
    })
})

test('is ready when its keys are, and says why not', async () => {
  using negotiator = make()
  await expect(negotiator.ready()).resolves.toBeUndefined()
  using late = make({ keytab: async () => realm.keytabFor('other'), service: 'HTTP/web.ad.test' })
  await expect(late.ready()).rejects.toThrow(MissingKeyError)
})

test('lets nobody in for any header, and never rejects', async () => {
  using negotiator = make({ session: 'cookie' })
  const token = formatAuthorization(await alice.token())
  const authorization = fc.oneof(
    fc.string(),
    fc.string().map((text) => `Negotiate ${text}`),
    fc
      .uint8Array({ minLength: 1, maxLength: 200 })
      .map((octets) => `Negotiate ${Buffer.from(octets).toString('base64')}`),
    fc.integer({ min: 9, max: token.length - 1 }).map((length) => token.slice(0, length)),
  )
  const cookie = fc.oneof(
    fc.string(),
    fc.base64String().map((text) => `__Host-s4u=1.${text}`),
  )
  const headers = fc.record({ authorization, cookie }, { requiredKeys: [] })
  await fc.assert(
    fc.asyncProperty(
      headers,
      async (some) => (await negotiator.authenticate(requestWith(some))).status === 'challenge',
    ),
    { numRuns: 500 },
  )
})

test('a route that asks for a caller is counted among the challenges', async () => {
  using negotiator = make({ mode: 'optional' })
  const request = requestWith()
  await negotiator.authenticate(request)
  expect(negotiator.counters.challenged).toBe(0)
  expect(identityGate()(request, undefined)).toMatchObject({ status: 'challenge', statusCode: 401 })
  expect(negotiator.counters.challenged).toBe(1)
})

test('refuses everybody when it is disposed of', async () => {
  const negotiator = make()
  negotiator[Symbol.dispose]()
  expect(await negotiator.authenticate(await signIn())).toMatchObject({ status: 'challenge', statusCode: 401 })
})

test('a handed-over token is the one of the header, whatever the letter case of its scheme', async () => {
  using negotiator = make()
  const authorization = formatAuthorization(await alice.token()).replace('Negotiate', 'nEGOTIATE')
  expect(await negotiator.authenticate(requestWith({ authorization }))).toMatchObject({ status: 'authenticated' })
})

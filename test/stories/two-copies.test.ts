import { createAcceptor } from '@s4u/acceptor'
import { negotiate } from '@s4u/express'
import { currentIdentity } from '@s4u/fetch'
import { createKdcClient, createKdcConnections, S4uError } from '@s4u/kdc-client'
import { Keytab } from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import express from 'express'
import { describe, expect, test, vi } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'

/**
 * A process with two copies of the packages, as where two dependencies pin different versions: no
 * class of one is one of the other.
 */

const realm = await corporation()
vi.resetModules()
const other = {
  krb5: await import('@s4u/krb5'),
  kdcClient: await import('@s4u/kdc-client'),
  fetch: await import('@s4u/fetch'),
  express: await import('@s4u/express'),
}
const theirs = other.krb5.Keytab.decode(realm.keytabFor('web').encode(), 'their.keytab')

test('these are copies indeed', () => {
  expect(other.krb5.Keytab).not.toBe(Keytab)
  expect(other.kdcClient.S4uError).not.toBe(S4uError)
  expect(theirs).not.toBeInstanceOf(Keytab)
})

describe('a Keytab of the other copy', () => {
  const alice = new Desktop(realm, 'alice')

  test('is one of this copy, with its keys and its name', () => {
    const ours = Keytab.from(theirs)
    expect(ours).toBeInstanceOf(Keytab)
    expect([ours?.source, ours?.principals]).toEqual(['their.keytab', theirs.principals])
    expect(Keytab.from(ours)).toBe(ours)
    for (const none of [undefined, null, 'web.keytab', {}, { encode: () => new Uint8Array(0) }])
      expect(Keytab.from(none)).toBeUndefined()
  })

  test.each([
    ['itself', () => theirs],
    ['given by a function', () => () => theirs],
    ['in a list', () => [theirs]],
  ])('lets an acceptor and a negotiator take tickets: %s', async (_how, source) => {
    const acceptor = createAcceptor({ keytab: source() })
    await acceptor.ready()
    expect(acceptor.principals).toContain('HTTP/web.ad.test@AD.TEST')
    using negotiator = createNegotiator({ keytab: source(), kdc: realm.transport, delegation: { principal: 'web' } })
    const outcome = await negotiator.authenticate({ headers: { authorization: await alice.authorization() } })
    expect(outcome).toMatchObject({ status: 'authenticated', identity: { principal: 'alice@AD.TEST' } })
  })

  test('signs in at a KDC, also as one that was read again', async () => {
    const before = other.krb5.Keytab.decode(realm.keytabFor('api').encode())
    await realm.changePassword('api')
    const reload = () => other.krb5.Keytab.decode(realm.keytabFor('api').encode())
    const client = createKdcClient({ kdc: realm.transport, credentials: { keytab: before, reload, principal: 'api' } })
    expect((await client.forwardedTgt()).client.name.nameString).toEqual(['api'])
  })
})

test('an error of the other copy is known for one of s4u', async () => {
  const theirClient = other.kdcClient.createKdcClient({
    kdc: realm.transport,
    credentials: { principal: 'nobody@AD.TEST', password: 'x' },
  })
  const error: unknown = await theirClient.forwardedTgt().catch((reason: unknown) => reason)
  expect(error).not.toBeInstanceOf(S4uError)
  expect(S4uError.is(error) && [error.name, error.code]).toEqual(['KdcError', 'KDC_ERR_C_PRINCIPAL_UNKNOWN'])
})

test('whom one copy impersonates, the fetch of the other acts as', async () => {
  using negotiator = createNegotiator({ keytab: theirs, kdc: realm.transport, delegation: { principal: 'web' } })
  const authorization = await new Desktop(realm, 'alice').authorization()
  const outcome = await negotiator.authenticate({ headers: { authorization } })
  const identity = outcome.status === 'authenticated' ? outcome.identity : expect.fail('not let in')
  await identity.impersonate(async () => {
    await Promise.resolve()
    expect(currentIdentity()?.principal).toBe('alice@AD.TEST')
    expect(other.fetch.currentIdentity()?.principal).toBe('alice@AD.TEST')
    const header = await other.fetch.authorizationFor('http://api.ad.test/')
    expect(String(header)).not.toBe('')
  })
  expect(other.fetch.currentIdentity()).toBeUndefined()
})

test('a route of one copy knows the negotiator of the other in front of it', async () => {
  const app = express()
  app.use(negotiate({ keytab: realm.keytabFor('web'), mode: 'optional' }))
  app.get('/', other.express.requireIdentity(), (req, res) => void res.send(req.identity.name))
  await using site = await serve(app)
  expect((await site.get('/')).status).toBe(401)
  const authorization = await new Desktop(realm, 'alice').authorization()
  expect(await site.get('/', { authorization })).toMatchObject({ status: 200, body: 'alice' })
})

test.each([
  ['connections', () => ({ connections: other.kdcClient.createKdcConnections({ kdc: realm.transport }) })],
  [
    'a client as armor',
    () => ({
      kdc: realm.transport,
      armor: other.kdcClient.createKdcClient({
        kdc: realm.transport,
        credentials: { keytab: theirs, principal: 'web' },
      }),
    }),
  ],
])('%s of the other copy are refused, and it is said what is the matter', (_what, options) => {
  const credentials = { principal: 'alice@AD.TEST', password: 'x' }
  // Of another class, which the compiler would refuse as well.
  const make = (): unknown => Reflect.apply(createKdcClient, undefined, [{ credentials, ...options() }])
  expect(make).toThrow(
    expect.objectContaining({
      name: 'ConfigurationError',
      hint: expect.stringContaining(
        'another copy of @s4u/kdc-client in this process has made it: npm ls @s4u/kdc-client',
      ),
    }),
  )
  using ours = createKdcConnections({ kdc: realm.transport })
  expect(createKdcClient({ connections: ours, credentials }).realm).toBe('AD.TEST')
})

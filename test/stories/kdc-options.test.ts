import { createKdcConnections } from '@s4u/kdc-client'
import { createNegotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { createTestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'

/** What an app says of its KDCs, in the words of the KDC client. */

const API = 'HTTP/api.ad.test'
const realm = await createTestRealm({
  realm: 'AD.TEST',
  users: { bob: { password: 'builder' } },
  services: {
    web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true, allowedToDelegateTo: [API] },
    api: { spns: [API] },
  },
})
const make = (options: NegotiatorOptions) =>
  createNegotiator({
    keytab: realm.keytabFor('web'),
    delegation: { principal: 'web', protocolTransition: true },
    ...options,
  })
const ticketAsBob = async (options: NegotiatorOptions) => {
  using negotiator = make(options)
  using bob = (await negotiator.identityFor('bob')).impersonate()
  return bob.ticketFor(API)
}
const silent: typeof realm.transport = () => new Promise(() => {})
const exchanges = () => realm.exchanges.length

describe('the options of the KDC client, below kdc', () => {
  test('say where the KDCs are', async () => {
    for (const kdc of [
      realm.transport,
      { kdc: realm.transport },
      { connections: createKdcConnections({ kdc: realm.transport }) },
    ])
      expect((await ticketAsBob({ kdc })).service.name.nameString).toEqual(['HTTP', 'api.ad.test'])
  })

  test('bound an exchange, under the old name as under the new one', async () => {
    const unreached = { name: 'KdcUnreachableError', message: expect.stringContaining('no answer within 20 ms') }
    await expect(ticketAsBob({ kdc: { kdc: silent, timeLimit: 20 } })).rejects.toMatchObject(unreached)
    await expect(ticketAsBob({ kdc: silent, kdcTimeLimit: 20 })).rejects.toMatchObject(unreached)
  })

  test('choose encryption types', async () => {
    const [aes128, aes256] = [
      await ticketAsBob({ kdc: { kdc: realm.transport, encryptionTypes: [17] } }),
      await ticketAsBob({ kdc: realm.transport }),
    ]
    expect([aes128.sessionKey.etype, aes256.sessionKey.etype]).toEqual([17, 18])
  })

  test('name domains, for users who are written with one', async () => {
    using negotiator = make({ kdc: { kdc: realm.transport, domains: { HEADQUARTERS: 'AD.TEST' } } })
    expect((await negotiator.identityFor('HEADQUARTERS\\bob')).principal).toBe('bob@AD.TEST')
    const signedIn = await negotiator.identityFor({ user: 'HEADQUARTERS\\bob', password: 'builder' })
    expect(signedIn.principal).toBe('bob@AD.TEST')
  })

  test('can do without a ticket to be forwarded, for a service that acts for nobody', async () => {
    const forwardable = async (options: NegotiatorOptions['kdc']) => {
      using negotiator = make({ kdc: options })
      const before = exchanges()
      await negotiator.identityFor('bob', { level: 'identification' })
      return realm.exchanges.slice(before).map(({ kind }) => kind)
    }
    expect(await forwardable({ kdc: realm.transport, forwardable: false })).toEqual(await forwardable(realm.transport))
  })

  test('armor passwords, where they require it', async () => {
    using negotiator = make({ kdc: { kdc: realm.transport, fast: 'require' } })
    const before = exchanges()
    await negotiator.identityFor({ user: 'bob', password: 'builder' })
    const ofBob = realm.exchanges.slice(before).filter(({ client }) => client === 'bob@AD.TEST')
    expect(ofBob.map(({ armored }) => armored)).not.toContain(false)
  })

  test('leave open what several negotiators share', async () => {
    using connections = createKdcConnections({ kdc: realm.transport })
    const first = make({ kdc: { connections } })
    await first.identityFor('bob')
    first[Symbol.dispose]()
    using second = make({ kdc: { connections } })
    expect((await second.identityFor('bob')).principal).toBe('bob@AD.TEST')
  })
})

/**
 * Who writes a login form's body writes more than names into it: `identityFor(body.user)` gets
 * whatever JSON can be.
 */
import { createNegotiator, type Negotiator } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const PASSWORD = 'correct horse battery'
let realm: TestRealm
let web: Negotiator

beforeAll(async () => {
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: PASSWORD }, null: { password: 'null' }, five: { password: '5' } },
    services: { web: { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true } },
  })
  web = createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web', protocolTransition: true },
  })
})
afterAll(() => web[Symbol.dispose]())

const faultOf = (subject: unknown): Promise<unknown> =>
  web.identityFor(subject as string).then(
    () => undefined,
    (error: unknown) => error,
  )

describe('who is named by what is no name', () => {
  test.each([
    [null],
    [undefined],
    [5],
    [true],
    [['alice']],
    [{}],
    [{ user: 'alice' }],
    [{ certificate: null }],
    [{ certificate: 'MII' }],
    [{ certificate: {} }],
    [{ certificate: { length: 3 } }],
    [{ certificate: new Uint8Array(3), user: 5 }],
    [Symbol('alice')],
    [Object.create(null)],
  ])('%o is told to be wrong, and no KDC is asked', async (subject) => {
    const before = realm.exchanges.length
    await expect(faultOf(subject)).resolves.toMatchObject({ name: 'ConfigurationError' })
    expect(realm.exchanges).toHaveLength(before)
  })
})

describe('a password that is no text', () => {
  test.each([
    [{ user: 'null', password: null }],
    [{ user: 'five', password: 5 }],
    [{ user: 'five', password: ['5'] }],
    [{ user: 'five', password: { toString: () => '5' } }],
    [{ user: 'alice', password: undefined }],
    [{ user: ['alice'], password: PASSWORD }],
    [{ user: null, password: PASSWORD }],
    [{ password: PASSWORD }],
  ])('%o is not turned into one', async (subject) => {
    const before = realm.exchanges.length
    const fault = await faultOf(subject)
    expect(fault).toMatchObject({ name: 'ConfigurationError' })
    expect(inspect(fault, { depth: 10, showHidden: true })).not.toContain(PASSWORD)
    expect(realm.exchanges).toHaveLength(before)
  })
})

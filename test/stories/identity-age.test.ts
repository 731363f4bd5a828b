/**
 * A user whom the app has authenticated itself is asked about in the directory, and not in a cache:
 * who was disabled does not come in.
 */

import type { CallerIdentity, Negotiator, NegotiatorOptions } from '@s4u/negotiate'
import { createNegotiator } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { beforeEach, describe, expect, test } from 'vitest'
import { selfSigned } from './fixtures/certificate.js'
import { API, corporation, PASSWORD } from './fixtures/corporation.js'

const MINUTE = 60_000
const certificate = new Uint8Array(selfSigned('erin').der)
let realm: TestRealm
let web: Negotiator

const negotiator = (options: NegotiatorOptions = {}): Negotiator =>
  createNegotiator({
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    now: () => realm.now,
    delegation: { principal: 'web', protocolTransition: true },
    ...options,
  })

beforeEach(async () => {
  realm = await corporation(() => Date.now())
  realm.now = Math.floor(Date.now() / 1000) * 1000
  await realm.addUser('erin', { password: PASSWORD, groups: ['Sales'], certificates: [certificate] })
  web = negotiator()
})

const DISABLED = { name: 'KdcError', code: 'KDC_ERR_CLIENT_REVOKED' }
const exchanges = (): number => realm.exchanges.filter(({ kind }) => kind === 'S4U2Self').length

describe.each([
  ['named', 'erin'],
  ['named with her realm', 'erin@AD.TEST'],
  ['known by a certificate', { certificate }],
])('a user %s', (_how, user) => {
  test('comes in without another question to the directory for some minutes', async () => {
    await web.identityFor(user)
    realm.now += 4 * MINUTE
    await web.identityFor(user)
    expect(exchanges()).toBe(1)
  })

  test('who was disabled is refused at the next question, minutes later', async () => {
    await web.identityFor(user)
    realm.change('erin', { disabled: true })
    realm.now += 5 * MINUTE
    await expect(web.identityFor(user)).rejects.toMatchObject(DISABLED)
    expect(exchanges()).toBe(2)
  })

  test('who was disabled is refused at once where the app asks anew, and then by all', async () => {
    await web.identityFor(user)
    realm.change('erin', { disabled: true })
    await expect(web.identityFor(user, { fresh: true })).rejects.toMatchObject(DISABLED)
    await expect(web.identityFor(user)).rejects.toMatchObject(DISABLED)
    realm.change('erin', { disabled: false })
    expect((await web.identityFor(user, { fresh: true })).principal).toBe('erin@AD.TEST')
  })

  test('who was asked about just now is asked about again, as often as the app asks anew', async () => {
    for (let time = 1; time <= 3; time++) {
      await web.identityFor(user, { fresh: true })
      expect(exchanges()).toBe(time)
    }
    realm.change('erin', { disabled: true })
    await expect(web.identityFor(user, { fresh: true })).rejects.toMatchObject(DISABLED)
  })

  test('who left a group is in it no more', async () => {
    const sales = realm.sidOf('Sales')
    const isIn = ({ groups }: CallerIdentity): boolean => groups.includes(sales)
    expect(isIn(await web.identityFor(user))).toBe(true)
    realm.change('erin', { groups: [] })
    expect(isIn(await web.identityFor(user))).toBe(true)
    expect(isIn(await web.identityFor(user, { fresh: true }))).toBe(false)
    expect(isIn(await web.identityFor(user))).toBe(false)
    realm.change('erin', { groups: ['Sales'] })
    realm.now += 5 * MINUTE
    expect(isIn(await web.identityFor(user))).toBe(true)
  })
})

describe('how old an answer may be', () => {
  test('is for the app to say', async () => {
    await web.identityFor('erin')
    realm.change('erin', { disabled: true })
    realm.now += 2 * MINUTE
    await expect(web.identityFor('erin', { maxAge: MINUTE })).rejects.toMatchObject(DISABLED)
    expect((await web.identityFor('bob')).principal).toBe('bob@AD.TEST')
    realm.change('bob', { disabled: true })
    realm.now += 60 * MINUTE
    expect((await web.identityFor('bob', { maxAge: Infinity })).principal).toBe('bob@AD.TEST')
    await expect(web.identityFor('bob')).rejects.toMatchObject(DISABLED)
  })

  test.each([-1, NaN, '60000', null])('and is no %s', async (maxAge) => {
    const options = { maxAge } as unknown as { maxAge: number }
    await expect(web.identityFor('erin', options)).rejects.toMatchObject({ name: 'ConfigurationError' })
    expect(exchanges()).toBe(0)
  })

  test('is measured by a clock that may be set back', async () => {
    let back = 0
    using here = negotiator({ now: () => realm.now - back })
    await here.identityFor('erin')
    realm.change('erin', { disabled: true })
    back = 2 * MINUTE
    await expect(here.identityFor('erin', { maxAge: MINUTE })).rejects.toMatchObject(DISABLED)
  })
})

test('several at once who ask anew each get an answer to their own question', async () => {
  await Promise.all(Array.from({ length: 4 }, () => web.identityFor('erin', { fresh: true })))
  expect(exchanges()).toBe(4)
})

test('what the user may be acted for stays for as long as the tickets do', async () => {
  using erin = (await web.identityFor('erin')).impersonate()
  const ticket = await erin.ticketFor(API)
  realm.now += 30 * MINUTE
  expect(await erin.ticketFor(API)).toBe(ticket)
})

test('instances that share tickets share no old answer', async () => {
  const stored = new Map<string, Uint8Array>()
  const store = {
    get: (key: string) => stored.get(key),
    set: (key: string, value: Uint8Array) => void stored.set(key, value),
  }
  const kdc = { kdc: realm.transport, cache: { shared: { store, secret: 'x'.repeat(32) } } }
  const [here, there] = [negotiator({ kdc }), negotiator({ kdc })]
  await here.identityFor('erin')
  await there.identityFor('erin')
  expect(exchanges()).toBe(1)
  realm.change('erin', { disabled: true })
  realm.now += 5 * MINUTE
  await expect(there.identityFor('erin')).rejects.toMatchObject(DISABLED)
  await expect(negotiator({ kdc }).identityFor('erin', { fresh: true })).rejects.toMatchObject(DISABLED)
})

describe('the app’s permission', () => {
  const permitting = (...names: readonly string[]): Negotiator =>
    negotiator({ delegation: { principal: 'web', protocolTransition: (user) => names.includes(user) } })

  test('holds for whom the directory has resolved a name to', async () => {
    await realm.addUser('Administrator', { password: PASSWORD, upn: 'helpdesk@corp.example' })
    const asked: string[] = []
    const protocolTransition = (user: string): boolean => (asked.push(user), !user.startsWith('Administrator'))
    using site = negotiator({ delegation: { principal: 'web', protocolTransition } })
    for (const user of ['AD\\Administrator', 'helpdesk@corp.example'])
      await expect(site.identityFor(user)).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
    expect(asked).toEqual([
      'AD\\Administrator',
      'Administrator@AD.TEST',
      'helpdesk@corp.example',
      'Administrator@AD.TEST',
    ])
  })

  test('of a name as it stands is asked for once', async () => {
    using site = permitting('erin', 'erin@ad.test', 'bob@AD.TEST')
    for (const user of ['erin', 'erin@ad.test', 'bob@AD.TEST']) await site.identityFor(user)
  })

  test('of a user of another realm is asked for once, by the name in the ticket and not by that in its PAC', async () => {
    const partner = await createTestRealm({
      realm: 'PARTNER.TEST',
      users: { oscar: { password: PASSWORD } },
      trusts: [{ realm }],
      writePac: (contents) => ({
        ...contents,
        ...(contents.logonInfo && { logonInfo: { ...contents.logonInfo, effectiveName: 'Oscar' } }),
      }),
    })
    const asked: string[] = []
    const protocolTransition = (user: string): boolean => (asked.push(user), user === 'oscar@PARTNER.TEST')
    using site = negotiator({ delegation: { principal: 'web', protocolTransition } })
    expect((await site.identityFor('oscar@PARTNER.TEST')).principal).toBe(`oscar@${partner.realm}`)
    expect(asked).toEqual(['oscar@PARTNER.TEST'])
  })

  test('of another way to write it is asked for in both', async () => {
    using half = permitting('AD\\erin')
    await expect(half.identityFor('AD\\erin')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
    using whole = permitting('AD\\erin', 'erin@AD.TEST')
    expect((await whole.identityFor('AD\\erin')).principal).toBe('erin@AD.TEST')
  })
})

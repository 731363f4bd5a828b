import {
  createKdcClient,
  evidenceFromS4u2self,
  type DelegationInputs,
  type KdcClientOptions,
  type ServiceTicket,
} from '@s4u/kdc-client'
import { decode, encodeCcache, formatPrincipal, KdcOption, hasFlag, Key, Keytab, TgsReq } from '@s4u/krb5'
import type { TestRealm } from '@s4u/test-kdc'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { adTest, clientOf, refusalOf, userClient } from './realm-and-clients.js'

const HOUR = 3_600_000
const folder = mkdtempSync(join(tmpdir(), 's4u-sign-in-'))
afterAll(() => rmSync(folder, { recursive: true }))

const signIns = (realm: TestRealm): number =>
  realm.exchanges.filter(({ kind, outcome }) => kind === 'AS' && outcome === 'issued').length

function ccacheOf(tgt: ServiceTicket): Uint8Array {
  const { client, service, sessionKey, flags, authenticatedAt, startsAt, expiresAt, renewableUntil = 0 } = tgt
  const times = { authtime: authenticatedAt, starttime: startsAt, endtime: expiresAt, renewTill: renewableUntil }
  const rest = { isSkey: false, addresses: [], authorizationData: [], secondTicket: new Uint8Array(0) }
  const credential = { client, server: service, key: sessionKey, ...times, flags, ...rest, ticket: tgt.ticket }
  return encodeCcache({ principal: client, credentials: [credential], settings: [], kdcOffset: 0 })
}

describe('the ticket-granting ticket', () => {
  test('is got anew before it ends, while the old one is used', async () => {
    const realm = await adTest({ now: Date.now() })
    const client = clientOf(realm, 'web')
    await client.ticketFor('HTTP/api.ad.test')
    expect(signIns(realm)).toBe(1)
    realm.now += 8.5 * HOUR
    await client.ticketFor('HTTP/vault.ad.test')
    await vi.waitFor(() => expect(signIns(realm)).toBe(2))
    realm.now += 5 * HOUR
    await client.ticketFor('HTTP/kcd.ad.test')
    expect(signIns(realm)).toBe(2)
  })

  test('is kept to its end when no KDC answers', async () => {
    const realm = await adTest({ now: Date.now() })
    const client = clientOf(realm, 'web')
    const before = await client.ticketFor('HTTP/api.ad.test')
    realm.now += 9 * HOUR
    realm.misbehave.dead = true
    expect(await client.ticketFor('HTTP/api.ad.test')).toBe(before)
    await new Promise((resolve) => setImmediate(resolve))
    realm.misbehave.dead = false
    expect(formatPrincipal((await client.ticketFor('HTTP/vault.ad.test')).client)).toBe('web@AD.TEST')
  })

  test('is asked for once by many who come at the same time', async () => {
    const realm = await adTest()
    const client = clientOf(realm, 'web')
    await Promise.all(['api', 'vault', 'kcd', 'rbcd'].map((name) => client.ticketFor(`HTTP/${name}.ad.test`)))
    expect(signIns(realm)).toBe(1)
  })

  test('that the KDC does not take any more is replaced once', async () => {
    const realm = await adTest({ now: Date.now() })
    const real = realm.now
    let frozen = real
    const client = clientOf(realm, 'web', { now: () => frozen })
    await client.ticketFor('HTTP/api.ad.test')
    // The client's clock has stopped; the KDC's goes on until the ticket has ended.
    realm.now += 11 * HOUR
    const ticket = await client.ticketFor('HTTP/vault.ad.test')
    frozen = realm.now
    expect(ticket.expiresAt).toBeGreaterThan(realm.now)
  })
})

describe('a wrong key', () => {
  const wrong = { principal: 'alice@AD.TEST', password: 'wrong' }
  const tries = (realm: TestRealm): number =>
    realm.exchanges.filter(({ outcome }) => outcome === 'KDC_ERR_PREAUTH_FAILED').length

  test('is not tried again by every request', async () => {
    const realm = await adTest({ now: Date.now() })
    const client = userClient(realm, 'alice', { credentials: wrong })
    const errors = []
    for (let request = 0; request < 20; request++)
      errors.push(await refusalOf(client.ticketFor(`HTTP/host${request}.ad.test`)))
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['KDC_ERR_PREAUTH_FAILED']))
    expect(tries(realm)).toBe(1)
    realm.now += 61_000
    await refusalOf(client.ticketFor('HTTP/api.ad.test'))
    expect(tries(realm)).toBe(2)
  })

  test.each([
    ['a password', () => wrong],
    ['two versions in a keytab', (realm: TestRealm) => ({ keytab: twoWrong(realm), reload: () => twoWrong(realm) })],
  ])('tried for a day (%s) never comes to five within the half hour that directories count', async (_what, given) => {
    const realm = await adTest({ now: Date.now() })
    const client = clientOf(realm, 'web', { credentials: given(realm) })
    const times: number[] = []
    for (let request = 0; request < 24 * 120; request++) {
      const before = tries(realm)
      await refusalOf(client.ticketFor('HTTP/api.ad.test'))
      for (let more = before; more < tries(realm); more++) times.push(realm.now)
      realm.now += 30_000
    }
    expect(times.length).toBeGreaterThan(20)
    let counted = 0
    // As directories do: each wrong key begins the half hour anew.
    for (const [index, time] of times.entries()) {
      counted = index > 0 && time - times[index - 1] < 1_800_000 ? counted + 1 : 1
      expect(counted).toBeLessThan(5)
    }
  })

  test('of two in a keytab is tried once more after a second, since the directory may have got it meanwhile', async () => {
    const realm = await adTest({ now: Date.now() })
    await realm.changePassword('web', 'next')
    const next = realm.keytabFor('web')
    await realm.changePassword('web', 'present')
    const present = realm.keytabFor('web')
    const renumbered = next.entries.map((entry) => ({ ...entry, kvno: 99 }))
    const keytab = Keytab.merge([present, new Keytab(renumbered)])
    const transport: typeof realm.transport = async (request, context) => {
      const answer = await realm.transport(request, context)
      // The next key was refused, and the present one has not been shown.
      if (tries(realm) === 1) await realm.changePassword('web', 'next')
      return answer
    }
    const client = clientOf(realm, 'web', { credentials: { keytab }, kdc: transport })
    const { hint } = await refusalOf(client.ticketFor('HTTP/api.ad.test'))
    expect(hint).toContain('ask again after a second, and the newest key is tried once more')
    await refusalOf(client.ticketFor('HTTP/api.ad.test'))
    expect(tries(realm)).toBe(2)
    realm.now += 1_000
    expect(formatPrincipal((await client.ticketFor('HTTP/api.ad.test')).client)).toBe('web@AD.TEST')
    expect(tries(realm)).toBe(2)
  })

  test('that is replaced in the keytab is tried within seconds', async () => {
    const realm = await adTest({ now: Date.now() })
    const path = join(folder, 'late.keytab')
    writeFileSync(path, realm.keytabFile('web'))
    const client = clientOf(realm, 'web', { credentials: { keytab: path } })
    await realm.changePassword('web')
    await refusalOf(client.ticketFor('HTTP/api.ad.test'))
    realm.now += 5_000
    await refusalOf(client.ticketFor('HTTP/vault.ad.test'))
    writeFileSync(path, realm.keytabFile('web'))
    realm.now += 10_000
    expect(formatPrincipal((await client.ticketFor('HTTP/api.ad.test')).client)).toBe('web@AD.TEST')
    expect(tries(realm)).toBe(1)
  })

  test('that was the right one gives way to a newer one in the keytab at once', async () => {
    const realm = await adTest({ now: Date.now() })
    await realm.changePassword('web', 'old')
    const old = realm.keytabFor('web')
    await realm.changePassword('web', 'new')
    const keytab = Keytab.merge([old, realm.keytabFor('web')])
    await realm.changePassword('web', 'old')
    const client = clientOf(realm, 'web', { credentials: { keytab } })
    await client.ticketFor('HTTP/api.ad.test')
    await realm.changePassword('web', 'new')
    realm.now += 11 * HOUR
    expect(formatPrincipal((await client.ticketFor('HTTP/vault.ad.test')).client)).toBe('web@AD.TEST')
  })
})

/** Keys of two versions, neither of which the directory knows. */
function twoWrong(realm: TestRealm): Keytab {
  const { entries } = realm.keytabFor('web')
  const wrongOf = (kvno: number) => entries.map((entry) => ({ ...entry, kvno, key: fixedKey(entry.key.etype, kvno) }))
  return new Keytab([...wrongOf(8), ...wrongOf(9)])
}

function fixedKey(etype: number, fill: number): Key {
  return Key.random(etype, (length) => new Uint8Array(length).fill(fill))
}

describe('a keytab', () => {
  test('that was written anew is read again when the KDC refuses the old key', async () => {
    const realm = await adTest()
    const path = join(folder, 'web.keytab')
    writeFileSync(path, realm.keytabFile('web'))
    const client = clientOf(realm, 'web', { credentials: { keytab: `FILE:${path}` } })
    await realm.changePassword('web')
    writeFileSync(path, realm.keytabFile('web'))
    expect(formatPrincipal((await client.ticketFor('HTTP/api.ad.test')).client)).toBe('web@AD.TEST')
  })

  test('that is given by a function is asked for again', async () => {
    const realm = await adTest()
    const keytab = realm.keytabFor('web')
    const client = clientOf(realm, 'web', { credentials: { keytab, reload: () => realm.keytabFor('web') } })
    await realm.changePassword('web')
    expect(formatPrincipal((await client.ticketFor('HTTP/api.ad.test')).client)).toBe('web@AD.TEST')
  })

  test('that was written before the directory knew the new key works with the old one', async () => {
    const realm = await adTest()
    const old = realm.keytabFor('web')
    const newer = old.entries.map((entry) => ({ ...entry, kvno: entry.kvno + 1, key: Key.random(entry.key.etype) }))
    const keytab = Keytab.merge([old, new Keytab(newer)])
    expect(
      formatPrincipal((await clientOf(realm, 'web', { credentials: { keytab } }).ticketFor('HTTP/api.ad.test')).client),
    ).toBe('web@AD.TEST')
  })

  test('that does not work is tried twice and no more', async () => {
    const realm = await adTest()
    const old = realm.keytabFor('web')
    await realm.changePassword('web')
    const keytab = Keytab.merge([
      old,
      new Keytab(old.entries.map((entry) => ({ ...entry, kvno: 9, key: Key.random(entry.key.etype) }))),
    ])
    await refusalOf(clientOf(realm, 'web', { credentials: { keytab } }).ticketFor('HTTP/api.ad.test'))
    expect(realm.exchanges.filter(({ outcome }) => outcome === 'KDC_ERR_PREAUTH_FAILED').length).toBeLessThanOrEqual(2)
  })

  test('rotated between sign-in and S4U2Self is read again to open the ticket', async () => {
    const realm = await adTest()
    const path = join(folder, 'rotated.keytab')
    writeFileSync(path, realm.keytabFile('web'))
    const client = clientOf(realm, 'web', { credentials: { keytab: path } })
    await client.ticketFor('HTTP/api.ad.test')
    await realm.changePassword('web')
    writeFileSync(path, realm.keytabFile('web'))
    expect(formatPrincipal((await client.s4u2self('alice')).client)).toBe('alice@AD.TEST')
  })

  test.each([
    ['vouches', (): Partial<DelegationInputs> => ({})],
    ['has vouched', (self: ServiceTicket): Partial<DelegationInputs> => ({ evidence: evidenceFromS4u2self(self) })],
  ])('rotated while the service %s for a user makes it vouch again, once', async (_when, more) => {
    const { realm, client, rotate } = await transitioning()
    const grounds = { user: 'alice@AD.TEST', protocolTransition: true, ...more(await client.s4u2self('alice')) }
    await client.ticketAs(grounds, 'HTTP/api.ad.test')
    await rotate()
    const before = realm.exchanges.length
    const { ticket } = await client.ticketAs(grounds, 'HTTP/vault.ad.test')
    expect(formatPrincipal(ticket.client)).toBe('alice@AD.TEST')
    const vouched = (): number => realm.exchanges.slice(before).filter(({ kind }) => kind === 'S4U2Self').length
    expect(vouched()).toBe(1)
    await client.ticketAs(grounds, 'HTTP/kcd.ad.test')
    expect(vouched()).toBe(1)
  })

  test('rotated does not make a service vouch again that may not', async () => {
    const { realm, client, rotate } = await transitioning()
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    await rotate()
    const before = realm.exchanges.length
    const refused = refusalOf(client.ticketAs({ user: 'alice@AD.TEST', evidence }, 'HTTP/vault.ad.test'))
    expect(await refused).toMatchObject({ reason: 'evidence-unusable' })
    expect(realm.exchanges.slice(before).map(({ kind }) => kind)).not.toContain('S4U2Self')
  })

  test('whose versions are not those of the directory does not go back to an older key for it', async () => {
    const realm = await adTest({ now: Date.now() })
    const odd = realm.keytabFor('web').entries.map((entry) => ({ ...entry, kvno: entry.kvno + 50 }))
    const older = odd.map((entry) => ({ ...entry, kvno: 2, key: Key.random(entry.key.etype) }))
    const keytab = new Keytab([...odd, ...older])
    const client = clientOf(realm, 'web', { credentials: { keytab } })
    await client.s4u2self('alice')
    realm.now += 11 * HOUR
    await client.s4u2self('alice')
    expect(realm.exchanges.some(({ outcome }) => outcome === 'KDC_ERR_PREAUTH_FAILED')).toBe(false)
  })

  test('without a usable key says whose keys it has', async () => {
    const realm = await adTest()
    const make = (options: KdcClientOptions['credentials']) => () => clientOf(realm, 'web', { credentials: options })
    expect(make({ keytab: realm.keytabFor('web'), principal: 'api' })).toThrow('it has keys of web@AD.TEST')
    expect(make({ keytab: new Keytab([]) })).toThrow('it has keys of nobody')
    expect(make({ keytab: join(folder, 'none') })).toThrow(/^the keytab \S+ does not exist$/)
  })
})

describe('a ticket from elsewhere', () => {
  test('is read again when its file has changed', async () => {
    const realm = await adTest({ now: Date.now() })
    const path = join(folder, 'ccache')
    writeFileSync(path, ccacheOf(await granted(realm)))
    const client = createKdcClient({
      kdc: realm.transport,
      credentials: { ccache: `FILE:${path}` },
      now: () => realm.now,
    })
    await client.ticketFor('HTTP/api.ad.test')
    realm.now += 12 * HOUR
    writeFileSync(path, ccacheOf(await granted(realm)))
    expect(formatPrincipal((await client.ticketFor('HTTP/vault.ad.test')).client)).toBe('alice@AD.TEST')
  })

  test('that has ended says how to get another', async () => {
    const realm = await adTest({ now: Date.now() })
    const ccache = ccacheOf(await granted(realm))
    const client = createKdcClient({ kdc: realm.transport, credentials: { ccache }, now: () => realm.now })
    realm.now += 12 * HOUR
    expect(await refusalOf(client.ticketFor('HTTP/api.ad.test'))).toMatchObject({
      code: 'KRB_AP_ERR_TKT_EXPIRED',
      hint: expect.stringContaining('kinit alice@AD.TEST'),
    })
  })

  test('may be what a caller forwarded', async () => {
    const realm = await adTest()
    const { client, ticket, sessionKey, flags, expiresAt } = await userClient(realm, 'alice').ticketFor(
      'krbtgt/AD.TEST',
    )
    const tgt = { client, ticket, sessionKey, flags, expiresAt }
    const asAlice = createKdcClient({ kdc: realm.transport, credentials: { tgt }, now: () => realm.now })
    expect(formatPrincipal((await asAlice.ticketFor('HTTP/api.ad.test')).client)).toBe('alice@AD.TEST')
  })

  test.each([
    [
      'a cache without a ticket-granting ticket',
      {
        ccache: encodeCcache({
          principal: { name: { nameType: 1, nameString: ['x'] }, realm: 'X' },
          credentials: [],
          settings: [],
          kdcOffset: 0,
        }),
      },
      /holds no ticket-granting ticket/,
    ],
    ['a cache of another type', { ccache: 'KEYRING:persistent:0' }, /type KEYRING/],
    ['a file that is not there', { ccache: '/nowhere/ccache' }, /nowhere/],
  ])('%s is refused', (_what, credentials, message) => {
    expect(() => createKdcClient({ kdc: 'kdc.ad.test', credentials })).toThrow(message)
  })
})

test.each([
  [{ ccache: '/nowhere/ccache' }, 'KRB5_FCC_NOFILE', '/nowhere/ccache'],
  [{ keytab: '/nowhere/keytab' }, 'KRB5_KT_NOTFOUND', '/nowhere/keytab'],
])(
  'a file of credentials that is not there (%o) is told by the name that MIT gives it',
  async (credentials, code, path) => {
    const made = Promise.resolve().then(() => createKdcClient({ kdc: 'kdc.ad.test', credentials }))
    expect(await refusalOf(made)).toMatchObject({ code, message: expect.stringContaining(path) })
  },
)

test('the clock of the KDC is learned from its sealed replies, and used from then on', async () => {
  const realm = await adTest({ now: Date.now() })
  const client = clientOf(realm, 'web', { now: () => realm.now - 400_000 })
  await client.ticketFor('HTTP/api.ad.test')
  const refused = (): number => realm.exchanges.filter(({ outcome }) => outcome === 'KRB_AP_ERR_SKEW').length
  expect(refused()).toBe(1)
  await client.ticketFor('HTTP/vault.ad.test')
  expect(refused()).toBe(1)
})

test('a client that may not have forwardable tickets does not ask for them', async () => {
  const realm = await adTest()
  const sent: Uint8Array[] = []
  const kdc: KdcClientOptions['kdc'] = (request, context) => {
    sent.push(request)
    return realm.transport(request, context)
  }
  await userClient(realm, 'carol', { kdc }).ticketFor('HTTP/api.ad.test')
  const [request] = sent.filter(([tag]) => tag === 0x6c)
  expect(hasFlag(decode(TgsReq, request).reqBody.kdcOptions, KdcOption.FORWARDABLE)).toBe(false)
})

/** A service that vouches for users, and whose key can be changed behind its back. */
async function transitioning() {
  const allowedToDelegateTo = ['HTTP/api.ad.test', 'HTTP/vault.ad.test', 'HTTP/kcd.ad.test']
  const web = { spns: ['HTTP/web.ad.test'], trustedToAuthForDelegation: true, allowedToDelegateTo }
  const realm = await adTest({ services: { web } })
  const keytab = join(folder, `transition-${Math.random()}.keytab`)
  writeFileSync(keytab, realm.keytabFile('web'))
  const client = clientOf(realm, 'web', { credentials: { keytab } })
  const rotate = async (): Promise<void> => {
    await realm.changePassword('web')
    writeFileSync(keytab, realm.keytabFile('web'))
  }
  return { realm, client, rotate }
}

/** A ticket-granting ticket of alice. */
function granted(realm: TestRealm): Promise<ServiceTicket> {
  return userClient(realm, 'alice').ticketFor('krbtgt/AD.TEST')
}

import type { KdcTransport } from '@s4u/kdc-client'
import { AsReq, decode, encode, findPaData, formatPrincipal, type KdcReq, kerberosFlags, PaType } from '@s4u/krb5'
import type { Misbehaviour, TestRealm, TestRealmOptions } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf, userClient } from './realm-and-clients.js'
import { LyingKdc } from '../hostile/lying-kdc.js'

const HOUR = 3_600_000
const API = 'HTTP/api.ad.test'
const VAULT = 'HTTP/vault.ad.test'

/**
 * A service whose ticket-granting ticket is about to end: whoever comes next waits for a sign-in
 * that this ticket armors.
 */
async function aboutToSignIn(
  options: Partial<TestRealmOptions> = {},
  via: (realm: TestRealm) => KdcTransport = ({ transport }) => transport,
) {
  const realm = await adTest(options)
  const client = clientOf(realm, 'web', { kdc: via(realm) })
  await client.ticketFor(API)
  realm.now += 10 * HOUR - 30_000
  const before = realm.exchanges.length
  return { realm, client, signIns: () => realm.exchanges.slice(before).filter(({ kind }) => kind === 'AS') }
}

const REJECTED = { name: 'RejectedTokenError' }

describe('a sign-in inside of FAST', () => {
  test('goes through when the KDC is honest', async () => {
    const { client, signIns } = await aboutToSignIn()
    expect(formatPrincipal((await client.ticketFor(VAULT)).client)).toBe('web@AD.TEST')
    expect(signIns()).toMatchObject([
      { armored: true, outcome: 'KDC_ERR_PREAUTH_REQUIRED' },
      { armored: true, outcome: 'issued' },
    ])
  })

  test('goes through with a password, with other encryption types, and without pre-authentication', async () => {
    const users = { dora: { password: 'pw-dora', withoutPreAuthentication: true } }
    const realm = await adTest({ users })
    const clients = [
      userClient(realm, 'alice'),
      userClient(realm, 'bob', { encryptionTypes: [17] }),
      // In another spelling, so that the reply alone tells the salt, and does so within its armor.
      userClient(realm, 'DORA', { credentials: { principal: 'DORA@AD.TEST', password: 'pw-dora' } }),
    ]
    for (const client of clients) await client.ticketFor(API)
    realm.now += 10 * HOUR - 30_000
    const before = realm.exchanges.length
    for (const client of clients) await client.ticketFor(VAULT)
    const armored = realm.exchanges
      .slice(before)
      .filter((exchange) => exchange.armored && exchange.outcome === 'issued')
    expect(armored.map(({ client }) => client)).toEqual(['alice@AD.TEST', 'bob@AD.TEST', 'DORA@AD.TEST'])
  })

  test('is not tried where the KDC does not offer it', async () => {
    const { client, signIns } = await aboutToSignIn({ fast: 'off' })
    await client.ticketFor(VAULT)
    expect(signIns().map(({ armored, outcome }) => [armored, outcome])).toEqual([
      [undefined, 'KDC_ERR_PREAUTH_REQUIRED'],
      [undefined, 'issued'],
    ])
  })

  test('is tried where FAST is offered in the error before the reply alone', async () => {
    const realm = await adTest()
    const kdc = new LyingKdc(
      realm,
      realm.keytabFor('web').entries.map(({ key }) => key),
    )
    const client = clientOf(realm, 'web', { kdc: kdc.transport })
    kdc.asLie = (told) => ({ ...told, part: { ...told.part, flags: kerberosFlags(), encryptedPaData: undefined } })
    await client.ticketFor(API)
    realm.now += 10 * HOUR - 30_000
    const before = realm.exchanges.length
    await client.ticketFor(VAULT).catch(() => {})
    expect(realm.exchanges[before]).toMatchObject({ kind: 'AS', armored: true })
  })

  test('is tried where FAST is offered within the sealed reply alone, which nobody on the way can take out', async () => {
    const users = { dora: { password: 'pw-dora', withoutPreAuthentication: true } }
    const realm = await adTest({ users })
    const client = userClient(realm, 'dora')
    await client.ticketFor(API)
    expect(realm.exchanges.map(({ outcome }) => outcome)).not.toContain('KDC_ERR_PREAUTH_REQUIRED')
    realm.now += 10 * HOUR - 30_000
    await client.ticketFor(VAULT)
    expect(realm.exchanges.filter(({ kind }) => kind === 'AS').at(-1)).toMatchObject({ armored: true })
  })
})

/** The lies of a KDC that has the armor ticket's key, or of somebody who has got hold of it. */
const lies: readonly (readonly [lie: keyof Misbehaviour, code: string, message: string])[] = [
  ['fastWrongNonce', 'KRB_AP_ERR_MODIFIED', 'answers another request: the nonce inside its armor is wrong'],
  ['fastWrongKey', 'KRB_AP_ERR_BAD_INTEGRITY', 'is armored with another key than the request'],
  ['fastStripped', 'KRB_AP_ERR_MODIFIED', 'is not armored, although the request was'],
  ['fastNoFinished', 'KRB_AP_ERR_MODIFIED', 'has no `finished`: nothing binds the ticket to the armor'],
  ['fastWrongChecksum', 'KRB_AP_ERR_MODIFIED', 'carries another ticket than its armor says'],
  ['fastWrongClient', 'KRB_AP_ERR_MODIFIED', 'names another client than its armor'],
  ['fastWrongRealm', 'KRB_AP_ERR_MODIFIED', 'names another client than its armor'],
  ['fastUnusedStrengthenKey', 'KRB_AP_ERR_BAD_INTEGRITY', 'does not open with the client’s key'],
  ['fastNoChallenge', 'KRB_AP_ERR_MODIFIED', 'does not show that the KDC knows the client’s key'],
  ['fastWrongChallenge', 'KRB_AP_ERR_BAD_INTEGRITY', 'shows another key than the client’s'],
]

/** Lies in the answer to the request that shows the key, and not in the error before it. */
const lieInReplies =
  (lie: keyof Misbehaviour) =>
  (realm: TestRealm): KdcTransport =>
  (request, context) => {
    const { armored, outcome } = realm.exchanges.at(-1) ?? {}
    Object.assign(realm.misbehave, { [lie]: armored && outcome === 'KDC_ERR_PREAUTH_REQUIRED' })
    return realm.transport(request, context)
  }

describe.each(lies)('a KDC that lies inside of FAST (%s)', (lie, code, message) => {
  test('is refused at sign-in, and told by which of the checks', async () => {
    const { realm, client, signIns } = await aboutToSignIn({}, lieInReplies(lie))
    expect(await refusalOf(client.ticketFor(VAULT))).toMatchObject({
      ...REJECTED,
      code,
      message: `AS: the KDC's reply ${message}`,
    })
    expect(signIns()).toMatchObject([
      { armored: true, outcome: 'KDC_ERR_PREAUTH_REQUIRED' },
      { armored: true, outcome: 'issued' },
    ])
    expect(realm.exchanges.at(-1)?.kind).toBe('AS')
  })

  test('leaves nothing behind: the next honest answer is taken', async () => {
    const { client } = await aboutToSignIn({}, lieInReplies(lie))
    await refusalOf(client.ticketFor(VAULT))
    expect(formatPrincipal((await client.ticketFor(VAULT)).client)).toBe('web@AD.TEST')
  })
})

describe('a KDC that leaves out what makes the key of its reply stronger (fastNoStrengthenKey)', () => {
  test('is refused when it has not left it out before', async () => {
    const { realm, client, signIns } = await aboutToSignIn()
    await client.ticketFor(VAULT)
    realm.now += 10 * HOUR - 30_000
    realm.misbehave.fastNoStrengthenKey = true
    const refused = {
      ...REJECTED,
      code: 'KRB_AP_ERR_MODIFIED',
      message: "AS: the KDC's reply has no key that makes its own stronger, as replies had before",
    }
    expect(await refusalOf(client.ticketFor(API))).toMatchObject(refused)
    // Without armor there is nothing to leave out; and it is not forgotten meanwhile.
    await client.ticketFor(API)
    expect(signIns().at(-1)?.armored).toBeUndefined()
    realm.now += 10 * HOUR - 30_000
    expect(await refusalOf(client.ticketFor(VAULT))).toMatchObject(refused)
  })

  test('is believed when it never does, as Heimdal’s does not', async () => {
    const { realm, client, signIns } = await aboutToSignIn({ misbehave: { fastNoStrengthenKey: true } })
    await client.ticketFor(VAULT)
    realm.now += 10 * HOUR - 30_000
    await client.ticketFor(API)
    expect(signIns().filter(({ armored, outcome }) => armored && outcome === 'issued').length).toBe(2)
  })
})

describe.each<[lie: keyof Misbehaviour]>([['fastPlainErrors'], ['fastWrongNonce'], ['fastWrongKey'], ['fastNoError']])(
  'a KDC whose errors are not in the armor, or not for this request (%s)',
  (lie) => {
    test('is not believed: nothing is shown inside of that armor, and the sign-in begins anew without', async () => {
      const { client, signIns } = await aboutToSignIn({ misbehave: { [lie]: true } })
      expect(formatPrincipal((await client.ticketFor(VAULT)).client)).toBe('web@AD.TEST')
      expect(signIns().map(({ armored, outcome }) => [armored, outcome])).toEqual([
        [true, 'KDC_ERR_PREAUTH_REQUIRED'],
        // A real KDC may answer in the clear once, by a clock that differs; an armor that is none
        // is nobody's mistake.
        ...(lie === 'fastPlainErrors' ? [[true, 'KDC_ERR_PREAUTH_REQUIRED']] : []),
        [undefined, 'KDC_ERR_PREAUTH_REQUIRED'],
        [undefined, 'issued'],
      ])
    })

    test('says nothing that counts of the account: it is asked again without armor, which can be told no better', async () => {
      const { realm, client, signIns } = await aboutToSignIn({ misbehave: { [lie]: true } })
      realm.change('web', { disabled: true })
      expect(await refusalOf(client.ticketFor(VAULT))).toMatchObject({
        name: 'KdcError',
        code: 'KDC_ERR_CLIENT_REVOKED',
        message: expect.stringMatching(/^AS: /),
      })
      expect(signIns().at(-1)).toMatchObject({ outcome: 'KDC_ERR_CLIENT_REVOKED' })
      expect(signIns().at(-1)?.armored).toBeUndefined()
    })
  },
)

test('an error inside of the armor is believed at once', async () => {
  const { realm, client, signIns } = await aboutToSignIn()
  realm.change('web', { disabled: true })
  expect(await refusalOf(client.ticketFor(VAULT))).toMatchObject({ name: 'KdcError', code: 'KDC_ERR_CLIENT_REVOKED' })
  expect(signIns().map(({ armored, outcome }) => [armored, outcome])).toEqual([[true, 'KDC_ERR_CLIENT_REVOKED']])
})

describe('a conversation whose cookie is lost', () => {
  test('ends with what the KDC says of it, and is not taken for a wrong key', async () => {
    const { realm, client, signIns } = await aboutToSignIn({ misbehave: { fastNoCookie: true } })
    expect(await refusalOf(client.ticketFor(VAULT))).toMatchObject({
      name: 'KdcError',
      code: 'KDC_ERR_PREAUTH_EXPIRED',
      message: expect.stringMatching(/^AS: sign-in of web@AD.TEST/),
    })
    expect(signIns().map(({ outcome }) => outcome)).toEqual(['KDC_ERR_PREAUTH_REQUIRED', 'KDC_ERR_PREAUTH_EXPIRED'])
    realm.misbehave.fastNoCookie = false
    realm.now += 11_000
    expect(formatPrincipal((await client.ticketFor(VAULT)).client)).toBe('web@AD.TEST')
  })
})

describe('somebody on the way who takes the armor off', () => {
  const withoutArmor = (request: KdcReq): KdcReq => ({
    ...request,
    padata: request.padata?.filter(({ padataType }) => padataType !== PaType.FX_FAST),
  })

  test('the request gets an answer that is not believed', async () => {
    let active = false
    const meddling =
      (realm: () => TestRealm): KdcTransport =>
      (request, context) => {
        const strips = active && request[0] === AS_REQ
        return realm().transport(strips ? encode(AsReq, withoutArmor(decode(AsReq, request))) : request, context)
      }
    const users = { web2: { password: 'pw-web2', withoutPreAuthentication: true } }
    const realm = await adTest({ users })
    const client = userClient(realm, 'web2', { kdc: meddling(() => realm) })
    await client.ticketFor(API)
    realm.now += 10 * HOUR - 30_000
    active = true
    expect(await refusalOf(client.ticketFor(VAULT))).toMatchObject({
      ...REJECTED,
      code: 'KRB_AP_ERR_MODIFIED',
      message: expect.stringMatching(/^AS: the KDC's reply is not armored/),
    })
  })
})

test('what an armored request says in the clear tells nobody’s key: no timestamp that a dictionary could be tried on', async () => {
  const sent: Uint8Array[] = []
  const realm = await adTest()
  const kdc: KdcTransport = (request, context) => {
    sent.push(request)
    return realm.transport(request, context)
  }
  const client = clientOf(realm, 'web', { kdc })
  await client.ticketFor(API)
  realm.now += 10 * HOUR - 30_000
  const before = sent.length
  await client.ticketFor(VAULT)
  const requests = sent.slice(before).filter(([tag]) => tag === AS_REQ)
  expect(requests.length).toBe(2)
  for (const request of requests) {
    const { padata } = decode(AsReq, request)
    expect(padata?.map(({ padataType }) => padataType)).toEqual([PaType.FX_FAST])
    expect(findPaData(padata, PaType.ENC_TIMESTAMP)).toBeUndefined()
  }
})

const AS_REQ = 0x6a

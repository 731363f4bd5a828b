import {
  ConfigurationError,
  evidenceFromS4u2self,
  isForwardable,
  type KdcClientOptions,
  type KdcTransport,
} from '@s4u/kdc-client'
import {
  AsReq,
  decode,
  encode,
  findPaData,
  type KdcReq,
  Key,
  Keytab,
  KRB_ERROR_CODES as KRB,
  KrbError,
  MethodData,
  PaType,
} from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf } from './kdc-client-realm.js'
import { Meddler } from './meddler.js'

/**
 * Somebody who sits between a service and its KDC, TCP included, and writes errors in the KDC's
 * place. While he is there he can deny anything. What is tested here is that it ends with him, or
 * within a bound that has a name.
 */

const API = 'HTTP/api.ad.test'
const HOUR = 3_600_000
const MINUTE = 60_000

async function site() {
  const realm = await adTest({ now: Date.now() })
  const meddler = new Meddler(realm)
  const client = clientOf(realm, 'web', { kdc: meddler.transport })
  const outcomes = (): unknown[] => realm.exchanges.map(({ outcome }) => outcome)
  return { realm, meddler, client, outcomes }
}

const errorOf = (errorCode: number, stime = Date.now()): KrbError => ({
  stime: Math.floor(stime / 1_000) * 1_000,
  susec: 0,
  errorCode,
  realm: 'AD.TEST',
  sname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] },
})

const isSignIn = ({ reqBody }: KdcReq): boolean => reqBody.cname !== undefined
const showsKey = ({ padata = [] }: KdcReq): boolean =>
  padata.some(({ padataType }) => padataType === PaType.ENC_TIMESTAMP)

describe('an error that calls the key wrong', () => {
  test('holds for a minute where the key has worked, however often it comes', async () => {
    const { realm, meddler, client } = await site()
    await client.ticketFor('HTTP/vault.ad.test')
    realm.now += 11 * HOUR
    meddler.forge = (request) => (showsKey(request) ? errorOf(KRB.KDC_ERR_PREAUTH_FAILED, realm.now) : undefined)
    for (let turn = 0; turn < 8; turn++) {
      const before = meddler.requests.length
      expect(await refusalOf(client.ticketFor(API))).toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED' })
      expect(meddler.requests.length).toBe(before + 2)
      // Within the minute nothing is asked.
      expect(await refusalOf(client.ticketFor('HTTP/kcd.ad.test'))).toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED' })
      expect(meddler.requests.length).toBe(before + 2)
      realm.now += MINUTE
    }
    meddler.forge = () => undefined
    expect((await client.ticketFor(API)).service.name.nameString).toEqual(['HTTP', 'api.ad.test'])
  })

  test('holds for ten seconds where no key was shown', async () => {
    const { realm, meddler, client } = await site()
    meddler.forge = (request) => (isSignIn(request) ? errorOf(KRB.KDC_ERR_PREAUTH_FAILED) : undefined)
    for (let turn = 0; turn < 4; turn++) {
      await refusalOf(client.ticketFor(API))
      realm.now += 10_000
    }
    meddler.forge = () => undefined
    expect((await client.ticketFor(API)).client.name.nameString).toEqual(['web'])
  })

  test('does not choose another key for the next time', async () => {
    const { realm, meddler, outcomes } = await site()
    const right = realm.keytabFor('web')
    const older = right.entries.map((entry) => ({ ...entry, kvno: 0, key: Key.random(entry.key.etype) }))
    const keytab = Keytab.merge([right, new Keytab(older)])
    let isAway = false
    const client = clientOf(realm, 'web', {
      credentials: { keytab },
      kdc: (request, context) => (isAway ? Promise.reject(new Error('away')) : meddler.transport(request, context)),
    })
    meddler.forge = (request) => {
      if (!showsKey(request)) return undefined
      // Once the client has turned to the older key, nobody answers any more.
      isAway = true
      return errorOf(KRB.KDC_ERR_PREAUTH_FAILED)
    }
    expect((await refusalOf(client.ticketFor(API))).message).toContain('away')
    isAway = false
    meddler.forge = () => undefined
    await client.ticketFor(API)
    expect(outcomes()).not.toContain('KDC_ERR_PREAUTH_FAILED')
  })
})

test('a reply that does not open does not choose another key for the next time', async () => {
  const { realm, meddler, outcomes } = await site()
  const right = realm.keytabFor('web')
  const older = right.entries.map((entry) => ({ ...entry, kvno: 0, key: Key.random(entry.key.etype) }))
  const client = clientOf(realm, 'web', {
    credentials: { keytab: Keytab.merge([right, new Keytab(older)]) },
    kdc: meddler.transport,
  })
  meddler.changeReply = (reply) => ({
    ...reply,
    encPart: { ...reply.encPart, cipher: reply.encPart.cipher.map((octet) => octet ^ 1) },
  })
  await refusalOf(client.ticketFor(API))
  meddler.changeReply = (reply) => reply
  await client.ticketFor(API)
  expect(outcomes()).not.toContain('KDC_ERR_PREAUTH_FAILED')
})

test('a policy that forbids forwardable tickets is asked for again after a minute, and what was got meanwhile is forgotten', async () => {
  const { realm, meddler, client } = await site()
  meddler.forge = (request) =>
    isSignIn(request) && (request.reqBody.kdcOptions[0] & 0x40) !== 0 ? errorOf(KRB.KDC_ERR_POLICY) : undefined
  expect(isForwardable(await client.s4u2self('alice'))).toBe(false)
  meddler.forge = () => undefined
  expect(isForwardable(await client.s4u2self('alice'))).toBe(false)
  realm.now += MINUTE
  // Whoever comes then has the ticket-granting ticket got anew, and does not wait for it.
  await client.ticketFor('HTTP/vault.ad.test')
  await expect.poll(async () => isForwardable(await client.s4u2self('alice'))).toBe(true)
  const ticket = await client.s4u2proxy(evidenceFromS4u2self(await client.s4u2self('alice')), API)
  expect(ticket.client.name.nameString).toEqual(['alice'])
})

test('what was got while the KDC seemed to forbid forwardable tickets is shared with nobody', async () => {
  const { realm, meddler } = await site()
  const kept = new Map<string, Uint8Array>()
  const store = {
    get: async (key: string) => kept.get(key),
    set: async (key: string, value: Uint8Array) => void kept.set(key, value),
  }
  const shared = { secret: 'a secret of thirty-two octets or more', store }
  const client = clientOf(realm, 'web', { kdc: meddler.transport, cache: { shared } })
  meddler.forge = (request) =>
    isSignIn(request) && (request.reqBody.kdcOptions[0] & 0x40) !== 0 ? errorOf(KRB.KDC_ERR_POLICY) : undefined
  await client.s4u2self('alice')
  expect(kept.size).toBe(0)
  meddler.forge = () => undefined
  await clientOf(realm, 'web', { kdc: meddler.transport, cache: { shared } }).s4u2self('alice')
  expect(kept.size).toBe(1)
})

test.each([
  ['at sign-in', isSignIn],
  ['for a ticket', (request: KdcReq) => !isSignIn(request)],
])('a clock that an error tells (%s) is not taken, although the KDC bears the difference', async (_when, concerns) => {
  const { realm, meddler, outcomes } = await site()
  let drift = 0
  const client = clientOf(realm, 'web', { kdc: meddler.transport, now: () => realm.now + drift })
  let forged = 0
  meddler.forge = (request) =>
    concerns(request) && forged++ === 0 ? errorOf(KRB.KRB_AP_ERR_SKEW, realm.now - 280_000) : undefined
  await client.ticketFor('HTTP/vault.ad.test')
  expect(forged).toBeGreaterThan(0)
  // With the forged clock this would be more than five minutes.
  drift = -60_000
  await client.ticketFor(API)
  expect(outcomes()).not.toContain('KRB_AP_ERR_SKEW')
})

test.each([
  ['KRB_AP_ERR_TKT_EXPIRED', KRB.KRB_AP_ERR_TKT_EXPIRED],
  ['KRB_AP_ERR_BAD_INTEGRITY', KRB.KRB_AP_ERR_BAD_INTEGRITY],
  ['KDC_ERR_TGT_REVOKED', KRB.KDC_ERR_TGT_REVOKED],
])(
  'a ticket-granting ticket that an error calls of no use (%s) is kept until there is another',
  async (_name, code) => {
    const { meddler, client, outcomes } = await site()
    await client.ticketFor('HTTP/vault.ad.test')
    const before = outcomes().length
    meddler.forge = (request) => errorOf(isSignIn(request) ? KRB.KDC_ERR_CLIENT_REVOKED : code)
    expect(await refusalOf(client.ticketFor(API))).toMatchObject({ code: 'KDC_ERR_CLIENT_REVOKED' })
    meddler.forge = () => undefined
    // At once, with no sign-in, which is not tried again for a while.
    expect((await client.ticketFor('HTTP/kcd.ad.test')).client.name.nameString).toEqual(['web'])
    expect(outcomes().slice(before)).toEqual(['issued'])
  },
)

describe('a refusal', () => {
  test('is forgotten after ten seconds, unless it was told to hold for up to a minute', async () => {
    const { realm, meddler } = await site()
    for (const [cache, wait] of [[undefined, 10_000] as const, [{ refusedFor: MINUTE }, MINUTE] as const]) {
      const client = clientOf(realm, 'web', { kdc: meddler.transport, ...(cache && { cache }) })
      await client.ticketFor('HTTP/vault.ad.test')
      meddler.forge = () => errorOf(KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN)
      await refusalOf(client.ticketFor(API))
      meddler.forge = () => undefined
      realm.now += wait - 1
      await refusalOf(client.ticketFor(API))
      realm.now += 1
      await client.ticketFor(API)
    }
  })

  test.each([60_001, -1, NaN])('cannot be told to hold for %d ms', async (refusedFor) => {
    const cache: KdcClientOptions['cache'] = { refusedFor }
    const { realm } = await site()
    expect(() => clientOf(realm, 'web', { cache })).toThrow(ConfigurationError)
    expect(() => clientOf(realm, 'web', { cache })).toThrow(/cache.refusedFor is (NaN|-?\d+), not .* from 0 to 60000$/)
  })
})

/**
 * A KDC that says that it takes armored requests, and somebody who answers those in its place, in
 * the clear.
 */
async function armoredSite(forged: Partial<KrbError>) {
  const realm = await adTest({ now: Date.now() })
  const heard = { armored: 0 }
  const kdc: KdcTransport = async (request, { realm: to }) => {
    const isArmored = request[0] === 0x6a && findPaData(decode(AsReq, request).padata, PaType.FX_FAST) !== undefined
    if (isArmored) {
      heard.armored++
      return encode(KrbError, { ...errorOf(KRB.KRB_ERR_GENERIC, realm.now - 24 * HOUR), ...forged })
    }
    const answer = await realm.transport(request, { realm: to })
    return answer[0] === 0x7e ? encode(KrbError, offeringArmor(decode(KrbError, answer))) : answer
  }
  const client = clientOf(realm, 'web', { kdc })
  const signIns = (): unknown[] => realm.exchanges.filter(({ kind }) => kind === 'AS').map(({ outcome }) => outcome)
  return { realm, client, heard, signIns }
}

function offeringArmor(error: KrbError): KrbError {
  if (error.errorCode !== KRB.KDC_ERR_PREAUTH_REQUIRED || error.eData === undefined) return error
  const armor = { padataType: PaType.FX_FAST, padataValue: new Uint8Array(0) }
  return { ...error, eData: encode(MethodData, [...decode(MethodData, error.eData), armor]) }
}

const garbage = encode(MethodData, [{ padataType: PaType.FX_FAST, padataValue: Uint8Array.of(1, 2, 3) }])

describe('an error in the clear to an armored sign-in', () => {
  test.each([
    ['KDC_ERR_PREAUTH_FAILED', { errorCode: KRB.KDC_ERR_PREAUTH_FAILED }],
    ['KDC_ERR_PREAUTH_REQUIRED', { errorCode: KRB.KDC_ERR_PREAUTH_REQUIRED }],
    ['KRB_AP_ERR_SKEW', { errorCode: KRB.KRB_AP_ERR_SKEW }],
    ['KDC_ERR_POLICY', { errorCode: KRB.KDC_ERR_POLICY }],
    ['KDC_ERR_WRONG_REALM', { errorCode: KRB.KDC_ERR_WRONG_REALM, crealm: 'MALLORY.TEST' }],
    ['KDC_ERR_CLIENT_REVOKED', { errorCode: KRB.KDC_ERR_CLIENT_REVOKED }],
    ['KRB_AP_ERR_BAD_INTEGRITY', { errorCode: KRB.KRB_AP_ERR_BAD_INTEGRITY }],
    ['an armor that does not open', { errorCode: KRB.KDC_ERR_PREAUTH_FAILED, eData: garbage }],
  ])('(%s) moves nothing: what it stands for is asked for anew without armor', async (_name, forged) => {
    const { realm, client, heard, signIns } = await armoredSite(forged)
    await client.ticketFor('HTTP/vault.ad.test')
    realm.now += 9 * HOUR
    await client.ticketFor('HTTP/kcd.ad.test')
    await expect.poll(signIns).toEqual(['KDC_ERR_PREAUTH_REQUIRED', 'issued', 'KDC_ERR_PREAUTH_REQUIRED', 'issued'])
    // One error is not enough to do without armor, unless it is in an armor that is none.
    expect(heard.armored).toBe('eData' in forged ? 1 : 2)
    // The new ticket-granting ticket is in use, and it can be forwarded.
    realm.now += 8 * HOUR
    expect(isForwardable(await client.s4u2self('alice'))).toBe(true)
  })
})

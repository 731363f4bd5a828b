import { evidenceFromS4u2self, type KdcClientOptions, type KdcTransport } from '@s4u/kdc-client'
import {
  decode,
  encode,
  formatPrincipal,
  type KdcRep,
  type KdcReq,
  KRB_ERROR_CODES as KRB,
  KrbError,
  PaType,
  TgsRep,
  TgsReq,
} from '@s4u/krb5'
import type { Misbehaviour, TestRealm, TestRealmOptions } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf } from './realm-and-clients.js'

const API = 'HTTP/api.ad.test'
const VAULT = 'HTTP/vault.ad.test'
const TGS_REQ = 0x6c
const TGS_REP = 0x6d

/** A service whose requests for tickets go in armor: its own, or that of the machine `kcd`. */
async function armoredService(options: Partial<TestRealmOptions> = {}, more: Partial<KdcClientOptions> = {}) {
  const realm = await adTest(options)
  const client = clientOf(realm, 'web', { armor: { keytab: realm.keytabFor('kcd') }, fast: 'require', ...more })
  const tickets = () => realm.exchanges.filter(({ kind, client: asker }) => kind !== 'AS' && asker === 'web@AD.TEST')
  return { realm, client, tickets }
}

/**
 * A client that has nothing but the ticket-granting ticket of `web`, so that it cannot open
 * tickets.
 */
async function withoutKey(realm: TestRealm, more: Partial<KdcClientOptions> = {}) {
  const tgt = await clientOf(realm, 'web').tgtToForward()
  return clientOf(realm, 'web', { credentials: { tgt }, ...more })
}

describe('requests for tickets', () => {
  test('carry the machine beside who asks, where the KDC takes it', async () => {
    const { realm, client, tickets } = await armoredService({ compoundIdentity: true })
    await client.ticketFor(API)
    const self = await client.s4u2self('alice')
    await client.s4u2proxy(evidenceFromS4u2self(self), API)
    expect(tickets()).toMatchObject([
      { kind: 'TGS', armored: true, device: 'kcd@AD.TEST', outcome: 'issued' },
      { kind: 'S4U2Self', armored: true, device: 'kcd@AD.TEST', outcome: 'issued' },
      { kind: 'S4U2Proxy', armored: true, device: 'kcd@AD.TEST', outcome: 'issued' },
    ])
    expect(realm.exchanges.filter(({ kind, client: asker }) => kind === 'AS' && asker === 'web@AD.TEST')).toMatchObject(
      [
        { armored: true, device: 'kcd@AD.TEST' },
        { armored: true, device: 'kcd@AD.TEST' },
      ],
    )
  })

  test('are armored by themselves where it does not, which is found out once a minute', async () => {
    const { realm, client, tickets } = await armoredService()
    await client.ticketFor(API)
    await client.ticketFor(VAULT)
    const inArmor = { armored: true, outcome: 'issued' }
    expect(tickets()).toMatchObject([{ outcome: 'KDC_ERR_PREAUTH_FAILED' }, inArmor, inArmor])
    realm.now += 61_000
    await client.ticketFor('HTTP/kcd.ad.test')
    expect(tickets().slice(3)).toMatchObject([{ outcome: 'KDC_ERR_PREAUTH_FAILED' }, inArmor])
  })

  test('go without where nothing asks for armor', async () => {
    const { client, tickets } = await armoredService({}, { armor: undefined, fast: 'allow' })
    await client.ticketFor(API)
    expect(tickets().map(({ armored }) => armored)).toEqual([undefined])
  })

  test('that are refused within the armor are refused: no other armor is tried', async () => {
    const { client, tickets } = await armoredService({ compoundIdentity: true })
    expect(await refusalOf(client.ticketFor('HTTP/nowhere.ad.test'))).toMatchObject({
      name: 'KdcError',
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
    })
    expect(tickets()).toMatchObject([{ armored: true, outcome: 'KDC_ERR_S_PRINCIPAL_UNKNOWN' }])
  })
})

const lies: readonly (readonly [lie: keyof Misbehaviour, code: string, message: string])[] = [
  ['fastWrongNonce', 'KRB_AP_ERR_MODIFIED', 'answers another request: the nonce inside its armor is wrong'],
  ['fastWrongKey', 'KRB_AP_ERR_BAD_INTEGRITY', 'is armored with another key than the request'],
  ['fastNoFinished', 'KRB_AP_ERR_MODIFIED', 'has no `finished`: nothing binds the ticket to the armor'],
  ['fastWrongChecksum', 'KRB_AP_ERR_MODIFIED', 'carries another ticket than its armor says'],
  ['fastWrongClient', 'KRB_AP_ERR_MODIFIED', 'names another client than its armor'],
  ['fastWrongRealm', 'KRB_AP_ERR_MODIFIED', 'names another client than its armor'],
  ['fastUnusedStrengthenKey', 'KRB_AP_ERR_BAD_INTEGRITY', 'does not open with the key of this request'],
]

describe.each(lies)('a KDC that lies inside of FAST about a ticket (%s)', (lie, code, message) => {
  test('is refused, and told by which of the checks; the next honest answer is taken', async () => {
    const { realm, client } = await armoredService({ compoundIdentity: true })
    await client.ticketFor(VAULT)
    Object.assign(realm.misbehave, { [lie]: true })
    const refused = { name: 'RejectedTokenError', code, message: `TGS: the KDC's reply ${message}` }
    expect(await refusalOf(client.ticketFor(API))).toMatchObject(refused)
    Object.assign(realm.misbehave, { [lie]: false })
    expect(formatPrincipal((await client.ticketFor(API)).client)).toBe('web@AD.TEST')
  })
})

test('a reply without armor is refused where armor is required and there is no key, and taken where there is one', async () => {
  const { realm, client } = await armoredService({ compoundIdentity: true })
  const keyless = await withoutKey(realm, { fast: 'require' })
  await client.ticketFor(VAULT)
  realm.misbehave.fastStripped = true
  expect(formatPrincipal((await client.ticketFor(API)).client)).toBe('web@AD.TEST')
  expect(await refusalOf(keyless.ticketFor(API))).toMatchObject({
    name: 'RejectedTokenError',
    code: 'KRB5_ERR_FAST_REQUIRED',
    message: "TGS: the KDC's reply is not armored, although the request was",
  })
})

test('who forges an error in the clear to a KDC that has taken the machine’s armor has tickets without it kept for a minute only', async () => {
  const realm = await adTest({ compoundIdentity: true })
  let toForge = 0
  const kdc: KdcTransport = async (request, context) => {
    if (toForge === 0 || request[0] !== TGS_REQ) return realm.transport(request, context)
    toForge -= 1
    const { sname } = decode(TgsReq, request).reqBody
    const code = KRB.KDC_ERR_PREAUTH_FAILED
    return encode(KrbError, { stime: realm.now, susec: 0, errorCode: code, realm: 'AD.TEST', sname: sname! })
  }
  const client = clientOf(realm, 'web', { armor: { keytab: realm.keytabFor('kcd') }, kdc })
  const devices = () =>
    realm.exchanges
      .filter(({ kind, client: asker }) => kind === 'S4U2Self' && asker === 'web@AD.TEST')
      .map(({ device }) => device)
  await client.ticketFor(API)
  toForge = 1
  await client.s4u2self('alice')
  expect(devices()).toEqual([undefined])
  realm.now += 61_000
  await client.s4u2self('alice')
  expect(devices()).toEqual([undefined, 'kcd@AD.TEST'])
  realm.now += 61_000
  await client.s4u2self('alice')
  expect(devices()).toHaveLength(2)
})

test('an error in the clear to a request that must be armored is remembered by nobody', async () => {
  const realm = await adTest()
  let isForging = false
  const sname = { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }
  const kdc: KdcTransport = async (request, context) =>
    isForging && request[0] === TGS_REQ
      ? encode(KrbError, {
          stime: realm.now,
          susec: 0,
          errorCode: KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN,
          realm: 'AD.TEST',
          sname,
        })
      : realm.transport(request, context)
  const client = await withoutKey(realm, { fast: 'require', kdc })
  await client.ticketFor(VAULT)
  isForging = true
  expect(await refusalOf(client.ticketFor(API))).toMatchObject({ code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN' })
  isForging = false
  expect(formatPrincipal((await client.ticketFor(API)).client)).toBe('web@AD.TEST')
})

describe('a client that has no key, and vouches for a user', () => {
  test('has the reply armored, and believes it for that', async () => {
    const realm = await adTest()
    const client = await withoutKey(realm)
    expect(formatPrincipal((await client.s4u2self('alice')).client)).toBe('alice@AD.TEST')
    expect(realm.exchanges.at(-1)).toMatchObject({ kind: 'S4U2Self', armored: true })
  })

  /**
   * What somebody on the way can do with a reply: names are under no seal there, nor is the ticket.
   */
  const changing = (realm: TestRealm, change: (reply: KdcRep, seen: KdcRep[]) => KdcRep): KdcTransport => {
    const seen: KdcRep[] = []
    return async (request, context) => {
      const answer = await realm.transport(request, context)
      if (answer[0] !== TGS_REP) return answer
      const reply = decode(TgsRep, answer)
      const changed = encode(TgsRep, change(reply, seen))
      seen.push(reply)
      return changed
    }
  }

  test('takes no ticket of another user that somebody on the way has put beside the name', async () => {
    const realm = await adTest()
    const kdc = changing(realm, (reply, [first]) => (first ? { ...reply, ticket: first.ticket } : reply))
    const client = await withoutKey(realm, { kdc })
    await client.s4u2self('bob')
    expect(await refusalOf(client.s4u2self('alice'))).toMatchObject({
      name: 'RejectedTokenError',
      code: 'KRB_AP_ERR_MODIFIED',
      message: "TGS: the KDC's reply carries another ticket than its armor says",
    })
  })

  test('takes no other name', async () => {
    const realm = await adTest()
    const alice = { nameType: 1, nameString: ['alice'] }
    const client = await withoutKey(realm, { kdc: changing(realm, (reply) => ({ ...reply, cname: alice })) })
    expect(await refusalOf(client.s4u2self('bob'))).toMatchObject({
      name: 'RejectedTokenError',
      message: "TGS: the KDC's reply names another client than its armor",
    })
  })

  test('goes as before where somebody takes the armor off, or the KDC has none: only the signed name counts then', async () => {
    const realm = await adTest()
    const withoutArmor = (request: KdcReq): KdcReq => ({
      ...request,
      padata: request.padata?.filter(
        ({ padataType }) => padataType !== PaType.FX_FAST && padataType !== PaType.S4U_X509_USER,
      ),
    })
    const kdc: KdcTransport = (request, context) =>
      realm.transport(request[0] === TGS_REQ ? encode(TgsReq, withoutArmor(decode(TgsReq, request))) : request, context)
    const client = await withoutKey(realm, { kdc })
    expect(await refusalOf(client.s4u2self('alice'))).toMatchObject({
      name: 'MissingKeyError',
      code: 'KRB_AP_ERR_NOKEY',
    })
  })
})

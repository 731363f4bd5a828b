import { evidenceFromS4u2self, isForwardable, type KdcClient } from '@s4u/kdc-client'
import { AsReq, decode, encode, EtypeInfo2, findPaData, KRB_ERROR_CODES as KRB, PaType, TgsRep } from '@s4u/krb5'
import { afterEach, describe, expect, test } from 'vitest'
import { DatagramForger, type Forgery } from './datagram-forger.js'
import { adTest, clientOf, refusalOf } from './kdc-client-realm.js'

/**
 * Somebody on the network who answers the datagrams to a KDC before it does. Nobody signs a
 * KRB-ERROR, so each one is a word of anybody's: none of them may cost more than a question by TCP.
 */

const AS_REQ = 0x6a
const TGS_REQ = 0x6c
const API = 'HTTP/api.ad.test'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]()
})

async function site(tcp?: 'open' | 'closed' | 'dropped') {
  // Where there is UDP alone, everything has to fit.
  const realm = await adTest(tcp === undefined ? {} : { udpReplyLimit: 60_000 })
  const forger = await DatagramForger.before(await realm.listen(), tcp)
  open.push(forger, realm)
  let late = 0
  const now = (): number => Date.now() + late
  const make = (): KdcClient => clientOf(realm, 'web', { kdc: forger.address, now })
  const later = (milliseconds: number): void => {
    late += milliseconds
    realm.now = now()
  }
  return { realm, forger, make, client: make(), later }
}

async function delegate(client: KdcClient, user = 'alice'): Promise<string> {
  const ticket = await client.s4u2proxy(evidenceFromS4u2self(await client.s4u2self(user)), API)
  return ticket.client.name.nameString[0]
}

const misleading = (etype: number, salt: string) => ({
  padataType: PaType.ETYPE_INFO2,
  padataValue: encode(EtypeInfo2, [{ etype, salt }]),
})

/** Every error that moves something in a client, and some that nobody knows. */
const FORGERIES: readonly (readonly [string, Forgery])[] = [
  ['KDC_ERR_PREAUTH_FAILED', { errorCode: KRB.KDC_ERR_PREAUTH_FAILED }],
  [
    'KDC_ERR_PREAUTH_REQUIRED with another salt and type',
    { errorCode: KRB.KDC_ERR_PREAUTH_REQUIRED, methods: [misleading(17, 'MALLORY')] },
  ],
  ['KDC_ERR_PREAUTH_REQUIRED without a type', { errorCode: KRB.KDC_ERR_PREAUTH_REQUIRED }],
  ['KRB_AP_ERR_SKEW', { errorCode: KRB.KRB_AP_ERR_SKEW, stime: Date.now() + 86_400_000 }],
  ['KRB_ERR_RESPONSE_TOO_BIG', { errorCode: KRB.KRB_ERR_RESPONSE_TOO_BIG }],
  ['KDC_ERR_SVC_UNAVAILABLE', { errorCode: KRB.KDC_ERR_SVC_UNAVAILABLE }],
  ['KDC_ERR_C_PRINCIPAL_UNKNOWN', { errorCode: KRB.KDC_ERR_C_PRINCIPAL_UNKNOWN }],
  ['KDC_ERR_S_PRINCIPAL_UNKNOWN', { errorCode: KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN }],
  ['KDC_ERR_CLIENT_REVOKED', { errorCode: KRB.KDC_ERR_CLIENT_REVOKED }],
  ['KDC_ERR_KEY_EXPIRED', { errorCode: KRB.KDC_ERR_KEY_EXPIRED }],
  ['KDC_ERR_ETYPE_NOSUPP', { errorCode: KRB.KDC_ERR_ETYPE_NOSUPP }],
  ['KDC_ERR_PADATA_TYPE_NOSUPP', { errorCode: KRB.KDC_ERR_PADATA_TYPE_NOSUPP }],
  ['KDC_ERR_BADOPTION', { errorCode: KRB.KDC_ERR_BADOPTION }],
  ['KDC_ERR_POLICY', { errorCode: KRB.KDC_ERR_POLICY }],
  ['KDC_ERR_TGT_REVOKED', { errorCode: KRB.KDC_ERR_TGT_REVOKED }],
  ['KDC_ERR_WRONG_REALM', { errorCode: KRB.KDC_ERR_WRONG_REALM, crealm: 'MALLORY.TEST' }],
  ['KRB_AP_ERR_TKT_EXPIRED', { errorCode: KRB.KRB_AP_ERR_TKT_EXPIRED }],
  ['KRB_AP_ERR_BAD_INTEGRITY', { errorCode: KRB.KRB_AP_ERR_BAD_INTEGRITY }],
  ['KRB_AP_ERR_MODIFIED', { errorCode: KRB.KRB_AP_ERR_MODIFIED }],
  ['KRB_ERR_GENERIC', { errorCode: KRB.KRB_ERR_GENERIC }],
  ['a number that nobody has named', { errorCode: 250 }],
]

describe('a forged datagram', () => {
  test.each(FORGERIES)('(%s) in answer to everything costs nobody the delegation', async (_name, forgery) => {
    const { realm, forger, client, later } = await site()
    forger.forge = () => forgery
    // Small enough for a datagram, which sign-in and delegation are not.
    await client.ticketFor('HTTP/vault.ad.test')
    expect(forger.forged).toBeGreaterThan(0)
    expect(await delegate(client)).toBe('alice')
    const byTcp = realm.exchanges.filter(({ via }) => via === 'tcp').map(({ outcome }) => outcome)
    expect(new Set(byTcp)).toEqual(new Set(['KDC_ERR_PREAUTH_REQUIRED', 'issued']))
    // Neither does it when the ticket-granting ticket is got anew, hours later.
    later(11 * 3_600_000)
    expect(await delegate(client, 'bob')).toBe('bob')
    expect(isForwardable(await client.s4u2self('bob'))).toBe(true)
  })

  test.each(FORGERIES)('(%s) at sign-in alone leaves nothing behind', async (_name, forgery) => {
    const { realm, forger, client } = await site()
    forger.forge = (request) => (request[0] === AS_REQ ? forgery : undefined)
    expect(await delegate(client)).toBe('alice')
    expect(realm.exchanges.filter(({ kind }) => kind === 'AS').map(({ outcome }) => outcome)).toEqual([
      'KDC_ERR_PREAUTH_REQUIRED',
      'issued',
    ])
  })
})

describe('a forged datagram that is no error', () => {
  test.each([
    ['octets of no meaning', Uint8Array.of(1, 2, 3)],
    ['nothing', new Uint8Array(0)],
    ['an error that cannot be read', Uint8Array.of(0x7e, 3, 1, 2, 3)],
    ['what begins as a reply', Uint8Array.of(0x6d, 3, 1, 2, 3)],
    ['the reply to a sign-in', Uint8Array.of(0x6b, 3, 1, 2, 3)],
    ['a reply that does not open', sealedByNobody()],
  ])('(%s) costs nobody the ticket', async (_name, octets) => {
    const { forger, client } = await site()
    forger.forge = () => octets
    expect((await client.ticketFor('HTTP/vault.ad.test')).service.name.nameString).toEqual(['HTTP', 'vault.ad.test'])
    expect(forger.forged).toBeGreaterThan(0)
  })

  test('is refused where there is nothing else to go by', async () => {
    const { forger, client } = await site('closed')
    await client.ticketFor('HTTP/vault.ad.test')
    forger.forge = () => sealedByNobody()
    await refusalOf(client.ticketFor(API))
    forger.forge = () => undefined
    expect((await client.ticketFor(API)).service.name.nameString).toEqual(['HTTP', 'api.ad.test'])
  })
})

describe('where TCP to the KDC is closed', () => {
  test.each(FORGERIES)(
    'a forged datagram (%s) does not hide a ticket that the KDC sends behind it',
    async (_name, forgery) => {
      const { forger, client } = await site('closed')
      await client.ticketFor('HTTP/vault.ad.test')
      forger.forge = (request) => (request[0] === TGS_REQ ? forgery : undefined)
      expect(await delegate(client)).toBe('alice')
      expect(forger.forged).toBeGreaterThan(1)
    },
  )

  test('the word of the KDC is taken, and told to be unconfirmed', async () => {
    const { client } = await site('closed')
    const error = await refusalOf(client.ticketFor('HTTP/nobody.ad.test'))
    expect(error).toMatchObject({ code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN', answer: { unconfirmed: true } })
    expect(error.message).toContain('unconfirmed')
  })

  test('a refusal is forgotten with the one who was told it', async () => {
    const { forger, client } = await site('closed')
    await client.ticketFor('HTTP/vault.ad.test')
    forger.forge = () => ({ errorCode: KRB.KDC_ERR_S_PRINCIPAL_UNKNOWN })
    forger.holdsBack = () => true
    expect(await refusalOf(client.ticketFor(API))).toMatchObject({ code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN' })
    forger.forge = () => undefined
    forger.holdsBack = () => false
    expect((await client.ticketFor(API)).service.name.nameString).toEqual(['HTTP', 'api.ad.test'])
  })

  test('a sign-in that is refused before it has shown a key says nothing of the key', async () => {
    const { forger, client } = await site('closed')
    forger.forge = () => ({ errorCode: KRB.KDC_ERR_PREAUTH_FAILED })
    forger.holdsBack = () => true
    for (let turn = 0; turn < 3; turn++)
      expect(await refusalOf(client.ticketFor(API))).toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED' })
    forger.forge = () => undefined
    forger.holdsBack = () => false
    expect(await delegate(client)).toBe('alice')
  })

  test('a key that has worked is tried again after a minute, however often it was said to be wrong', async () => {
    const { forger, client, later } = await site('closed')
    await client.ticketFor('HTTP/vault.ad.test')
    forger.holdsBack = showsKey
    forger.forge = (request) => (showsKey(request) ? { errorCode: KRB.KDC_ERR_PREAUTH_FAILED } : undefined)
    later(11 * 3_600_000)
    for (let turn = 0; turn < 5; turn++) {
      const before = forger.forged
      expect(await refusalOf(client.ticketFor(API))).toMatchObject({ code: 'KDC_ERR_PREAUTH_FAILED' })
      expect(forger.forged).toBe(before + 1)
      later(60_000)
    }
    forger.forge = () => undefined
    forger.holdsBack = () => false
    expect(await delegate(client)).toBe('alice')
  })
})

/** A sign-in that proves a key: what a KDC counts. */
function showsKey(request: Uint8Array): boolean {
  return request[0] === AS_REQ && findPaData(decode(AsReq, request).padata, PaType.ENC_TIMESTAMP) !== undefined
}

/** All that a TGS-REP has, and a seal that is none. */
function sealedByNobody(): Uint8Array {
  const encPart = { etype: 18, cipher: new Uint8Array(300) }
  const sname = { nameType: 2, nameString: ['HTTP', 'vault.ad.test'] }
  const ticket = { realm: 'AD.TEST', sname, encPart }
  return encode(TgsRep, { crealm: 'AD.TEST', cname: { nameType: 1, nameString: ['web'] }, ticket, encPart })
}

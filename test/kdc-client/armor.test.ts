import type { KdcClientOptions, KdcTransport } from '@s4u/kdc-client'
import { createKdcClient } from '@s4u/kdc-client'
import { AsReq, decode, encode, findPaData, formatPrincipal, KRB_ERROR_CODES as KRB, KrbError, PaType } from '@s4u/krb5'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf, userClient } from './realm-and-clients.js'

const HOUR = 3_600_000
const API = 'HTTP/api.ad.test'
const VAULT = 'HTTP/vault.ad.test'
const AS_REQ = 0x6a

const isArmored = (request: Uint8Array): boolean =>
  request[0] === AS_REQ && findPaData(decode(AsReq, request).padata, PaType.FX_FAST) !== undefined

/**
 * Whether a request shows a timestamp that is sealed with a password's key to everybody who
 * listens.
 */
const showsKey = (request: Uint8Array): boolean =>
  request[0] === AS_REQ && findPaData(decode(AsReq, request).padata, PaType.ENC_TIMESTAMP) !== undefined

/** Somebody on the way, who answers what he likes in the KDC's place while he is there. */
class Impostor {
  isThere = false
  readonly seen: Uint8Array[] = []
  private readonly realm: TestRealm
  private readonly answer: (request: Uint8Array) => Uint8Array | undefined

  constructor(realm: TestRealm, answer: (request: Uint8Array) => Uint8Array | undefined) {
    this.realm = realm
    this.answer = answer
  }

  readonly transport: KdcTransport = async (request, context) => {
    this.seen.push(request)
    const forged = this.isThere ? this.answer(request) : undefined
    return forged ?? this.realm.transport(request, context)
  }
}

function errorOf({ realm, now }: TestRealm, code: number): Uint8Array {
  const sname = { nameType: 2, nameString: ['krbtgt', realm] }
  return encode(KrbError, { stime: now, susec: 0, errorCode: code, realm, sname })
}

/** Answers each armored request in the clear, as a KDC that knows no FAST. */
const takingArmorOff = (realm: TestRealm) => (request: Uint8Array) =>
  isArmored(request) ? errorOf(realm, KRB.KDC_ERR_PREAUTH_REQUIRED) : undefined

const signInsOf = (realm: TestRealm, user: string) =>
  realm.exchanges
    .filter(({ kind, client }) => kind === 'AS' && client === `${user}@${realm.realm}`)
    .map(({ armored, outcome }) => [armored ?? false, outcome])

const IN_ARMOR = [
  [true, 'KDC_ERR_PREAUTH_REQUIRED'],
  [true, 'issued'],
]
const IN_THE_CLEAR = [
  [false, 'KDC_ERR_PREAUTH_REQUIRED'],
  [false, 'issued'],
]

describe('the first sign-in of a user', () => {
  test.each<[what: string, armor: (realm: TestRealm) => KdcClientOptions['armor']]>([
    ['a keytab of the machine', (realm) => ({ keytab: realm.keytabFor('kcd'), principal: 'kcd@AD.TEST' })],
    ['a client that has signed in', (realm) => clientOf(realm, 'kcd')],
  ])('is armored by %s', async (_what, armor) => {
    const realm = await adTest()
    const alice = userClient(realm, 'alice', { armor: armor(realm) })
    expect(formatPrincipal((await alice.ticketFor(API)).client)).toBe('alice@AD.TEST')
    expect(signInsOf(realm, 'alice')).toEqual(IN_ARMOR)
    expect(signInsOf(realm, 'kcd')).toEqual(IN_THE_CLEAR)
  })

  test('is armored by a ticket-granting ticket from elsewhere, of which nothing is known', async () => {
    const realm = await adTest()
    const tgt = await clientOf(realm, 'kcd').tgtToForward()
    const forwarded = { ...tgt, renewTill: tgt.renewableUntil }
    const alice = userClient(realm, 'alice', { armor: { tgt: forwarded } })
    await alice.ticketFor(API)
    expect(signInsOf(realm, 'alice')).toEqual(IN_ARMOR)
  })

  test('is the only one that an account can make that signs in inside of FAST or not at all', async () => {
    const realm = await adTest({ users: { erin: { password: 'pw-erin', requireFast: true } } })
    await expect(userClient(realm, 'erin').ticketFor(API)).rejects.toMatchObject({ code: 'KDC_ERR_PREAUTH_REQUIRED' })
    const armored = userClient(realm, 'erin', { armor: { keytab: realm.keytabFor('kcd') } })
    expect(formatPrincipal((await armored.ticketFor(API)).client)).toBe('erin@AD.TEST')
  })

  test('goes without where the KDC says under its seal that it has no FAST, and nobody asks for it in armor', async () => {
    const realm = await adTest({ fast: 'off' })
    const kdc = new Impostor(realm, () => undefined)
    const alice = userClient(realm, 'alice', { armor: clientOf(realm, 'kcd'), kdc: kdc.transport })
    await alice.ticketFor(API)
    expect(signInsOf(realm, 'alice')).toEqual(IN_THE_CLEAR)
    expect(kdc.seen.filter(isArmored)).toEqual([])
  })

  test('is armored for the realm that the own KDC leads it to', async () => {
    const there = await createTestRealm({ realm: 'PARTNER.TEST', users: { paula: { password: 'pw-paula' } } })
    const here = await adTest({ trusts: [there], now: there.now })
    const machine = clientOf(here, 'kcd')
    const paula = createKdcClient({
      kdc: here.transport,
      realm: 'AD.TEST',
      credentials: { principal: 'paula@partner.test', password: 'pw-paula', enterprise: true },
      armor: machine,
      mayFollow: (realm) => machine.trusts(realm),
      now: () => here.now,
    })
    await paula.ticketFor(`krbtgt/PARTNER.TEST@PARTNER.TEST`)
    expect(here.exchanges.filter(({ outcome }) => outcome === 'KDC_ERR_WRONG_REALM')).toMatchObject([{ armored: true }])
    expect(there.exchanges.filter(({ kind }) => kind === 'AS').map(({ armored }) => armored)).toEqual([true, true])
  })
})

describe('an armor that cannot be had', () => {
  test('is told as that, and not as a fault of who signs in', async () => {
    const realm = await adTest()
    realm.change('kcd', { disabled: true })
    const alice = userClient(realm, 'alice', { armor: { keytab: realm.keytabFor('kcd') } })
    expect(await refusalOf(alice.ticketFor(API))).toMatchObject({
      name: 'ConfigurationError',
      code: 'KDC_ERR_CLIENT_REVOKED',
      status: 500,
      message: expect.stringMatching(/^there is no armor, which kcd@AD.TEST is to give: AS: /),
    })
    expect(signInsOf(realm, 'alice')).toEqual([])
  })

  test('of a client that is there for another purpose is gone without, where nothing is known of the KDCs', async () => {
    const realm = await adTest()
    realm.change('kcd', { disabled: true })
    await userClient(realm, 'alice', { armor: clientOf(realm, 'kcd') }).ticketFor(API)
    expect(signInsOf(realm, 'alice')).toEqual(IN_THE_CLEAR)
  })

  test('is an error there too, where the KDCs are known to take armored requests, and where it is required', async () => {
    const realm = await adTest()
    const machine = clientOf(realm, 'kcd')
    await machine.ticketFor(API)
    realm.change('kcd', { disabled: true })
    realm.now += 11 * HOUR
    for (const fast of ['allow', 'require'] as const) {
      const client = fast === 'allow' ? machine : clientOf(realm, 'kcd')
      expect(await refusalOf(userClient(realm, 'alice', { armor: client, fast }).ticketFor(API))).toMatchObject({
        name: 'ConfigurationError',
        code: 'KDC_ERR_CLIENT_REVOKED',
      })
    }
    expect(signInsOf(realm, 'alice')).toEqual([])
  })
})

describe('somebody on the way who answers armored requests in the clear', () => {
  const refused = {
    name: 'RejectedTokenError',
    code: 'KRB5_ERR_FAST_REQUIRED',
    status: 502,
    message:
      "AS: the KDC's answer to an armored request is not armored (KDC_ERR_PREAUTH_REQUIRED), although KDCs of AD.TEST take armored requests",
    hint: expect.stringContaining("fast: 'off'"),
  }

  test('sees no password’s key where the KDCs are known to take them, however often it is tried', async () => {
    const realm = await adTest()
    const kdc = new Impostor(realm, takingArmorOff(realm))
    const machine = clientOf(realm, 'kcd', { kdc: kdc.transport })
    await machine.ticketFor(API)
    kdc.isThere = true
    for (let turn = 0; turn < 3; turn++) {
      const alice = userClient(realm, 'alice', { armor: machine, kdc: kdc.transport })
      expect(await refusalOf(alice.ticketFor(API))).toMatchObject(refused)
    }
    expect(signInsOf(realm, 'alice')).toEqual([])
    kdc.isThere = false
    await userClient(realm, 'alice', { armor: machine, kdc: kdc.transport }).ticketFor(API)
    expect(signInsOf(realm, 'alice')).toEqual(IN_ARMOR)
    expect(kdc.seen.filter(showsKey).length).toBe(1)
  })

  test('has the armor got anew, once a minute, since the KDC may have changed its key', async () => {
    const realm = await adTest()
    const kdc = new Impostor(realm, takingArmorOff(realm))
    const machine = clientOf(realm, 'kcd', { kdc: kdc.transport })
    await machine.ticketFor(API)
    const before = signInsOf(realm, 'kcd').length
    kdc.isThere = true
    realm.now += 61_000
    for (let turn = 0; turn < 5; turn++) {
      const alice = userClient(realm, 'alice', { armor: machine, kdc: kdc.transport })
      expect(await refusalOf(alice.ticketFor(API))).toMatchObject(refused)
    }
    expect(signInsOf(realm, 'kcd').length - before).toBe(2)
    expect(signInsOf(realm, 'alice')).toEqual([])
  })

  test('sees none of a client that armors with its own ticket, whatever it is told of that ticket', async () => {
    const realm = await adTest()
    const kdc = new Impostor(realm, (request) =>
      request[0] === AS_REQ ? takingArmorOff(realm)(request) : errorOf(realm, KRB.KRB_AP_ERR_TKT_EXPIRED),
    )
    const alice = userClient(realm, 'alice', { kdc: kdc.transport })
    await alice.ticketFor(API)
    expect(kdc.seen.filter(showsKey).length).toBe(1)
    kdc.isThere = true
    realm.now += 61_000
    expect(await refusalOf(alice.ticketFor(VAULT))).toMatchObject(refused)
    expect(await refusalOf(alice.ticketFor(VAULT))).toMatchObject(refused)
    expect(kdc.seen.filter(showsKey).length).toBe(1)
    kdc.isThere = false
    realm.now += 10 * HOUR - 120_000
    await alice.ticketFor(VAULT)
    expect(kdc.seen.filter(showsKey).length).toBe(1)
  })

  test('sees none where armor is required, although nothing is known of the KDCs', async () => {
    const realm = await adTest()
    const kdc = new Impostor(realm, takingArmorOff(realm))
    kdc.isThere = true
    const tgt = await clientOf(realm, 'kcd').tgtToForward()
    const armor = { tgt: { ...tgt, renewTill: tgt.renewableUntil } }
    const strict = userClient(realm, 'alice', { armor, fast: 'require', kdc: kdc.transport })
    expect(await refusalOf(strict.ticketFor(API))).toMatchObject(refused)
    expect(kdc.seen.filter(showsKey)).toEqual([])
    // Where it is not, and nobody has ever seen these KDCs in armor, they may be such as know none.
    await userClient(realm, 'alice', { armor, kdc: kdc.transport }).ticketFor(API)
    expect(kdc.seen.filter(showsKey).length).toBe(1)
  })
})

test('who signs in with a password of his own teaches nothing of the KDCs to others: he could have written the reply', async () => {
  const realm = await adTest({ fast: 'off' })
  const machine = clientOf(realm, 'kcd')
  const tgt = await machine.tgtToForward()
  const alice = userClient(realm, 'alice', { armor: { tgt } })
  await alice.ticketFor(API)
  expect(signInsOf(realm, 'alice').at(-1)).toEqual([false, 'issued'])
  await userClient(realm, 'bob', { armor: machine }).ticketFor(API)
  expect(signInsOf(realm, 'bob')).toEqual(IN_THE_CLEAR)
})

describe('options', () => {
  test.each<[what: string, options: Partial<KdcClientOptions>, message: string]>([
    ['of another word', { fast: 'always' as 'allow' }, 'fast must be one of allow, require, off, not "always"'],
    ['that require armor and name none', { fast: 'require' }, "fast: 'require' needs armor"],
    ['that name armor and take none', { fast: 'off', armor: { ccache: true } }, "armor is given, and fast is 'off'"],
    [
      'whose armor is nothing of the kind',
      { armor: { principal: 'x' } as unknown as KdcClientOptions['armor'] },
      'armor must be credentials of a machine, or a client of createKdcClient',
    ],
  ])('%s are refused when the client is made', async (_what, options, message) => {
    const realm = await adTest()
    expect(() => userClient(realm, 'alice', options)).toThrow(expect.objectContaining({ message }))
  })

  test('that take no armor sign in without, for good', async () => {
    const realm = await adTest()
    const alice = userClient(realm, 'alice', { fast: 'off' })
    await alice.ticketFor(API)
    realm.now += 10 * HOUR - 30_000
    await alice.ticketFor(VAULT)
    expect(signInsOf(realm, 'alice')).toEqual([...IN_THE_CLEAR, ...IN_THE_CLEAR])
  })
})

import {
  createKdcClient,
  evidenceFromS4u2self,
  type KdcClient,
  type KdcTransport,
  type ServiceTicket,
} from '@s4u/kdc-client'
import {
  ApReq,
  Checksum,
  decode,
  type EncKdcRepPart,
  encode,
  encodeCcache,
  findPaData,
  formatPrincipal,
  hasFlag,
  KdcOption,
  type KdcRep,
  Key,
  kerberosFlags,
  KeyUsage,
  makeUnkeyedChecksumThatProvesNothing,
  NameType,
  type PaData,
  PaType,
  type PrincipalName,
  TgsReq,
  type Ticket,
  TicketFlag,
} from '@s4u/krb5'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf, userClient } from './kdc-client-realm.js'
import { type Lie, LyingKdc, type Told } from './lying-kdc.js'

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 0, 15, 9)
const API = 'HTTP/api.ad.test'
const VAULT = 'HTTP/vault.ad.test'
const MALLORY: PrincipalName = { nameType: NameType.PRINCIPAL, nameString: ['mallory'] }
const spn = (...nameString: string[]): PrincipalName => ({ nameType: NameType.SRV_INST, nameString })

const inPart =
  (change: (part: EncKdcRepPart) => Partial<EncKdcRepPart>): Lie =>
  (told) => ({ ...told, part: { ...told.part, ...change(told.part) } })
const outside =
  (change: (reply: KdcRep) => Partial<KdcRep>): Lie =>
  (told) => ({ ...told, reply: { ...told.reply, ...change(told.reply) } })
const inTicket = (change: Partial<KdcRep['ticket']>): Lie =>
  outside(({ ticket }) => ({ ticket: { ...ticket, ...change } }))
const both =
  (...lies: readonly Lie[]): Lie =>
  (told, asked) =>
    lies.reduce((before, lie) => lie(before, asked), told)
const withFlag = (...flags: readonly number[]): Lie =>
  inPart((part) => ({ flags: kerberosFlags(...flags, ...bitsOf(part.flags)) }))

type Case = readonly [what: string, lie: Lie, code: string, message: string]

/** A realm with a clock that stands still, and its KDC turned bad. */
async function bad(clientOptions: { readonly encryptionTypes?: readonly number[] } = {}) {
  const realm = await adTest({ now: NOW })
  const password = 'pw-alice'
  const keys = await Promise.all([18, 17, 23].map((etype) => Key.fromPassword(etype, password, 'AD.TESTalice')))
  const kdc = new LyingKdc(realm, keys)
  const client = userClient(realm, 'alice', { kdc: kdc.transport, ...clientOptions })
  return { realm, kdc, client, keys }
}

const rejected = (step: 'AS' | 'TGS', code: string, message: string) => ({
  name: 'RejectedTokenError',
  code,
  hint: expect.stringContaining('between here and the KDC changes replies'),
  message: `${step}: the KDC's reply ${message}`,
})

describe('a KDC that has turned bad, at sign-in,', () => {
  const cases: readonly Case[] = [
    [
      'answers another request',
      inPart(({ nonce }) => ({ nonce: nonce ^ 1 })),
      'KRB_AP_ERR_MODIFIED',
      'answers another request (nonce)',
    ],
    ['names another client', outside(() => ({ cname: MALLORY })), 'KRB_AP_ERR_BADMATCH', 'names another client'],
    [
      'names a client of another realm',
      outside(() => ({ crealm: 'MALLORY.TEST' })),
      'KRB_AP_ERR_BADMATCH',
      'names another client',
    ],
    [
      'gives a ticket for a service',
      inPart(() => ({ sname: spn('HTTP', 'api.ad.test') })),
      'KRB_AP_ERR_BADMATCH',
      'is a ticket for another service',
    ],
    [
      'gives a ticket for the KDC of another realm',
      inPart(() => ({ sname: spn('krbtgt', 'MALLORY.TEST') })),
      'KRB_AP_ERR_BADMATCH',
      'is a ticket for another service',
    ],
    [
      'gives a ticket of another realm, consistently',
      both(
        inPart(() => ({ srealm: 'MALLORY.TEST', sname: spn('krbtgt', 'MALLORY.TEST') })),
        inTicket({ realm: 'MALLORY.TEST', sname: spn('krbtgt', 'MALLORY.TEST') }),
      ),
      'KRB_AP_ERR_BADMATCH',
      'is a ticket for another service',
    ],
    [
      'writes another service on the ticket',
      inTicket({ sname: spn('HTTP', 'api.ad.test') }),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket for another service than it says',
    ],
    [
      'writes another realm on the ticket',
      inTicket({ realm: 'MALLORY.TEST' }),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket for another service than it says',
    ],
    [
      'gives a ticket that has ended',
      inPart(() => ({ endtime: NOW - 1000 })),
      'KRB_AP_ERR_TKT_EXPIRED',
      'has expired already',
    ],
    ['gives a ticket that ends now', inPart(() => ({ endtime: NOW })), 'KRB_AP_ERR_TKT_EXPIRED', 'has expired already'],
    [
      'gives a weaker session key than was offered',
      inPart(() => ({ key: Key.random(23) })),
      'KDC_ERR_ETYPE_NOSUPP',
      'has a session key of an encryption type that was not offered',
    ],
    [
      'begins a ticket later',
      inPart(() => ({ starttime: NOW + HOUR })),
      'KRB_AP_ERR_TKT_NYV',
      'carries a ticket that begins later',
    ],
    [
      'gives a ticket for longer than was asked for',
      inPart(() => ({ endtime: NOW + 25 * HOUR })),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket that lasts longer than was asked for',
    ],
    [
      'lets a ticket be renewed for longer than was asked for',
      inPart(() => ({ renewTill: NOW + 25 * HOUR })),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket that can be renewed for longer than was asked for',
    ],
    ...[
      TicketFlag.PROXIABLE,
      TicketFlag.FORWARDED,
      TicketFlag.PROXY,
      TicketFlag.POSTDATED,
      TicketFlag.MAY_POSTDATE,
      TicketFlag.INVALID,
      TicketFlag.ANONYMOUS,
    ].map((flag): Case => [
      `sets the flag ${flag} unasked`,
      withFlag(flag),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket with flags that were not asked for',
    ]),
    [
      'binds the ticket to an address',
      inPart(() => ({ caddr: [{ addrType: 2, address: Uint8Array.of(192, 0, 2, 1) }] })),
      'KRB_AP_ERR_BADADDR',
      'carries a ticket that is bound to addresses, which were not asked for',
    ],
    [
      'says that it proves the request, and does not',
      inPart(() => ({ encryptedPaData: undefined })),
      'KRB_AP_ERR_MODIFIED',
      'does not prove that it answers this request',
    ],
    [
      'proves another request',
      (told) => proving(told.key, KeyUsage.AS_REQ)(told, { reqBody: emptyBody }),
      'KRB_AP_ERR_MODIFIED',
      'answers another request than the one that was sent',
    ],
    [
      'proves it with a checksum that anybody can make',
      inPart(() => ({ encryptedPaData: [unkeyedProof] })),
      'KRB_AP_ERR_INAPP_CKSUM',
      'answers another request than the one that was sent',
    ],
    [
      'seals the reply for another use',
      (told) => ({ ...told, usage: KeyUsage.TGS_REP_SUBKEY }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'does not open with the client’s key',
    ],
    [
      'seals the reply with another key',
      (told) => ({ ...told, key: Key.random(told.key.etype) }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'does not open with the client’s key',
    ],
  ]

  test.each(cases)('and %s is refused', async (_what, lie, code, message) => {
    const { kdc, client } = await bad()
    kdc.asLie = lie
    expect(await refusalOf(client.ticketFor(API))).toMatchObject(rejected('AS', code, message))
  })

  test('and seals the reply with the RC4 key of the same password is refused: that was not offered', async () => {
    const { kdc, client, keys } = await bad()
    kdc.asLie = (told) => ({ ...told, key: keys[2] })
    expect(await refusalOf(client.ticketFor(API))).toMatchObject(
      rejected('AS', 'KDC_ERR_ETYPE_NOSUPP', 'is sealed with an encryption type that was not offered'),
    )
  })

  test('and seals the reply with the AES key that was not offered this time is refused', async () => {
    const { kdc, client, keys } = await bad({ encryptionTypes: [18] })
    kdc.asLie = (told) => ({ ...told, key: keys[1] })
    expect(await refusalOf(client.ticketFor(API))).toMatchObject(
      rejected('AS', 'KDC_ERR_ETYPE_NOSUPP', 'is sealed with an encryption type that was not offered'),
    )
  })

  test.each<[what: string, lie: Lie]>([
    ['says nothing false', (told) => told],
    [
      'spells its realm in another case',
      both(
        inPart(() => ({ srealm: 'ad.test', sname: spn('krbtgt', 'ad.test') })),
        inTicket({ realm: 'AD.test', sname: spn('krbtgt', 'ad.test') }),
      ),
    ],
    [
      'gives less than was asked for',
      inPart(() => ({
        flags: kerberosFlags(),
        endtime: NOW + 60_000,
        renewTill: undefined,
        encryptedPaData: undefined,
      })),
    ],
    ['leaves out when the ticket begins', inPart(() => ({ starttime: undefined }))],
    ['names no address in so many words', inPart(() => ({ caddr: [] }))],
    ['gives a ticket that ends in a second', inPart(() => ({ endtime: NOW + 1000 }))],
    [
      'is a little generous, as clocks differ',
      inPart(() => ({ endtime: NOW + 24 * HOUR + 300_000, renewTill: NOW + 24 * HOUR + 300_000 })),
    ],
    [
      'names the type of the client’s name in another way',
      outside(({ cname }) => ({ cname: { ...cname, nameType: NameType.UNKNOWN } })),
    ],
  ])('and %s is believed', async (_what, lie) => {
    const { kdc, client } = await bad()
    kdc.asLie = lie
    expect(formatPrincipal((await client.ticketFor(API)).client).toUpperCase()).toBe('ALICE@AD.TEST')
  })

  test('resolves an enterprise name to an account, but to none of another realm', async () => {
    const realm = await adTest({ now: NOW })
    const key = await Key.fromPassword(18, 'pw-bob', 'AD.TESTbob')
    const kdc = new LyingKdc(realm, [key])
    const credentials = { principal: 'bob.builder@corp.example', password: 'pw-bob', enterprise: true }
    const client = userClient(realm, 'bob', { kdc: kdc.transport, realm: 'AD.TEST', credentials })
    kdc.asLie = outside(() => ({ crealm: 'MALLORY.TEST' }))
    expect(await refusalOf(client.ticketFor(API))).toMatchObject(
      rejected('AS', 'KRB_AP_ERR_BADMATCH', 'names another client'),
    )
    kdc.asLie = (told) => told
    expect(formatPrincipal((await client.ticketFor(API)).client)).toBe('bob@AD.TEST')
  })

  test('resolves a plain name to no other, unless asked to', async () => {
    const { kdc, client, realm } = await bad()
    kdc.asLie = outside(() => ({ cname: MALLORY }))
    await refusalOf(client.ticketFor(API))
    const canonicalizing = userClient(realm, 'alice', { kdc: kdc.transport, canonicalize: true })
    // The seal is that of the key; the ticket itself still names alice, and so does the next reply.
    expect(await refusalOf(canonicalizing.ticketFor(API))).toMatchObject({
      name: 'KdcError',
      code: 'KRB_AP_ERR_BADMATCH',
    })
  })
})

describe('a KDC that has turned bad, when it gives tickets,', () => {
  const cases: readonly Case[] = [
    [
      'answers another request',
      inPart(({ nonce }) => ({ nonce: nonce ^ 1 })),
      'KRB_AP_ERR_MODIFIED',
      'answers another request (nonce)',
    ],
    [
      'names another client',
      outside(() => ({ cname: MALLORY })),
      'KRB_AP_ERR_BADMATCH',
      'names another client than alice@AD.TEST',
    ],
    [
      'names a client of another realm',
      outside(() => ({ crealm: 'MALLORY.TEST' })),
      'KRB_AP_ERR_BADMATCH',
      'names another client than alice@AD.TEST',
    ],
    [
      'gives a ticket for another service',
      both(
        inPart(() => ({ sname: spn('HTTP', 'vault.ad.test') })),
        inTicket({ sname: spn('HTTP', 'vault.ad.test') }),
      ),
      'KRB_AP_ERR_BADMATCH',
      'is a ticket for HTTP/vault.ad.test, not for HTTP/api.ad.test',
    ],
    [
      'gives a ticket for a longer name',
      both(
        inPart(() => ({ sname: spn('HTTP', 'api.ad.test', 'x') })),
        inTicket({ sname: spn('HTTP', 'api.ad.test', 'x') }),
      ),
      'KRB_AP_ERR_BADMATCH',
      'is a ticket for HTTP/api.ad.test/x, not for HTTP/api.ad.test',
    ],
    [
      'gives a ticket of another realm, consistently',
      both(
        inPart(() => ({ srealm: 'MALLORY.TEST' })),
        inTicket({ realm: 'MALLORY.TEST' }),
      ),
      'KRB_AP_ERR_BADMATCH',
      'comes from another realm',
    ],
    [
      'writes another service on the ticket',
      inTicket({ sname: spn('HTTP', 'vault.ad.test') }),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket for another service than it says',
    ],
    [
      'writes another realm on the ticket',
      inTicket({ realm: 'MALLORY.TEST' }),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket for another service than it says',
    ],
    [
      'gives a ticket that has ended',
      inPart(() => ({ endtime: NOW - 1000 })),
      'KRB_AP_ERR_TKT_EXPIRED',
      'has expired already',
    ],
    ['gives a ticket that ends now', inPart(() => ({ endtime: NOW })), 'KRB_AP_ERR_TKT_EXPIRED', 'has expired already'],
    [
      'gives a ticket that is not valid yet',
      withFlag(TicketFlag.INVALID),
      'KRB_AP_ERR_TKT_NYV',
      'carries a ticket that is not valid yet',
    ],
    [
      'gives a weaker session key than was offered',
      inPart(() => ({ key: Key.random(23) })),
      'KDC_ERR_ETYPE_NOSUPP',
      'has a session key of an encryption type that was not offered',
    ],
    [
      'begins a ticket later',
      inPart(() => ({ starttime: NOW + HOUR })),
      'KRB_AP_ERR_TKT_NYV',
      'carries a ticket that begins later',
    ],
    [
      'says that alice signs in later',
      inPart(() => ({ starttime: undefined, authtime: NOW + HOUR })),
      'KRB_AP_ERR_TKT_NYV',
      'carries a ticket that begins later',
    ],
    [
      'gives a ticket for longer than the one shown',
      inPart(() => ({ endtime: NOW + 11 * HOUR })),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket that lasts longer than was asked for',
    ],
    [
      'lets a ticket be renewed for longer than the one shown',
      inPart(() => ({ renewTill: NOW + 25 * HOUR })),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket that can be renewed for longer than was asked for',
    ],
    ...[
      TicketFlag.PROXIABLE,
      TicketFlag.FORWARDED,
      TicketFlag.PROXY,
      TicketFlag.POSTDATED,
      TicketFlag.MAY_POSTDATE,
      TicketFlag.ANONYMOUS,
    ].map((flag): Case => [
      `sets the flag ${flag} unasked`,
      withFlag(flag),
      'KRB_AP_ERR_MODIFIED',
      'carries a ticket with flags that were not asked for',
    ]),
    [
      'seals the reply for another use',
      (told) => ({ ...told, usage: KeyUsage.TGS_REP_SESSION_KEY }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'does not open with the key of this request',
    ],
    [
      'seals the reply with another key',
      (told) => ({ ...told, key: Key.random(told.key.etype) }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'does not open with the key of this request',
    ],
    [
      'seals the reply with another type of key',
      (told) => ({ ...told, key: Key.random(17) }),
      'KRB_AP_ERR_BAD_INTEGRITY',
      'does not open with the key of this request',
    ],
  ]

  test.each(cases)('and %s is refused', async (_what, lie, code, message) => {
    const { kdc, client } = await bad()
    kdc.tgsLie = lie
    expect(await refusalOf(client.ticketFor(API))).toMatchObject(rejected('TGS', code, message))
    kdc.tgsLie = (told) => told
    expect(formatPrincipal((await client.ticketFor(VAULT)).client)).toBe('alice@AD.TEST')
  })

  test('and seals the reply with the session key, which others have had, is refused', async () => {
    const { kdc, client } = await bad()
    kdc.tgsLie = (told) => ({ ...told, key: sessionKey ?? told.key, usage: KeyUsage.TGS_REP_SUBKEY })
    let sessionKey: Key | undefined
    kdc.asLie = (told) => {
      sessionKey = told.part.key
      return told
    }
    expect(await refusalOf(client.ticketFor(API))).toMatchObject(
      rejected('TGS', 'KRB_AP_ERR_BAD_INTEGRITY', 'does not open with the key of this request'),
    )
  })

  test.each<[what: string, lie: Lie]>([
    ['says nothing false', (told) => told],
    [
      'spells the service in another case',
      both(
        inPart(() => ({ sname: spn('http', 'API.ad.test') })),
        inTicket({ sname: spn('http', 'API.ad.test') }),
      ),
    ],
    [
      'gives less than was asked for',
      inPart(() => ({ flags: kerberosFlags(), endtime: NOW + 60_000, renewTill: undefined })),
    ],
    ['leaves out when the ticket begins', inPart(() => ({ starttime: undefined }))],
    [
      'is a little generous, as clocks differ',
      inPart(() => ({ starttime: NOW + 300_000, endtime: NOW + 10 * HOUR + 300_000 })),
    ],
  ])('and %s is believed', async (_what, lie) => {
    const { kdc, client } = await bad()
    kdc.tgsLie = lie
    expect(formatPrincipal((await client.ticketFor(API)).client)).toBe('alice@AD.TEST')
  })
})

describe('what is kept of a ticket', () => {
  const ticketWith = async (change: (part: EncKdcRepPart) => Partial<EncKdcRepPart>) => {
    const { kdc, client } = await bad()
    kdc.tgsLie = inPart(change)
    return client.ticketFor(API)
  }

  test('are its times as they stand under the seal', async () => {
    const times = { authtime: NOW - 2000, starttime: NOW - 1000, endtime: NOW + HOUR, renewTill: NOW + 2 * HOUR }
    expect(await ticketWith(() => times)).toMatchObject({
      authenticatedAt: NOW - 2000,
      startsAt: NOW - 1000,
      expiresAt: NOW + HOUR,
      renewableUntil: NOW + 2 * HOUR,
    })
  })

  test('is the sign-in for its beginning where none is named, and no renewing where none is', async () => {
    const ticket = await ticketWith(() => ({ authtime: NOW - 2000, starttime: undefined, renewTill: undefined }))
    expect(ticket).toMatchObject({ authenticatedAt: NOW - 2000, startsAt: NOW - 2000 })
    expect(ticket).not.toHaveProperty('renewableUntil')
  })
})

describe('a ticket in the name of a user', () => {
  /** A service with evidence that alice came to it. */
  async function delegating(trusts: TestRealm[] = []) {
    const realm = await adTest({ now: NOW, trusts })
    const kdc = new LyingKdc(
      realm,
      realm.keytabFor('rbcd').entries.map(({ key }) => key),
    )
    const client = clientOf(realm, 'rbcd', { kdc: kdc.transport })
    return { realm, kdc, client, evidence: evidenceFromS4u2self(await client.s4u2self('alice')) }
  }

  test('is taken when its KDC spells the target in another case', async () => {
    const { kdc, client, evidence } = await delegating()
    kdc.tgsLie = both(
      inPart(() => ({ sname: spn('HTTP', 'API.AD.TEST') })),
      inTicket({ sname: spn('HTTP', 'API.AD.TEST') }),
    )
    expect(formatPrincipal((await client.s4u2proxy(evidence, API)).client)).toBe('alice@AD.TEST')
  })

  test.each<[what: string, cname: string | undefined, isTaken: boolean]>([
    ['the service itself, as KDCs write', undefined, true],
    ['the user, whom the evidence names', 'alice', true],
    ['somebody else', 'mallory', false],
  ])('by referral: one that names %s', async (_what, name, isTaken) => {
    const shop = { spns: ['HTTP/shop.partner.test'], allowedToActOnBehalfOf: ['rbcd@AD.TEST'] }
    const there = await createTestRealm({ realm: 'PARTNER.TEST', now: NOW, services: { shop } })
    const { kdc, client, evidence } = await delegating([there])
    const cname = name === undefined ? undefined : { nameType: NameType.PRINCIPAL, nameString: [name] }
    kdc.tgsLie = (told, asked) =>
      cname && asked.reqBody.realm === 'AD.TEST' && hasFlag(asked.reqBody.kdcOptions, KdcOption.CNAME_IN_ADDL_TKT)
        ? outside(() => ({ cname }))(told, asked)
        : told
    const asked = client.s4u2proxy(evidence, 'HTTP/shop.partner.test')
    if (isTaken) expect(formatPrincipal((await asked).client)).toBe('alice@AD.TEST')
    else
      expect(await refusalOf(asked)).toMatchObject(
        rejected('TGS', 'KRB_AP_ERR_BADMATCH', 'names another client than rbcd@AD.TEST'),
      )
  })
})

describe('a referral', () => {
  async function trusting() {
    const there = await createTestRealm({
      realm: 'PARTNER.TEST',
      now: NOW,
      services: { shop: { spns: ['HTTP/shop.partner.test'] } },
    })
    const realm = await adTest({ now: NOW, trusts: [there] })
    const kdc = new LyingKdc(
      realm,
      realm.keytabFor('web').entries.map(({ key }) => key),
    )
    return { realm, kdc, client: clientOf(realm, 'web', { kdc: kdc.transport }) }
  }
  const onlyIn =
    (realm: string, lie: Lie): Lie =>
    (told, asked) =>
      asked.reqBody.realm === realm ? lie(told, asked) : told

  test.each<[what: string, lie: Lie, code: string, message: string]>([
    [
      'in the name of another client',
      outside(() => ({ cname: MALLORY })),
      'KRB_AP_ERR_BADMATCH',
      'names another client than web@AD.TEST',
    ],
    [
      'in the name of a client of another realm',
      outside(() => ({ crealm: 'PARTNER.TEST' })),
      'KRB_AP_ERR_BADMATCH',
      'names another client than web@AD.TEST',
    ],
    [
      'of another realm than was asked',
      both(
        inPart(() => ({ srealm: 'MALLORY.TEST' })),
        inTicket({ realm: 'MALLORY.TEST' }),
      ),
      'KRB_AP_ERR_BADMATCH',
      'comes from another realm',
    ],
    [
      'that is longer than the name of any KDC',
      both(
        inPart(() => ({ sname: spn('krbtgt', 'PARTNER.TEST', 'x') })),
        inTicket({ sname: spn('krbtgt', 'PARTNER.TEST', 'x') }),
      ),
      'KRB_AP_ERR_BADMATCH',
      'is a ticket for krbtgt/PARTNER.TEST/x, not for HTTP/shop.partner.test',
    ],
    [
      'to another service than the KDC of a realm',
      both(
        inPart(() => ({ sname: spn('host', 'PARTNER.TEST') })),
        inTicket({ sname: spn('host', 'PARTNER.TEST') }),
      ),
      'KRB_AP_ERR_BADMATCH',
      'is a ticket for host/PARTNER.TEST, not for HTTP/shop.partner.test',
    ],
  ])('%s is not followed', async (_what, lie, code, message) => {
    const { realm, kdc, client } = await trusting()
    kdc.tgsLie = onlyIn('AD.TEST', lie)
    expect(await refusalOf(client.ticketFor('HTTP/shop.partner.test'))).toMatchObject(rejected('TGS', code, message))
    expect(realm.exchanges.map(({ kind }) => kind)).not.toContain('S4U2Proxy')
  })

  test('of the next realm is held to the same client', async () => {
    const { kdc, client } = await trusting()
    kdc.tgsLie = onlyIn(
      'PARTNER.TEST',
      outside(() => ({ cname: MALLORY })),
    )
    expect(await refusalOf(client.ticketFor('HTTP/shop.partner.test'))).toMatchObject(
      rejected('TGS', 'KRB_AP_ERR_BADMATCH', 'names another client than web@AD.TEST'),
    )
  })

  test('on the way to a realm that was named is held to the same client', async () => {
    const { kdc, client } = await trusting()
    kdc.tgsLie = onlyIn(
      'AD.TEST',
      outside(() => ({ cname: MALLORY })),
    )
    expect(await refusalOf(client.ticketFor('HTTP/shop.partner.test@PARTNER.TEST'))).toMatchObject(
      rejected('TGS', 'KRB_AP_ERR_BADMATCH', 'names another client than web@AD.TEST'),
    )
  })

  const elsewhere: Lie = both(
    inPart(() => ({ sname: spn('krbtgt', 'MALLORY.TEST') })),
    inTicket({ sname: spn('krbtgt', 'MALLORY.TEST') }),
  )

  test.each<[what: string, ask: (client: KdcClient) => Promise<unknown>, asked: string]>([
    ['a forwarded ticket-granting ticket', (client) => client.tgtToForward(), 'krbtgt/AD.TEST'],
    [
      'a ticket from user to user',
      async (client) => {
        const { ticket } = await client.ticketFor('krbtgt/AD.TEST')
        return client.ticketFor('alice', { userToUser: ticket })
      },
      'alice',
    ],
  ])('is not taken for %s', async (_what, ask, asked) => {
    const { kdc, client } = await bad()
    await client.ticketFor('krbtgt/AD.TEST')
    kdc.tgsLie = elsewhere
    expect(await refusalOf(ask(client))).toMatchObject(
      rejected('TGS', 'KRB_AP_ERR_BADMATCH', `is a ticket for krbtgt/MALLORY.TEST, not for ${asked}`),
    )
  })
})

describe('a reply of which one bit was changed on the way', () => {
  /**
   * Refused as what it is, or taken for what it was: the ticket itself is the service's to open.
   */
  async function judge(asked: Promise<ServiceTicket>, honest: ServiceTicket, tampered: () => boolean) {
    const outcome = await asked.then(meaningOf, (error: Error) => error)
    expect(tampered()).toBe(true)
    if (outcome instanceof Error) {
      expect(['RejectedTokenError', 'MalformedTokenError', 'KdcError']).toContain(outcome.name)
      return 'refused'
    }
    expect(outcome).toEqual(meaningOf(honest))
    return 'taken'
  }

  /** The type of a name is a hint, and no part of it. Source: RFC 4120 section 6.2. */
  const meaningOf = ({ client, service, flags, authenticatedAt, startsAt, expiresAt }: ServiceTicket) => {
    const names = [formatPrincipal(client), formatPrincipal(service)]
    return [...names, ...flags, authenticatedAt, startsAt, expiresAt]
  }

  /** Changes one bit of the first reply with this tag; where it has fewer, none. */
  function changing(realm: TestRealm, tag: number, bit: number) {
    const seen = { octets: 0 }
    const kdc: KdcTransport = async (request, context) => {
      const reply = await realm.transport(request, context)
      if (reply[0] !== tag || seen.octets > 0) return reply
      seen.octets = reply.length
      const changed = reply.slice()
      if (bit < reply.length * 8) changed[bit >> 3] ^= 1 << (bit & 7)
      return changed
    }
    return { kdc, seen }
  }

  test('is refused or means what it meant, when a ticket was asked for', async () => {
    const { realm, client } = await bad()
    const { client: name, ticket, sessionKey, flags, expiresAt } = await client.ticketFor('krbtgt/AD.TEST')
    const tgt = { client: name, ticket, sessionKey, flags, expiresAt }
    const askWith = (kdc: KdcTransport) =>
      createKdcClient({ kdc, credentials: { tgt }, now: () => realm.now }).ticketFor(API)
    const honest = await askWith(realm.transport)
    const fates: string[] = []
    for (let bit = 0, octets = 1; bit < octets * 8; bit += 61) {
      const { kdc, seen } = changing(realm, 0x6d, bit)
      fates.push(await judge(askWith(kdc), honest, () => seen.octets > 0))
      octets = seen.octets
    }
    expect(fates.filter((fate) => fate === 'refused').length).toBeGreaterThan(fates.length / 4)
    expect(fates).toContain('taken')
  })

  test('is refused or means what it meant, at sign-in', async () => {
    const { realm } = await bad()
    const askWith = (kdc: KdcTransport) => clientOf(realm, 'web', { kdc }).ticketFor(API)
    const honest = await askWith(realm.transport)
    for (let bit = 0, octets = 1; bit < octets * 8; bit += 151) {
      const { kdc, seen } = changing(realm, 0x6b, bit)
      await judge(askWith(kdc), honest, () => seen.octets > 0)
      octets = seen.octets
    }
  })
})

describe('a renewal', () => {
  /**
   * A client that has found alice's ticket-granting ticket in a file, in whose last fifth it is
   * renewed.
   */
  async function renewing() {
    const { realm, kdc, client: alice } = await bad()
    let granted: ServiceTicket | undefined
    kdc.asLie = (told) => {
      granted = grantingTicketOf(told)
      return told
    }
    await alice.ticketFor(API)
    if (granted === undefined) throw new Error('nobody has signed in')
    const shown: Ticket[] = []
    const transport: KdcTransport = (request, context) => {
      const { padata, reqBody } = decode(TgsReq, request)
      const { ticket } = decode(ApReq, findPaData(padata, PaType.TGS_REQ) ?? new Uint8Array(0))
      if (reqBody.sname?.nameString[0] === 'HTTP') shown.push(ticket)
      return kdc.transport(request, context)
    }
    const ccache = ccacheOf(granted)
    const client = createKdcClient({ kdc: transport, credentials: { ccache }, now: () => realm.now })
    realm.now += 8.5 * HOUR
    return { realm, kdc, client, given: granted.ticket, lastShown: () => shown.at(-1) }
  }

  const onlyRenewals =
    (lie: Lie): Lie =>
    (told, asked) =>
      hasFlag(asked.reqBody.kdcOptions, KdcOption.RENEW) ? lie(told, asked) : told

  test('is used when the KDC is honest', async () => {
    const { realm, client, given, lastShown } = await renewing()
    await client.ticketFor(VAULT)
    expect(realm.exchanges.map(({ kind }) => kind)).toContain('renewal')
    await client.ticketFor(API)
    expect(lastShown()).not.toEqual(given)
  })

  test.each<[what: string, lie: Lie]>([
    ['answers another request', inPart(({ nonce }) => ({ nonce: nonce ^ 1 }))],
    ['in the name of another client', outside(() => ({ cname: MALLORY }))],
    ['in the name of a client of another realm', outside(() => ({ crealm: 'MALLORY.TEST' }))],
    [
      'is for the KDC of another realm',
      both(
        inPart(() => ({ sname: spn('krbtgt', 'MALLORY.TEST') })),
        inTicket({ sname: spn('krbtgt', 'MALLORY.TEST') }),
      ),
    ],
    [
      'is of another realm',
      both(
        inPart(() => ({ srealm: 'MALLORY.TEST' })),
        inTicket({ realm: 'MALLORY.TEST' }),
      ),
    ],
    ['has a weaker session key', inPart(() => ({ key: Key.random(23) }))],
    ['lasts longer than it may be renewed', inPart(() => ({ endtime: NOW + 25 * HOUR }))],
    ['may be renewed for longer than before', inPart(() => ({ renewTill: NOW + 25 * HOUR }))],
    ['is not valid yet', withFlag(TicketFlag.INVALID)],
    ['is proxiable, which it was not', withFlag(TicketFlag.PROXIABLE)],
  ])('that %s is not used: the ticket at hand is, to its end', async (_what, lie) => {
    const { realm, kdc, client, given, lastShown } = await renewing()
    kdc.tgsLie = onlyRenewals(lie)
    await client.ticketFor(VAULT)
    expect(realm.exchanges.filter(({ kind }) => kind === 'renewal').length).toBeGreaterThan(0)
    expect(lastShown()).toEqual(given)
    realm.now = NOW + 10 * HOUR
    expect(await refusalOf(client.ticketFor('HTTP/kcd.ad.test'))).toMatchObject({ code: 'KRB_AP_ERR_TKT_EXPIRED' })
  })
})

function grantingTicketOf({ reply, part }: Told): ServiceTicket {
  const { flags, authtime, starttime = authtime, endtime, renewTill } = part
  return {
    client: { name: reply.cname, realm: reply.crealm },
    service: { name: part.sname, realm: part.srealm },
    ticket: reply.ticket,
    sessionKey: part.key,
    flags,
    authenticatedAt: authtime,
    startsAt: starttime,
    expiresAt: endtime,
    renewableUntil: renewTill,
  }
}

function ccacheOf(tgt: ServiceTicket): Uint8Array {
  const { client, service, sessionKey, flags, authenticatedAt, startsAt, expiresAt, renewableUntil = 0 } = tgt
  const times = { authtime: authenticatedAt, starttime: startsAt, endtime: expiresAt, renewTill: renewableUntil }
  const rest = { isSkey: false, addresses: [], authorizationData: [], secondTicket: new Uint8Array(0) }
  const credential = { client, server: service, key: sessionKey, ...times, flags, ...rest, ticket: tgt.ticket }
  return encodeCcache({ principal: client, credentials: [credential], settings: [], kdcOffset: 0 })
}

function bitsOf(flags: Uint8Array): number[] {
  return Array.from({ length: 32 }, (_, bit) => bit).filter(
    (bit) => ((flags[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0,
  )
}

const emptyBody = { kdcOptions: kerberosFlags(), realm: '', till: 0, nonce: 0, etype: [] }

/** A proof, rightly made, of octets that nobody sent. */
function proving(key: Key, usage: number): Lie {
  const checksum = { cksumtype: key.checksumType, checksum: key.checksum(usage, Uint8Array.of(1)) }
  return inPart(() => ({
    encryptedPaData: [{ padataType: PaType.REQ_ENC_PA_REP, padataValue: encode(Checksum, checksum) }],
  }))
}

const unkeyedProof: PaData = {
  padataType: PaType.REQ_ENC_PA_REP,
  padataValue: encode(Checksum, { cksumtype: 7, checksum: makeUnkeyedChecksumThatProvesNothing(7, Uint8Array.of(1)) }),
}

import { type EvidenceTicket, evidenceFromS4u2self, isForwardable, type KdcTransport } from '@s4u/kdc-client'
import {
  ApReq,
  decode,
  encode,
  findPaData,
  formatPrincipal,
  type KdcReq,
  KRB_ERROR_CODES as KRB,
  KrbError,
  PaType,
  TgsReq,
  type Ticket,
} from '@s4u/krb5'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf, userClient } from './realm-and-clients.js'

const TGS_REQ = 0x6c
const API = 'HTTP/api.ad.test'

/**
 * A KDC whose krbtgt has changed its key: it refuses what it granted before, and evidence that is
 * not its own.
 */
class Rotated {
  code: number = KRB.KRB_AP_ERR_BAD_INTEGRITY
  private readonly refused = new Set<string>()
  private readonly granting = new Set<string>()
  private readonly realm: TestRealm

  constructor(realm: TestRealm) {
    this.realm = realm
  }

  readonly transport: KdcTransport = async (bytes, context) => {
    if (bytes[0] !== TGS_REQ) return this.realm.transport(bytes, context)
    const request = decode(TgsReq, bytes)
    const granting = octetsOf(shownIn(request))
    this.granting.add(granting)
    const [evidence] = request.reqBody.additionalTickets ?? []
    const isBad = this.refused.has(granting) || evidence?.encPart.cipher.every((octet) => octet === 0)
    if (!isBad) return this.realm.transport(bytes, context)
    const sname = { nameType: 2, nameString: ['krbtgt', this.realm.realm] }
    return encode(KrbError, { stime: this.realm.now, susec: 0, errorCode: this.code, realm: this.realm.realm, sname })
  }

  /** From now on the ticket-granting tickets that were shown so far are refused. */
  rotate(): void {
    for (const granting of this.granting) this.refused.add(granting)
  }
}

function shownIn({ padata }: KdcReq): Ticket {
  return decode(ApReq, findPaData(padata, PaType.TGS_REQ) ?? new Uint8Array(0)).ticket
}

function octetsOf({ encPart }: Ticket): string {
  return Buffer.from(encPart.cipher).toString('base64')
}

async function presented(realm: TestRealm, user: string): Promise<EvidenceTicket> {
  const ticket = await userClient(realm, user).ticketFor('HTTP/kcd.ad.test')
  const { client, expiresAt } = ticket
  return { client, ticket: ticket.ticket, forwardable: isForwardable(ticket), expiresAt, origin: 'presented' }
}

/** What an attacker presents, each time another. */
function bad(evidence: EvidenceTicket, length: number): EvidenceTicket {
  const { encPart } = evidence.ticket
  return { ...evidence, ticket: { ...evidence.ticket, encPart: { ...encPart, cipher: new Uint8Array(100 + length) } } }
}

const signIns = (realm: TestRealm): number =>
  realm.exchanges.filter(({ kind, client }) => kind === 'AS' && client?.startsWith('kcd')).length

/** A service that delegates with presented tickets only, some minutes after it has signed in. */
async function site() {
  const realm = await adTest({ now: Date.now() })
  const kdc = new Rotated(realm)
  const client = clientOf(realm, 'kcd', { kdc: kdc.transport })
  const evidence = await presented(realm, 'alice')
  await client.ticketFor('HTTP/vault.ad.test')
  realm.now += 300_000
  return { realm, kdc, client, evidence, before: signIns(realm) }
}

describe('a ticket-granting ticket that is refused beside evidence', () => {
  test.each([
    ['KRB_AP_ERR_TKT_EXPIRED', KRB.KRB_AP_ERR_TKT_EXPIRED],
    ['KRB_AP_ERR_BAD_INTEGRITY', KRB.KRB_AP_ERR_BAD_INTEGRITY],
    ['KRB_AP_ERR_BADKEYVER', KRB.KRB_AP_ERR_BADKEYVER],
    ['KDC_ERR_TGT_REVOKED', KRB.KDC_ERR_TGT_REVOKED],
  ])('is replaced, and the user is not blamed (%s)', async (_name, code) => {
    const { realm, kdc, client, evidence, before } = await site()
    kdc.code = code
    kdc.rotate()
    expect(formatPrincipal((await client.s4u2proxy(evidence, API)).client)).toBe('alice@AD.TEST')
    expect(signIns(realm)).toBeGreaterThan(before)
  })

  test('is replaced once for all who come at the same time', async () => {
    const { realm, kdc, client, before } = await site()
    const users = await Promise.all(['alice', 'bob', 'alice', 'bob', 'alice'].map((user) => presented(realm, user)))
    kdc.rotate()
    const tickets = await Promise.all(users.map((evidence) => client.s4u2proxy(evidence, API)))
    expect(tickets.map((ticket) => ticket.client.name.nameString[0])).toEqual(['alice', 'bob', 'alice', 'bob', 'alice'])
    expect(signIns(realm)).toBe(before + PER_SIGN_IN)
  })

  test('is not what bad evidence is blamed on: any number of it makes one sign-in in a minute', async () => {
    const { realm, client, evidence, before } = await site()
    for (let turn = 0; turn < 30; turn++)
      expect(await refusalOf(client.s4u2proxy(bad(evidence, turn), API))).toMatchObject({ reason: 'evidence-unusable' })
    await Promise.all(
      Array.from({ length: 30 }, (_, turn) => refusalOf(client.s4u2proxy(bad(evidence, 50 + turn), API))),
    )
    expect(signIns(realm)).toBe(before + PER_SIGN_IN)
    realm.now += 61_000
    await refusalOf(client.s4u2proxy(bad(evidence, 90), API))
    expect(signIns(realm)).toBe(before + 2 * PER_SIGN_IN)
  })

  test('is kept while there is no other: bad evidence takes it from nobody', async () => {
    const { realm, client, evidence } = await site()
    await realm.changePassword('kcd')
    expect(await refusalOf(client.s4u2proxy(bad(evidence, 0), API))).toMatchObject({ reason: 'evidence-unusable' })
    expect((await client.ticketFor(API)).service.name.nameString).toEqual(['HTTP', 'api.ad.test'])
  })
})

describe('a ticket-granting ticket for another realm that is refused', () => {
  const PARTNER = 'HTTP/api.partner.test@PARTNER.TEST'

  async function trusting() {
    const there = await createTestRealm({
      realm: 'PARTNER.TEST',
      services: {
        api: { spns: ['HTTP/api.partner.test'], allowedToActOnBehalfOf: ['rbcd@AD.TEST'] },
        vault: { spns: ['HTTP/vault.partner.test'] },
      },
    })
    const here = await adTest({ now: Date.now(), trusts: [there] })
    const kdc = new Rotated(here)
    let isThere = false
    const transport: KdcTransport = (bytes, context) =>
      context.realm === 'PARTNER.TEST' || !isThere ? kdc.transport(bytes, context) : here.transport(bytes, context)
    return { here, there, kdc, transport, onlyThere: () => (isThere = true) }
  }

  test('is asked for again', async () => {
    const { here, kdc, transport, onlyThere } = await trusting()
    const client = clientOf(here, 'web', { kdc: transport })
    onlyThere()
    await client.ticketFor(PARTNER)
    kdc.rotate()
    const other = await client.ticketFor('HTTP/vault.partner.test@PARTNER.TEST')
    expect(formatPrincipal(other.service)).toBe('HTTP/vault.partner.test@PARTNER.TEST')
  })

  test('is asked for again beside evidence', async () => {
    const { here, there, kdc, transport, onlyThere } = await trusting()
    const client = clientOf(here, 'rbcd', { kdc: transport })
    onlyThere()
    await client.ticketFor(PARTNER)
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    here.now += 300_000
    there.now = here.now
    kdc.rotate()
    const ticket = await client.s4u2proxy(evidence, 'HTTP/api.partner.test')
    expect(formatPrincipal(ticket.client)).toBe('alice@AD.TEST')
  })
})

/** Two requests: without pre-authentication, and with it. */
const PER_SIGN_IN = 2

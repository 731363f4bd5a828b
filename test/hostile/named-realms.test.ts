/**
 * The name of a realm decides which KDC is looked up and connected to. Tickets, errors and typed
 * names are full of realms that somebody else has written: none of them may lead this process to
 * where no trust of its own KDC does.
 */

import { createInitiator, formatAuthorization, sealForwardedCredential } from '@s4u/gssapi'
import { createKdcClient, type ForwardedTicket, type KdcTransport } from '@s4u/kdc-client'
import { AsReq, decode, encode, findPaData, KRB_ERROR_CODES, KrbError, PaType, TgsReq, type Ticket } from '@s4u/krb5'
import { createNegotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { beforeEach, describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf, userClient } from './kdc-client-realm.js'

const AS_REQ = 0x6a
const WEB = 'HTTP/web.ad.test'
const VAULT = 'HTTP/vault.ad.test'

let realm: TestRealm
let partner: TestRealm
/** The realms whose KDC was asked for, each once. */
let asked: Set<string>
/** What the network says in place of the KDC. */
let forge: (request: Uint8Array, realm: string) => Uint8Array | undefined

const transport: KdcTransport = async (request, context) => {
  asked.add(context.realm)
  const forged = forge(request, context.realm)
  if (forged) return forged
  if (!['AD.TEST', 'PARTNER.TEST'].includes(context.realm)) throw new Error(`connected to ${context.realm}`)
  return realm.transport(request, context)
}

beforeEach(async () => {
  partner = await createTestRealm({ realm: 'PARTNER.TEST', users: { oscar: { password: 'pw-oscar' } } })
  realm = await adTest({ trusts: [partner] })
  asked = new Set()
  forge = () => undefined
})

const negotiator = (options: NegotiatorOptions = {}) =>
  createNegotiator({ keytab: realm.keytabFor('web'), kdc: transport, now: () => realm.now, ...options })

/** Alice's own ticket-granting ticket, with other names written on it. */
async function forwarded(names: Partial<Ticket> = {}): Promise<ForwardedTicket> {
  const { client, ticket, sessionKey, flags, expiresAt } = await userClient(realm, 'alice').tgtToForward()
  return { client, ticket: { ...ticket, ...names }, sessionKey, flags, expiresAt }
}

const krbtgt = (of: string) => ({ nameType: 2, nameString: ['krbtgt', of] })
const EVIL: readonly (readonly [string, Partial<Ticket>])[] = [
  ['of a realm of the caller’s invention', { realm: 'EVIL.EXAMPLE', sname: krbtgt('EVIL.EXAMPLE') }],
  ['as if our own realm led there', { sname: krbtgt('EVIL.EXAMPLE') }],
  ['for us, as if that realm led here', { realm: 'EVIL.EXAMPLE' }],
  ['that is not one', { sname: { nameType: 2, nameString: ['HTTP', 'evil.example'] } }],
  ['that has a part too many', { sname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST', 'evil.example'] } }],
]

describe('a caller who forwards a ticket-granting ticket', () => {
  const authorizationWith = async (names: Partial<Ticket>): Promise<string> => {
    const ticket = await userClient(realm, 'alice').ticketFor(WEB)
    const tgt = await userClient(realm, 'alice').tgtToForward()
    const lent = { ...tgt, ticket: { ...tgt.ticket, ...names }, service: { name: krbtgt('AD.TEST'), realm: 'AD.TEST' } }
    const delegate = sealForwardedCredential(lent, ticket.sessionKey)
    return formatAuthorization(createInitiator({ ticket, delegate, now: () => realm.now }).token)
  }

  /** What our own initiator is ready to send. */
  const sendable = EVIL.filter(([, { sname }]) => sname === undefined || sname.nameString[0] === 'krbtgt')

  test.each(sendable)('%s is let in by default, and nobody is asked with it', async (_whose, names) => {
    using web = negotiator({ delegation: { principal: 'web' } })
    const outcome = await web.authenticate({ headers: { authorization: await authorizationWith(names) } })
    if (outcome.status !== 'authenticated') throw new Error(outcome.status)
    using alice = outcome.identity.impersonate()
    expect((await alice.ticketFor('HTTP/api.ad.test')).client.name.nameString).toEqual(['alice'])
    await expect(alice.ticketFor(VAULT)).rejects.toMatchObject({ name: 'DelegationRefusedError' })
    expect([...asked]).toEqual(['AD.TEST'])
  })

  test.each(sendable)('%s is refused where they are used', async (_whose, names) => {
    using web = negotiator({ delegation: { principal: 'web', forwardedTickets: 'use' } })
    const outcome = await web.authenticate({ headers: { authorization: await authorizationWith(names) } })
    expect(outcome).toMatchObject({ status: 'challenge', statusCode: 401, error: { code: 'KRB_AP_ERR_BADMATCH' } })
    expect(asked.size).toBe(0)
  })
})

describe('the KDC client', () => {
  test.each(EVIL)('is handed a ticket-granting ticket %s, and asks nobody', async (_whose, names) => {
    const tgt = await forwarded(names)
    const refused = { name: 'RejectedTokenError', code: 'KRB_AP_ERR_BADMATCH' }
    const client = clientOf(realm, 'web', { kdc: transport })
    expect(await refusalOf(client.ticketWith(tgt, VAULT))).toMatchObject(refused)
    expect(await refusalOf(client.ticketAs({ user: 'alice@AD.TEST', forwardedTgt: tgt }, VAULT))).toMatchObject(refused)
    expect(() => createKdcClient({ kdc: transport, credentials: { tgt } })).toThrow(/cannot be used/)
    expect(asked.size).toBe(0)
  })

  test('is handed one of a user of another realm, and asks its KDC only where the own one leads there', async () => {
    const { client, ticket, sessionKey, flags, expiresAt } = await createKdcClient({
      kdc: partner.transport,
      credentials: { principal: 'oscar@PARTNER.TEST', password: 'pw-oscar' },
      now: () => realm.now,
    }).tgtToForward()
    const tgt = { client, ticket, sessionKey, flags, expiresAt }
    const web = clientOf(realm, 'web', { kdc: transport })
    expect((await web.ticketWith(tgt, WEB)).client).toEqual(client)
    expect([...asked].sort()).toEqual(['AD.TEST', 'PARTNER.TEST'])
    const alone = await adTest()
    asked.clear()
    const stranger = clientOf(alone, 'web', {
      kdc: async (request, context) => (asked.add(context.realm), alone.transport(request, context)),
    })
    expect(await refusalOf(stranger.ticketWith(tgt, WEB))).toMatchObject({
      ...{ name: 'RejectedTokenError', code: 'KRB_AP_PATH_NOT_ACCEPTED' },
      message: 'TGS: HTTP/web.ad.test is to be asked for in PARTNER.TEST, to which no trust leads',
      hint: 'The own KDC gives no ticket for krbtgt/PARTNER.TEST: check the trust, or who has sent the ticket-granting ticket.',
    })
    expect([...asked]).toEqual(['AD.TEST'])
  })

  test('does not act as one user with the ticket-granting ticket of another', async () => {
    const client = clientOf(realm, 'web', { kdc: transport })
    const grounds = { user: 'bob@AD.TEST', forwardedTgt: await forwarded() }
    expect(await refusalOf(client.ticketAs(grounds, VAULT))).toMatchObject({ code: 'KRB_AP_ERR_BADMATCH' })
    expect(asked.size).toBe(0)
  })

  test('does not follow a referral that the user, who knows the session key, may have sealed', async () => {
    const tgt = await forwarded()
    const client = clientOf(realm, 'web', { kdc: transport })
    forge = (request) => {
      const { sname } = decode(request[0] === AS_REQ ? AsReq : TgsReq, request).reqBody
      // Only what is asked with alice's ticket is answered with a referral; the service's own
      // questions are not.
      realm.misbehave.endlessReferral = sname?.nameString[0] === 'HTTP'
      return undefined
    }
    const error = await refusalOf(client.ticketWith(tgt, VAULT))
    expect(error).toMatchObject({ name: 'RejectedTokenError', code: 'KRB_AP_PATH_NOT_ACCEPTED' })
    expect([...asked]).toEqual(['AD.TEST'])
  })
})

/** KDC_ERR_WRONG_REALM, as anybody can write it, in answer to every sign-in. */
const sentTo = (crealm: string) => (request: Uint8Array, at: string) => {
  if (request[0] !== AS_REQ || at !== 'AD.TEST') return undefined
  const { cname } = decode(AsReq, request).reqBody
  if (cname?.nameString[0] === 'web') return undefined
  const errorCode = KRB_ERROR_CODES.KDC_ERR_WRONG_REALM
  return encode(KrbError, { stime: realm.now, susec: 0, errorCode, realm: at, sname: krbtgt(at), crealm, cname })
}

describe('somebody on the way who says that a typed name belongs to another realm', () => {
  const delegation = { principal: 'web', protocolTransition: true }
  const ELSEWHERE = ['EVIL.EXAMPLE', '10.0.0.1', 'evil.example/x', 'a b', '']

  test.each(ELSEWHERE)('(%s) does not have its KDC asked who the user is', async (crealm) => {
    forge = sentTo(crealm)
    using web = negotiator({ delegation })
    await refusalOf(web.identityFor(`bob@${crealm || 'evil'}`))
    await refusalOf(web.identityFor('bob@EVIL.EXAMPLE'))
    expect([...asked]).toEqual(['AD.TEST'])
  })

  test.each(ELSEWHERE)('(%s) does not have the password proven there', async (crealm) => {
    forge = sentTo(crealm)
    using web = negotiator({ delegation })
    const error = await refusalOf(web.identityFor({ user: 'bob@EVIL.EXAMPLE', password: 'pw-bob' }))
    // The password goes in armor, and what is answered in the clear counts for nothing.
    expect(error).toMatchObject({ name: 'RejectedTokenError', code: 'KRB5_ERR_FAST_REQUIRED' })
    expect([...asked]).toEqual(['AD.TEST'])
  })

  test.each(ELSEWHERE)('(%s) does not have it proven there where it goes without armor', async (crealm) => {
    forge = sentTo(crealm)
    using web = negotiator({ delegation, kdc: { kdc: transport, fast: 'off' } })
    const error = await refusalOf(web.identityFor({ user: 'bob@EVIL.EXAMPLE', password: 'pw-bob' }))
    expect(error).toMatchObject({ name: 'KdcError', code: 'KDC_ERR_WRONG_REALM' })
    expect([...asked]).toEqual(['AD.TEST'])
  })

  test('a realm that our own KDC leads to is asked', async () => {
    using web = negotiator({ delegation })
    expect((await web.identityFor('oscar@partner.test')).principal).toBe('oscar@PARTNER.TEST')
    const subject = { user: 'oscar@partner.test', password: 'pw-oscar' }
    expect((await web.identityFor(subject)).principal).toBe('oscar@PARTNER.TEST')
    expect([...asked].sort()).toEqual(['AD.TEST', 'PARTNER.TEST'])
  })
})

describe('a sign-in with an enterprise name', () => {
  const credentials = { principal: 'oscar@partner.test', password: 'pw-oscar', enterprise: true }

  test('is followed to no realm whose KDCs would have to be looked up', async () => {
    const { port } = await realm.listen()
    await using _closing = realm
    const lookedUp: string[] = []
    const dns = {
      resolveSrv: async (name: string) => (lookedUp.push(name), []),
      resolveUri: async (name: string) => (lookedUp.push(name), []),
    }
    const kdc = { 'AD.TEST': `127.0.0.1:${port}` }
    const options = { realm: 'AD.TEST', credentials, dns, now: () => realm.now }
    const client = createKdcClient({ ...options, kdc })
    expect(await refusalOf(client.ticketFor(WEB))).toMatchObject({ code: 'KDC_ERR_WRONG_REALM' })
    expect(lookedUp).toEqual([])
    // Those whom the caller has named are asked, and so is one that he says may be looked up.
    const { port: theirs } = await partner.listen()
    await using _closingThem = partner
    const named = createKdcClient({ ...options, kdc: { ...kdc, 'PARTNER.TEST': `127.0.0.1:${theirs}` } })
    expect((await named.ticketFor('krbtgt/PARTNER.TEST@PARTNER.TEST')).client.realm).toBe('PARTNER.TEST')
    const trusting = createKdcClient({ ...options, kdc, mayFollow: (to) => to === 'PARTNER.TEST' })
    expect(await refusalOf(trusting.ticketFor(WEB))).toMatchObject({ name: 'KdcUnreachableError' })
    expect(lookedUp).toContain('_kerberos._udp.PARTNER.TEST')
  })

  test('shows a proof of the password to the KDC of the name’s realm alone', async () => {
    const proofs: string[] = []
    const kdc: KdcTransport = async (request, context) => {
      if (request[0] === AS_REQ && findPaData(decode(AsReq, request).padata, PaType.ENC_TIMESTAMP))
        proofs.push(context.realm)
      return transport(request, context)
    }
    const client = createKdcClient({ kdc, realm: 'AD.TEST', credentials, now: () => realm.now, mayFollow: () => true })
    await client.ticketFor('krbtgt/PARTNER.TEST@PARTNER.TEST')
    expect(proofs).toEqual(['PARTNER.TEST'])
    const wary = createKdcClient({
      kdc,
      realm: 'AD.TEST',
      credentials,
      now: () => realm.now,
      mayFollow: async () => false,
    })
    proofs.length = 0
    expect(await refusalOf(wary.ticketFor(WEB))).toMatchObject({ code: 'KDC_ERR_WRONG_REALM' })
    expect(proofs).toEqual([])
  })
})

test('the KDC client says which realms its own KDC leads to', async () => {
  const client = clientOf(realm, 'web', { kdc: transport })
  const said = await Promise.all(
    ['AD.TEST', 'ad.test', 'PARTNER.TEST', 'EVIL.EXAMPLE', ''].map((one) => client.trusts(one)),
  )
  expect(said).toEqual([true, true, true, false, false])
  expect([...asked]).toEqual(['AD.TEST'])
})

import {
  AsRep,
  AsReq,
  decode,
  encode,
  EtypeInfo2,
  KRB_ERROR_CODES,
  KrbError,
  MethodData,
  NameType,
  type PaData,
  PaType,
  TgsRep,
} from '@s4u/krb5'
import type { Misbehaviour, TestRealm } from '@s4u/test-kdc'
import { describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf } from './kdc-client-realm.js'
import { Meddler, namesUser, withoutUser } from './meddler.js'
import {
  createKdcClient,
  type EvidenceTicket,
  evidenceFromS4u2self,
  type KdcClient,
  type KdcTransport,
} from '@s4u/kdc-client'

const AS_REP = 0x6b
const TGS_REP = 0x6d

/**
 * Lies in the KDC itself, with the name under which they are refused, and by which of the checks.
 */
const lies: readonly (readonly [
  lie: Exclude<keyof Misbehaviour, 'slow'>,
  code: string,
  inAs: RegExp,
  inTgs: RegExp,
])[] = [
  ['wrongClient', 'KRB_AP_ERR_BADMATCH', /names another client$/, /names another client than/],
  ['wrongRealm', 'KRB_AP_ERR_BADMATCH', /names another client$/, /names another client than/],
  [
    'wrongService',
    'KRB_AP_ERR_BADMATCH',
    /is a ticket for another service$/,
    /is a ticket for HTTP\/mallory.test, not for/,
  ],
  ['wrongNonce', 'KRB_AP_ERR_MODIFIED', /answers another request \(nonce\)$/, /answers another request \(nonce\)$/],
  [
    'downgradeEtype',
    'KDC_ERR_ETYPE_NOSUPP',
    /a session key of an encryption type/,
    /a session key of an encryption type/,
  ],
  ['changeFlags', 'KRB_AP_ERR_MODIFIED', /flags that were not asked for$/, /flags that were not asked for$/],
  ['beginsLater', 'KRB_AP_ERR_TKT_NYV', /begins later$/, /begins later$/],
  ['endsLater', 'KRB_AP_ERR_MODIFIED', /lasts longer than was asked for$/, /lasts longer than was asked for$/],
  [
    'renewsLater',
    'KRB_AP_ERR_MODIFIED',
    /renewed for longer than was asked for$/,
    /renewed for longer than was asked for$/,
  ],
]

/** What never was a message: the path says of which one it was to be. */
const garbage: readonly (readonly [lie: 'truncate' | 'hugeLengthPrefix', inAs: RegExp, inTgs: RegExp])[] = [
  ['truncate', /^KRB-ERROR: /, /^TGS-REP: /],
  ['hugeLengthPrefix', /^KRB-ERROR: /, /^TGS-REP: /],
]

const cases = [
  ...lies.map(([lie, code, inAs, inTgs]) => [lie, code, said('AS', inAs), said('TGS', inTgs)] as const),
  ...garbage.map(([lie, inAs, inTgs]) => [lie, 'GSS_S_DEFECTIVE_TOKEN', inAs, inTgs] as const),
]

function said(step: 'AS' | 'TGS', what: RegExp): RegExp {
  return new RegExp(`^${step}: the KDC's reply .*${what.source}`)
}

describe.each(cases)('a KDC that lies (%s)', (lie, code, inAs, inTgs) => {
  test('is refused at sign-in, and not only at the next step', async () => {
    const realm = await adTest({ misbehave: { [lie]: true } })
    const error = await refusalOf(clientOf(realm, 'web').ticketFor('HTTP/api.ad.test'))
    expect(error).toMatchObject({ code, message: expect.stringMatching(inAs) })
    expect(realm.exchanges.every(({ kind }) => kind === 'AS')).toBe(true)
  })

  test('is refused when it gives tickets, to itself and to others, in whoever’s name', async () => {
    const realm = await adTest()
    const client = clientOf(realm, 'web')
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    realm.misbehave[lie] = true
    const before = realm.exchanges.length
    const refused = { code, message: expect.stringMatching(inTgs) }
    expect(await refusalOf(client.ticketFor('HTTP/vault.ad.test'))).toMatchObject(refused)
    expect(await refusalOf(client.s4u2self('bob'))).toMatchObject(refused)
    expect(await refusalOf(client.s4u2proxy(evidence, 'HTTP/api.ad.test'))).toMatchObject(refused)
    expect(realm.exchanges.slice(before).map(({ kind }) => kind)).toEqual(['TGS', 'S4U2Self', 'S4U2Proxy'])
  })

  test('leaves nothing behind: the next honest answer is taken', async () => {
    const realm = await adTest()
    const client = clientOf(realm, 'web')
    await client.ticketFor('HTTP/web.ad.test')
    realm.misbehave[lie] = true
    await refusalOf(client.s4u2self('bob'))
    realm.misbehave[lie] = false
    expect((await client.s4u2self('bob')).client.name.nameString).toEqual(['bob'])
  })
})

test('a KDC that does not know S4U gives a ticket in the name of the service, which is not taken for the user’s', async () => {
  const realm = await adTest({ misbehave: { ignoreS4u: true } })
  const client = clientOf(realm, 'web')
  const refused = (user: string) => ({
    code: 'KRB_AP_ERR_BADMATCH',
    message: `TGS: the KDC's reply names another client than ${user}@AD.TEST`,
  })
  expect(await refusalOf(client.s4u2self('alice'))).toMatchObject(refused('alice'))
  realm.misbehave.ignoreS4u = false
  const evidence = evidenceFromS4u2self(await client.s4u2self('bob'))
  realm.misbehave.ignoreS4u = true
  expect(await refusalOf(client.s4u2proxy(evidence, 'HTTP/api.ad.test'))).toMatchObject(refused('bob'))
})

describe('a reply that answered an earlier request is refused', () => {
  // Of two requests for the same ticket the second is sent to a KDC that gives the reply of the
  // first.
  test.each<[step: string, ask: (client: KdcClient, evidence: EvidenceTicket) => Promise<unknown>]>([
    ['TGS', (client) => client.ticketFor('HTTP/vault.ad.test')],
    ['S4U2Self', (client) => client.s4u2self('bob')],
    ['S4U2Proxy', (client, evidence) => client.s4u2proxy(evidence, 'HTTP/api.ad.test')],
  ])('in %s, since each request has a key of its own', async (_step, ask) => {
    const realm = await adTest()
    const evidence = evidenceFromS4u2self(await clientOf(realm, 'web').s4u2self('alice'))
    const client = clientOf(realm, 'web')
    await client.ticketFor('HTTP/web.ad.test')
    await ask(clientOf(realm, 'web'), evidence)
    realm.misbehave.replayPreviousReply = true
    expect(await refusalOf(ask(client, evidence))).toMatchObject({
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
      message: "TGS: the KDC's reply does not open with the key of this request",
    })
  })

  test('in AS, where the key is always the same one and only the nonce tells', async () => {
    const realm = await adTest()
    let recorded: Uint8Array | undefined
    const replaying = tampering(realm, (reply) => (reply[0] === AS_REP ? (recorded ??= reply) : reply))
    const ask = () => clientOf(realm, 'web', { kdc: replaying }).ticketFor('HTTP/api.ad.test')
    await ask()
    expect(await refusalOf(ask())).toMatchObject({
      code: 'KRB_AP_ERR_MODIFIED',
      message: "AS: the KDC's reply answers another request (nonce)",
    })
  })
})

describe('endless referrals end', () => {
  test.each<[step: string, ask: (client: KdcClient, evidence: EvidenceTicket) => Promise<unknown>]>([
    ['TGS', (client) => client.ticketFor('HTTP/vault.ad.test')],
    ['S4U2Self', (client) => client.s4u2self('bob')],
    ['S4U2Proxy', (client, evidence) => client.s4u2proxy(evidence, 'HTTP/api.ad.test')],
  ])('in %s', async (_step, ask) => {
    const realm = await adTest()
    const client = clientOf(realm, 'web')
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    const before = realm.exchanges.length
    realm.misbehave.endlessReferral = true
    expect(await refusalOf(ask(client, evidence))).toMatchObject({
      name: 'RejectedTokenError',
      code: 'KRB_AP_PATH_NOT_ACCEPTED',
      message: expect.stringMatching(/^TGS: the KDCs refer .* on and on: AD.TEST, HOP-/),
      hint: expect.stringContaining('Check the trusts'),
    })
    expect(realm.exchanges.length - before).toBeLessThan(20)
  })

  test('in AS', async () => {
    const realm = await adTest()
    let asked = 0
    const kdc: KdcTransport = async () =>
      encode(KrbError, {
        ...forgery(realm.now),
        errorCode: KRB_ERROR_CODES.KDC_ERR_WRONG_REALM,
        crealm: `HOP-${++asked}.TEST`,
      })
    const credentials = { principal: 'bob.builder@corp.example', password: 'pw-bob', enterprise: true }
    const client = createKdcClient({ kdc, realm: 'AD.TEST', credentials, now: () => realm.now })
    expect(await refusalOf(client.ticketFor('HTTP/api.ad.test'))).toMatchObject({
      name: 'KdcError',
      code: 'KDC_ERR_WRONG_REALM',
      message: expect.stringMatching(/^AS: sign-in of/),
    })
    expect(asked).toBeLessThan(10)
  })
})

describe('somebody on the way who', () => {
  test.each<[what: string, tamper: (reply: Uint8Array) => Uint8Array, code: string, message: RegExp]>([
    [
      'puts the user’s name on a ticket of the service itself',
      renamed(['alice']),
      'KRB_AP_ERR_BADMATCH',
      /^S4U2Self: the reply s/,
    ],
    ['cuts the message short', (bytes) => bytes.subarray(0, 40), 'GSS_S_DEFECTIVE_TOKEN', /^TGS-REP: /],
    ['sends nothing', () => new Uint8Array(0), 'GSS_S_DEFECTIVE_TOKEN', /^KDC answer: .*found an empty answer/],
    ['sends something else', () => Uint8Array.of(0x30, 0), 'GSS_S_DEFECTIVE_TOKEN', /^KDC answer: .*begins with 0x30/],
    ['flips a bit under the seal', flipped, 'KRB_AP_ERR_BAD_INTEGRITY', /^TGS: .*does not open/],
    [
      'changes the service in the clear part of the ticket',
      otherService,
      'KRB_AP_ERR_MODIFIED',
      /^TGS: .*carries a ticket for another service than it says/,
    ],
  ])('%s is refused', async (_what, tamper, code, message) => {
    const realm = await adTest()
    let active = false
    const kdc = tampering(realm, (reply) => (active && reply[0] === TGS_REP ? tamper(reply) : reply))
    const client = clientOf(realm, 'web', { kdc })
    await client.ticketFor('HTTP/web.ad.test')
    active = true
    realm.misbehave.ignoreS4u = true
    expect(await refusalOf(client.s4u2self('alice'))).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  describe.each([
    ['a keytab', (realm: TestRealm) => ({ keytab: realm.keytabFor('web') })],
    ['a password', () => ({ principal: 'web@AD.TEST', password: 'pw-web' })],
    ['a password, and tickets of another encryption type than it signed in with', () => AES128_ONLY],
    ['a ticket-granting ticket', async (realm: TestRealm) => ({ tgt: await grantedTo(realm) })],
  ])('meets a service with %s and', (_what, credentialsFor) => {
    const setUp = async () => {
      const web = { spns: ['HTTP/web.ad.test'], password: 'pw-web', trustedToAuthForDelegation: true }
      const realm = await adTest({ services: { web } })
      const credentials = await credentialsFor(realm)
      const meddler = new Meddler(realm)
      const encryptionTypes = credentials === AES128_ONLY ? [17] : undefined
      return {
        realm,
        meddler,
        client: clientOf(realm, 'web', { kdc: meddler.transport, credentials, encryptionTypes }),
      }
    }

    test('does nothing does no harm', async () => {
      const { client } = await setUp()
      expect((await client.s4u2self('alice')).client.name.nameString).toEqual(['alice'])
    })

    test('puts the user’s name on a ticket of the service itself is refused', async () => {
      const { client, meddler } = await setUp()
      meddler.changeRequest = withoutUser
      meddler.changeReply = (reply, request) => (namesUser(request) ? { ...reply, cname: ALICE } : reply)
      expect(await refusalOf(client.s4u2self('alice'))).toMatchObject({ code: REFUSED })
    })

    test('has the KDC asked for another user, as it was before, is refused', async () => {
      const { client, meddler } = await setUp()
      let bobs: PaData[] = []
      meddler.changeRequest = (request) => {
        const forUser = (request.padata ?? []).filter(({ padataType }) => padataType === PaType.FOR_USER)
        if (forUser.length === 0) return request
        if (bobs.length === 0) bobs = forUser
        return { ...request, padata: [...(withoutUser(request).padata ?? []), ...bobs] }
      }
      meddler.changeReply = (reply, request) =>
        namesUser(request) && bobs.length > 0 ? { ...reply, cname: asked } : reply
      let asked = { nameType: NameType.PRINCIPAL, nameString: ['bob'] }
      await client.s4u2self('bob').catch(() => {})
      asked = ALICE
      expect(await refusalOf(client.s4u2self('alice'))).toMatchObject({ code: REFUSED })
    })
  })

  test('changes the AS reply is refused', async () => {
    const realm = await adTest()
    const kdc = tampering(realm, (reply) => (reply[0] === AS_REP ? flipped(reply) : reply))
    expect(await refusalOf(clientOf(realm, 'web', { kdc }).ticketFor('HTTP/api.ad.test'))).toMatchObject({
      code: 'KRB_AP_ERR_BAD_INTEGRITY',
      message: "AS: the KDC's reply does not open with the client’s key",
    })
  })

  test('changes the request so that it asks for weaker keys is found out by the proof in the reply', async () => {
    const realm = await adTest()
    const kdc: KdcTransport = (request, context) => {
      const changed = request[0] === 0x6a ? asksForLess(request) : request
      return realm.transport(changed, context)
    }
    expect(await refusalOf(clientOf(realm, 'web', { kdc }).ticketFor('HTTP/api.ad.test'))).toMatchObject({
      code: 'KRB_AP_ERR_MODIFIED',
      message: "AS: the KDC's reply answers another request than the one that was sent",
    })
  })

  test('forges an error is believed once, and does not move the clock', async () => {
    const realm = await adTest()
    const farAway = realm.now + 400 * 86_400_000
    let forge = true
    const kdc = tampering(realm, (reply) => (forge ? forgedSkew(farAway) : reply))
    const client = clientOf(realm, 'web', { kdc })
    expect(await refusalOf(client.ticketFor('HTTP/api.ad.test'))).toMatchObject({ code: 'KRB_AP_ERR_SKEW' })
    forge = false
    const later = clientOf(realm, 'web', { kdc })
    const ticket = await later.ticketFor('HTTP/api.ad.test')
    forge = true
    await refusalOf(later.ticketFor('HTTP/vault.ad.test'))
    forge = false
    expect(await later.ticketFor('HTTP/api.ad.test')).toBe(ticket)
    expect((await later.ticketFor('HTTP/web.ad.test')).expiresAt).toBeLessThan(farAway)
  })

  test('sends an endless number of “pre-authentication required” is not answered for ever', async () => {
    const realm = await adTest()
    let asked = 0
    const kdc: KdcTransport = async (request, context) => {
      asked++
      const reply = await realm.transport(request, context)
      if (reply[0] !== AS_REP) return reply
      return encode(KrbError, { ...forgery(realm.now), errorCode: KRB_ERROR_CODES.KDC_ERR_PREAUTH_REQUIRED })
    }
    await refusalOf(clientOf(realm, 'web', { kdc }).ticketFor('HTTP/api.ad.test'))
    expect(asked).toBeLessThan(9)
  })
})

describe('string-to-key parameters in an error that anybody can have forged', () => {
  test.each<[what: string, parameters: readonly number[], message: RegExp]>([
    [
      'that would keep this process busy for hours',
      [0x7f, 0xff, 0xff, 0xff],
      /ask for 2147483647 iterations, more than/,
    ],
    ['of one iteration more than are done', [0x00, 0x10, 0x00, 0x01], /ask for 1048577 iterations, more than 1048576$/],
    ['of nothing, which means the most', [0, 0, 0, 0], /ask for 4294967296 iterations, more than/],
    ['that make a password cheap to guess', [0, 0, 0, 1], /ask for 1 iterations, fewer than/],
    ['of one iteration less than any KDC does', [0x00, 0x00, 0x0f, 0xff], /ask for 4095 iterations, fewer than 4096$/],
    ['that are too short', [0x00, 0x10, 0x00], /are 3 octets instead of 4$/],
  ])(
    '%s are refused, and nothing is sent that a password could be guessed from',
    async (_what, parameters, message) => {
      const realm = await adTest()
      const info = encode(EtypeInfo2, [{ etype: 18, salt: 'AD.TESTalice', s2kparams: Uint8Array.from(parameters) }])
      const eData = encode(MethodData, [{ padataType: PaType.ETYPE_INFO2, padataValue: info }])
      let asked = 0
      const kdc: KdcTransport = async () => {
        asked++
        return encode(KrbError, { ...forgery(0), errorCode: KRB_ERROR_CODES.KDC_ERR_PREAUTH_REQUIRED, eData })
      }
      const credentials = { principal: 'alice@AD.TEST', password: 'pw-alice' }
      const client = createKdcClient({ kdc, credentials, now: () => realm.now })
      expect(await refusalOf(client.ticketFor('HTTP/api.ad.test'))).toMatchObject({
        name: 'RejectedTokenError',
        code: 'KRB5_ERR_BAD_S2K_PARAMS',
        message: expect.stringMatching(message),
      })
      expect(asked).toBe(1)
    },
  )
})

const ALICE = { nameType: NameType.PRINCIPAL, nameString: ['alice'] }
const AES128_ONLY = { principal: 'web@AD.TEST', password: 'pw-web' }
/** By the name in the ticket, or for want of a key that opens it. */
const REFUSED = expect.stringMatching(/^(KRB_AP_ERR_BADMATCH|KRB_AP_ERR_NOKEY)$/)

/** A ticket-granting ticket of the service, out of its hands. */
async function grantedTo(realm: TestRealm) {
  const granting = await clientOf(realm, 'web').ticketFor('krbtgt/AD.TEST')
  const { client, ticket, sessionKey, flags, expiresAt } = granting
  return { client, ticket, sessionKey, flags, expiresAt }
}

function tampering(realm: TestRealm, tamper: (reply: Uint8Array) => Uint8Array): KdcTransport {
  return async (request, context) => tamper(await realm.transport(request, context))
}

function renamed(nameString: string[]) {
  return (reply: Uint8Array): Uint8Array =>
    encode(TgsRep, { ...decode(TgsRep, reply), cname: { nameType: NameType.PRINCIPAL, nameString } })
}

function otherService(reply: Uint8Array): Uint8Array {
  const decoded = decode(TgsRep, reply)
  return encode(TgsRep, {
    ...decoded,
    ticket: { ...decoded.ticket, sname: { nameType: 2, nameString: ['HTTP', 'mallory.test'] } },
  })
}

function flipped(reply: Uint8Array): Uint8Array {
  const codec = reply[0] === AS_REP ? AsRep : TgsRep
  const decoded = decode(codec, reply)
  const cipher = decoded.encPart.cipher.slice()
  cipher[40] ^= 1
  return encode(codec, { ...decoded, encPart: { ...decoded.encPart, cipher } })
}

function forgery(stime: number) {
  return { stime, susec: 0, realm: 'AD.TEST', sname: { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] } }
}

function forgedSkew(stime: number): Uint8Array {
  return encode(KrbError, {
    ...forgery(Math.floor(stime / 1000) * 1000),
    errorCode: KRB_ERROR_CODES.KRB_AP_ERR_SKEW,
  })
}

/** The same AS-REQ, asking for one encryption type only, as somebody on the way would have it. */
function asksForLess(request: Uint8Array): Uint8Array {
  const { padata, reqBody } = decode(AsReq, request)
  return encode(AsReq, { padata, reqBody: { ...reqBody, etype: [17] } })
}

/**
 * Mistakes that other implementations of Kerberos were known for, tried on the whole of this one.
 * Each names where it was seen.
 */

import { createAcceptor } from '@s4u/acceptor'
import { createInitiator, encodeAuthenticatorChecksum, frameKrb5Token, readKrb5Token } from '@s4u/gssapi'
import { createKdcClient, evidenceFromS4u2self, type KdcClient, type ServiceTicket } from '@s4u/kdc-client'
import {
  AdType,
  ApRep,
  ApReq,
  type Authenticator,
  AuthorizationData,
  decode,
  encode,
  encodePac,
  EncApRepPart,
  EncTicketPart,
  findPaData,
  hasFlag,
  hmacMd5Checksum,
  forUserChecksumInput,
  KdcOption,
  Key,
  kerberosFlags,
  KeyUsage,
  KRB_ERROR_CODES,
  openAuthenticator,
  openEncryptedData,
  openTicket,
  Pac,
  PacBufferType,
  PacOption,
  PaForUser,
  PaPacOptions,
  PaS4uX509User,
  PaType,
  S4uError,
  sealApReq,
  sealEncryptedData,
  TicketFlag,
} from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { describe, expect, test, vi } from 'vitest'
import { API, corporation, Desktop, WEB } from '../stories/fixtures/corporation.js'
import { Meddler, namesUser, withoutUser } from './meddler.js'

const HOUR = 3_600_000
const DELEGATION = { principal: 'web', protocolTransition: true }

/** The service `web` at the KDC, with somebody in between who may do nothing. */
async function webThrough(realm: TestRealm): Promise<{ client: KdcClient; meddler: Meddler }> {
  const meddler = new Meddler(realm)
  const credentials = { principal: 'web', keytab: realm.keytabFor('web') }
  const client = createKdcClient({ kdc: meddler.transport, credentials, now: () => realm.now })
  return { client, meddler }
}

const nameOf = ({ client }: Pick<ServiceTicket, 'client'>): string => client.name.nameString.join('/')

async function errorOf(promise: Promise<unknown>): Promise<S4uError> {
  const error = await promise.catch((error: unknown) => error)
  if (S4uError.is(error)) return error
  throw new Error('no refusal of ours', { cause: error })
}

/** A ticket as somebody makes it who knows the key of its service. */
function resealed(credential: ServiceTicket, key: Key, change: (part: EncTicketPart) => EncTicketPart): ServiceTicket {
  const part = change(openTicket(credential.ticket, key).encTicketPart)
  const encPart = sealEncryptedData(encode(EncTicketPart, part), key, KeyUsage.TICKET, undefined, 1)
  return { ...credential, ticket: { ...credential.ticket, encPart } }
}

describe('the ticket cache', () => {
  test('never gives one user the ticket of another for the same service (dotnet/Kerberos.NET #248)', async () => {
    await using realm = await corporation()
    const { client } = await webThrough(realm)
    const users = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 'alice' : 'bob'))
    const delegated = await Promise.all(
      users.map(async (user) => client.s4u2proxy(evidenceFromS4u2self(await client.s4u2self(user)), API)),
    )
    expect(delegated.map(nameOf)).toEqual(users)
    for (const [index, ticket] of delegated.entries())
      expect(nameOf({ client: openOf(realm, ticket) })).toBe(users[index])
    expect(realm.exchanges.filter(({ kind }) => kind === 'S4U2Proxy')).toHaveLength(2)
  })

  test('never gives the service itself a ticket of its users, nor them its own (dotnet/Kerberos.NET #248)', async () => {
    await using realm = await corporation()
    const { client } = await webThrough(realm)
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    const [asAlice, asItself] = [await client.s4u2proxy(evidence, API), await client.ticketFor(API)]
    expect([nameOf(asAlice), nameOf(asItself)]).toEqual(['alice', 'web'])
    expect(nameOf(await client.ticketFor('web'))).toBe('web')
    expect(nameOf(await client.s4u2proxy(evidence, API))).toBe('alice')
  })

  test('tells the evidence of one user apart: what a forwardable ticket got is not for one that is not', async () => {
    await using realm = await corporation()
    const { client } = await webThrough(realm)
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    await client.s4u2proxy(evidence, API)
    realm.change('web', { trustedToAuthForDelegation: false })
    const second = createKdcClient({
      kdc: realm.transport,
      credentials: { principal: 'web', keytab: realm.keytabFor('web') },
    })
    const weaker = evidenceFromS4u2self(await second.s4u2self('alice'))
    expect(weaker.forwardable).toBe(false)
    expect((await errorOf(client.s4u2proxy(weaker, API))).name).toBe('DelegationRefusedError')
  })

  test('keeps ticket, key, names and times as one value that nobody changes (dotnet/Kerberos.NET #278)', async () => {
    await using realm = await corporation()
    const { client } = await webThrough(realm)
    const ticket = await client.ticketFor(API)
    expect(Object.isFrozen(ticket)).toBe(true)
    expect(openTicket(ticket.ticket, keyFor(realm, 'api')).encTicketPart.key.equals(ticket.sessionKey)).toBe(true)
  })

  test('hands out nothing that is about to expire, and asks once however many want it (dotnet/Kerberos.NET #275, gokrb5 #132)', async () => {
    let now = Date.now()
    await using realm = await corporation(() => now)
    const { client } = await webThrough(realm)
    const first = await client.ticketFor(API)
    now = first.expiresAt - 1_000
    const before = realm.exchanges.length
    const next = await Promise.all(Array.from({ length: 100 }, () => client.ticketFor(API)))
    expect(new Set(next.map(({ expiresAt }) => expiresAt)).size).toBe(1)
    expect(next[0].expiresAt).toBeGreaterThan(now + HOUR)
    // Signing in takes two legs.
    expect(realm.exchanges.length - before).toBeLessThanOrEqual(3)
  })

  test('keeps referrals of the service and those of its users apart (JDK-8270137)', async () => {
    await using partner = await createTestRealm({
      realm: 'PARTNER.TEST',
      users: { oscar: { password: 'x' } },
      services: { far: { spns: ['HTTP/far.partner.test'], allowedToActOnBehalfOf: ['web@AD.TEST'] } },
    })
    await using realm = await createTestRealm({
      realm: 'AD.TEST',
      trusts: [partner],
      users: { alice: { password: 'x' } },
      services: { web: { spns: [WEB] } },
    })
    const { client } = await webThrough(realm)
    const far = 'HTTP/far.partner.test'
    const names: string[] = []
    for (const _ of [1, 2]) {
      names.push(nameOf(await client.ticketFor(`${far}@PARTNER.TEST`)))
      names.push(nameOf(await client.s4u2self('oscar@PARTNER.TEST')))
      names.push(nameOf(await client.s4u2proxy(evidenceFromS4u2self(await client.s4u2self('alice')), far)))
    }
    expect(names).toEqual(['web', 'oscar', 'alice', 'web', 'oscar', 'alice'])
  })
})

describe('somebody between service and KDC', () => {
  test('who takes the user out of an S4U2Self request, and puts the name on the reply, is found out (MS-SFU section 3.1.5.1.2)', async () => {
    await using realm = await corporation()
    const { client, meddler } = await webThrough(realm)
    await client.ticketFor(API)
    meddler.changeRequest = withoutUser
    meddler.changeReply = (reply, request) =>
      namesUser(request) ? { ...reply, cname: { nameType: 1, nameString: ['bob'] } } : reply
    expect((await errorOf(client.s4u2self('bob'))).code).toBe('KRB_AP_ERR_BADMATCH')
  })

  test('who answers for another user in clear text is not believed (Orpheus’ Lyre, CVE-2017-11103)', async () => {
    await using realm = await corporation()
    const { client, meddler } = await webThrough(realm)
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    meddler.changeReply = (reply) => ({ ...reply, cname: { nameType: 1, nameString: ['bob'] } })
    expect((await errorOf(client.s4u2proxy(evidence, API))).code).toBe('KRB_AP_ERR_BADMATCH')
    meddler.changeReply = (reply) => ({
      ...reply,
      ticket: { ...reply.ticket, sname: { nameType: 2, nameString: ['HTTP', 'evil.test'] } },
    })
    expect((await errorOf(client.s4u2proxy(evidence, API))).code).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('who changes the signed user of a reply is found out (MIT krb5, verify_s4u2self_reply)', async () => {
    await using realm = await corporation()
    const { client, meddler } = await webThrough(realm)
    meddler.changeReply = (reply) => {
      const found = findPaData(reply.padata, PaType.S4U_X509_USER)
      if (found === undefined) return reply
      const signed = decode(PaS4uX509User, found)
      const userId = { ...signed.userId, cname: { nameType: 1, nameString: ['carol'] } }
      const padataValue = encode(PaS4uX509User, { ...signed, userId })
      return { ...reply, padata: [{ padataType: PaType.S4U_X509_USER, padataValue }] }
    }
    expect((await errorOf(client.s4u2self('alice'))).code).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('cannot make the client take weaker session keys, at sign-in or later (CVE-2022-33679, CVE-2022-37966)', async () => {
    await using realm = await corporation()
    const { client, meddler } = await webThrough(realm)
    realm.misbehave.downgradeEtype = true
    expect((await errorOf(client.ticketFor(API))).code).toBe('KDC_ERR_ETYPE_NOSUPP')
    realm.misbehave.downgradeEtype = false
    await client.ticketFor('HTTP/other.ad.test')
    realm.misbehave.downgradeEtype = true
    expect((await errorOf(client.ticketFor(API))).code).toBe('KDC_ERR_ETYPE_NOSUPP')
    const offered = meddler.requests.flatMap(({ reqBody }) => reqBody.etype)
    expect(offered.filter((etype) => ![17, 18, 19, 20, 25, 26].includes(etype))).toEqual([])
  })

  test('cannot move the clock with an error that nobody signed', async () => {
    await using realm = await corporation()
    const { client, meddler } = await webThrough(realm)
    await client.ticketFor('web')
    const stime = Math.floor(realm.now / 1000) * 1000 + 365 * 24 * HOUR
    const sname = { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }
    meddler.forge = () => ({ stime, susec: 0, errorCode: KRB_ERROR_CODES.KRB_AP_ERR_SKEW, realm: 'AD.TEST', sname })
    await errorOf(client.ticketFor(API))
    meddler.forge = () => undefined
    const ticket = await client.ticketFor('HTTP/other.ad.test')
    expect(ticket.authenticatedAt).toBeLessThanOrEqual(realm.now)
    expect(nameOf(ticket)).toBe('web')
  })
})

describe('a request for a user', () => {
  test('names the user in both ways that Windows does, with HMAC-MD5 over the name whatever the key (MS-SFU section 2.2.1)', async () => {
    await using realm = await corporation()
    const { client, meddler } = await webThrough(realm)
    await client.s4u2self('alice')
    const [request] = meddler.with(PaType.FOR_USER)
    const forUser = decode(PaForUser, findPaData(request.padata, PaType.FOR_USER)!)
    expect(forUser).toMatchObject({
      userName: { nameString: ['alice'] },
      userRealm: 'AD.TEST',
      authPackage: 'Kerberos',
    })
    expect(forUser.cksum).toMatchObject({ cksumtype: -138 })
    expect(forUser.cksum.checksum).toHaveLength(16)
    const x509 = decode(PaS4uX509User, findPaData(request.padata, PaType.S4U_X509_USER)!)
    expect(x509.userId.nonce).toBe(request.reqBody.nonce)
    // What the checksum covers: the name type little-endian, then text without lengths.
    const input = forUserChecksumInput(forUser)
    expect(Buffer.from(input).toString('latin1')).toBe('\x01\0\0\0aliceAD.TESTKerberos')
    expect(hmacMd5Checksum(Key.random(20), KeyUsage.NON_KERB_CHECKSUM, input)).toHaveLength(16)
  })

  test('shows the evidence as it came, and always says that it knows resource-based delegation (MS-SFU section 3.1.5.2.1)', async () => {
    await using realm = await corporation()
    const { client, meddler } = await webThrough(realm)
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    await client.s4u2proxy(evidence, API)
    const { reqBody, padata } = meddler.requests.at(-1)!
    expect(hasFlag(reqBody.kdcOptions, KdcOption.CNAME_IN_ADDL_TKT)).toBe(true)
    expect(reqBody.cname).toBeUndefined()
    expect(reqBody.additionalTickets).toEqual([evidence.ticket])
    const { flags } = decode(PaPacOptions, findPaData(padata, PaType.PAC_OPTIONS)!)
    expect(hasFlag(flags, PacOption.RESOURCE_BASED_CONSTRAINED_DELEGATION)).toBe(true)
  })

  test('does not repair a ticket that is not forwardable: bronze bit (CVE-2020-17049)', async () => {
    await using realm = await corporation()
    realm.change('web', { trustedToAuthForDelegation: false })
    const { client } = await webThrough(realm)
    const own = await client.s4u2self('alice')
    expect((await errorOf(client.s4u2proxy(evidenceFromS4u2self(own), API))).name).toBe('DelegationRefusedError')
    const flags = kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.PRE_AUTHENT)
    const forged = resealed({ ...own, flags }, keyFor(realm, 'web'), (part) => ({ ...part, flags }))
    expect((await errorOf(client.s4u2proxy(evidenceFromS4u2self(forged), API))).code).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('with groups that the service has added to the PAC is refused by the KDC (CVE-2022-37967)', async () => {
    await using realm = await corporation()
    const { client } = await webThrough(realm)
    const own = await client.s4u2self('alice')
    const key = keyFor(realm, 'web')
    const forged = resealed(own, key, (part) => ({ ...part, authorizationData: promoted(part, key) }))
    expect((await errorOf(client.s4u2proxy(evidenceFromS4u2self(forged), API))).code).toBe('KRB_AP_ERR_MODIFIED')
  })

  test('for the service’s own account needs no S4U, which Active Directory refuses (gssproxy #30)', async () => {
    await using realm = await corporation()
    const { client, meddler } = await webThrough(realm)
    expect(nameOf(await client.s4u2self('web@AD.TEST'))).toBe('web')
    expect(meddler.with(PaType.FOR_USER)).toEqual([])
  })

  test('that is refused says which setting of the directory is missing (apereo/containerproxy #33, cfalta/adsec #4)', async () => {
    await using realm = await corporation()
    const { client } = await webThrough(realm)
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    const notListed = await errorOf(client.s4u2proxy(evidence, 'HTTP/other.ad.test'))
    expect(notListed.hint).toMatch(/msDS-AllowedToDelegateTo.*HTTP\/other\.ad\.test/)
    const carol = evidenceFromS4u2self(await client.s4u2self('carol'))
    expect((await errorOf(client.s4u2proxy(carol, API))).hint).toMatch(/NOT_DELEGATED/)
  })
})

describe('the acceptor', () => {
  test.each([17, 18, 19, 20, 25, 26])(
    'verifies the PAC with the key that opened the ticket, whatever its type: %i (dotnet/Kerberos.NET, RFC 8009 services)',
    async (etype) => {
      await using realm = await createTestRealm({
        realm: 'AD.TEST',
        users: { alice: { password: 'wonderland', groups: ['Sales'] } },
        services: { web: { spns: [WEB], encryptionTypes: [etype] } },
      })
      const acceptor = createAcceptor({ keytab: realm.keytabFor('web') })
      const outcome = await acceptor.accept(await new Desktop(realm, 'alice').token())
      if (outcome.status !== 'accepted') throw new Error(outcome.status)
      expect(outcome.identity.isInGroup(realm.sidOf('Sales'))).toBe(true)
    },
  )

  test('takes AES session keys for services that have RC4 keys alone, as domain controllers give them since 2022', async () => {
    await using realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: 'wonderland' } },
      services: { web: { spns: [WEB], encryptionTypes: [23], sessionKeyTypes: [18] } },
    })
    const acceptor = createAcceptor({ keytab: realm.keytabFor('web'), allowWeakEncryption: true })
    const outcome = await acceptor.accept(await new Desktop(realm, 'alice').token())
    expect(outcome).toMatchObject({ status: 'accepted', identity: { principal: 'alice@AD.TEST' } })
  })

  test('takes no two clients without sequence numbers for one (dotnet/Kerberos.NET, replay cache)', async () => {
    await using realm = await corporation()
    const acceptor = createAcceptor({ keytab: realm.keytabFor('web') })
    for (const user of ['alice', 'bob']) {
      const ticket = await new Desktop(realm, user).ticketFor(WEB)
      const outcome = await acceptor.accept(rawToken(ticket))
      expect(outcome).toMatchObject({ status: 'accepted', identity: { principal: `${user}@AD.TEST` } })
    }
  })

  test('does not count a PAC that the client had the KDC put into the ticket (RFC 4120, enc-authorization-data)', async () => {
    await using realm = await corporation()
    const key = keyFor(realm, 'web')
    const ticket = await new Desktop(realm, 'bob').ticketFor(WEB)
    const alice = await new Desktop(realm, 'alice').ticketFor(WEB)
    const stolen = openTicket(alice.ticket, key).encTicketPart.authorizationData ?? []
    const acceptor = createAcceptor({ keytab: realm.keytabFor('web') })
    for (const change of [
      (part: EncTicketPart) => ({ ...part, authorizationData: [...stolen, ...(part.authorizationData ?? [])] }),
      (part: EncTicketPart) => ({ ...part, authorizationData: [...(part.authorizationData ?? []), ...stolen] }),
      (part: EncTicketPart) => ({ ...part, authorizationData: stolen }),
    ]) {
      const forged = resealed(ticket, key, change)
      const outcome = await acceptor.accept(createInitiator({ ticket: forged, now: Date.now }).token)
      expect(outcome).toMatchObject({ status: 'refused', error: { code: 'KRB_AP_ERR_MODIFIED' } })
    }
  })

  test('proves itself with the session key, and gives back no subkey of the client’s (dotnet/Kerberos.NET #398, dittofs #1275)', async () => {
    await using realm = await corporation()
    const acceptor = createAcceptor({ keytab: realm.keytabFor('web') })
    const ticket = await new Desktop(realm, 'alice').ticketFor(WEB)
    const { token } = createInitiator({ ticket, now: Date.now, framing: 'krb5' })
    const outcome = await acceptor.accept(token)
    if (outcome.status !== 'accepted' || outcome.reply === undefined) throw new Error(outcome.status)
    const { subkey: sent } = openAuthenticator(decode(ApReq, readKrb5Token(token, 'ap-req').message), ticket.sessionKey)
    const { encPart } = decode(ApRep, readKrb5Token(outcome.reply, 'ap-rep').message)
    const { subkey } = decode(EncApRepPart, openEncryptedData(encPart, ticket.sessionKey, KeyUsage.AP_REP))
    expect(subkey).toBeDefined()
    expect(sent && subkey?.equals(sent)).toBe(false)
    expect(subkey?.equals(ticket.sessionKey)).toBe(false)
  })

  test('does not follow containers within containers without end (CVE-2020-28196)', async () => {
    await using realm = await corporation()
    const acceptor = createAcceptor({ keytab: realm.keytabFor('web') })
    const ticket = await new Desktop(realm, 'alice').ticketFor(WEB)
    for (const depth of [2, 2_000]) {
      let authorizationData: AuthorizationData = [{ adType: AdType.KERB_LOCAL, adData: new Uint8Array(4) }]
      for (let level = 0; level < depth; level++)
        authorizationData = [{ adType: AdType.IF_RELEVANT, adData: encode(AuthorizationData, authorizationData) }]
      const outcome = await acceptor.accept(rawToken(ticket, { cusec: depth, authorizationData }))
      if (depth === 2) expect(outcome.status).toBe('accepted')
      else expect(outcome).toMatchObject({ status: 'refused', error: { name: 'MalformedTokenError' } })
    }
  })

  test('lets no realm speak for the users of another when none is trusted, also with keys of both (one tenant against another)', async () => {
    await using realm = await corporation()
    await using other = await createTestRealm({ realm: 'TENANT.TEST', services: { web: { spns: [WEB] } } })
    const key = keyFor(other, 'web')
    const ticket = await new Desktop(realm, 'alice').ticketFor(WEB)
    const part = openTicket(ticket.ticket, keyFor(realm, 'web')).encTicketPart
    // Whoever runs the KDC of TENANT.TEST issues a ticket for its own name of the service, to alice
    // of AD.TEST.
    const encPart = sealEncryptedData(
      encode(EncTicketPart, { ...part, authorizationData: undefined }),
      key,
      KeyUsage.TICKET,
      undefined,
      1,
    )
    const forged = { ...ticket, ticket: { ...ticket.ticket, realm: 'TENANT.TEST', encPart } }
    const keytab = [realm.keytabFor('web'), other.keytabFor('web')]
    const acceptor = createAcceptor({ keytab, trustedRealms: [] })
    const outcome = await acceptor.accept(createInitiator({ ticket: forged, now: Date.now }).token)
    expect(outcome).toMatchObject({ status: 'refused', error: { code: 'KRB_AP_PATH_NOT_ACCEPTED' } })
    expect((await acceptor.accept(createInitiator({ ticket, now: Date.now }).token)).status).toBe('accepted')
  })

  test('answers no token of its own making: an answer that comes back to it is no request (gokrb5, challenge tokens)', async () => {
    await using realm = await corporation()
    const acceptor = createAcceptor({ keytab: realm.keytabFor('web') })
    for (const framing of ['spnego', 'krb5'] as const) {
      const outcome = await acceptor.accept(await new Desktop(realm, 'alice').token(WEB, { framing }))
      if (outcome.status !== 'accepted' || outcome.reply === undefined) throw new Error(outcome.status)
      expect((await acceptor.accept(outcome.reply)).status).toBe('refused')
    }
  })
})

describe('the negotiator', () => {
  test('looks at the token of a request once, however often it is asked (spring-security-kerberos #189, enceladus #1122)', async () => {
    await using realm = await corporation()
    using negotiator = createNegotiator({ keytab: realm.keytabFor('web') })
    const request = { headers: { authorization: await new Desktop(realm, 'alice').authorization() } }
    const outcomes = await Promise.all([1, 2, 3].map(() => negotiator.authenticate(request)))
    expect(outcomes.map(({ status }) => status)).toEqual(['authenticated', 'authenticated', 'authenticated'])
    expect(negotiator.counters).toMatchObject({ authenticated: { token: 1 }, failed: {} })
  })

  test('remembers no caller for the next request of a connection (dotnet/aspnetcore #4662)', async () => {
    await using realm = await corporation()
    using negotiator = createNegotiator({ keytab: realm.keytabFor('web') })
    const socket = {}
    const authorization = await new Desktop(realm, 'alice').authorization()
    expect((await negotiator.authenticate({ headers: { authorization }, socket })).status).toBe('authenticated')
    expect((await negotiator.authenticate({ headers: {}, socket })).status).toBe('challenge')
  })

  test('warns once when big tickets will not fit into the headers that the server takes (cruise-control #2011, AspNetKatana #250)', async () => {
    await using realm = await corporation()
    using negotiator = createNegotiator({ keytab: realm.keytabFor('web'), mode: 'optional' })
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const [small, large] = [16_384, 65_536].map((maxHeaderSize) => ({ maxHeaderSize }))
    for (const server of [small, small, large])
      await negotiator.authenticate({ headers: {}, socket: { remoteAddress: '10.0.0.1', ...{ server } } })
    expect(warn.mock.calls.map(([message]) => message)).toEqual([expect.stringContaining('431')])
    warn.mockRestore()
  })

  test('acts as each of many callers at the same time, and as nobody else (gokrb5 #30)', async () => {
    await using realm = await corporation()
    using negotiator = createNegotiator({
      keytab: realm.keytabFor('web'),
      kdc: realm.transport,
      delegation: DELEGATION,
    })
    const users = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? 'alice' : 'bob'))
    const tickets = await Promise.all(
      users.map(async (user) => {
        const authorization = await new Desktop(realm, user).authorization()
        const outcome = await negotiator.authenticate({ headers: { authorization } })
        if (outcome.status !== 'authenticated') throw new Error(outcome.status)
        using caller = outcome.identity.impersonate()
        return caller.ticketFor(API)
      }),
    )
    expect(tickets.map((ticket) => nameOf({ client: openOf(realm, ticket) }))).toEqual(users)
  })
})

function keyFor(realm: TestRealm, account: string): Key {
  return realm.keytabFor(account).entries[0].key
}

/** Whom the sealed part of a ticket for the API names. */
function openOf(realm: TestRealm, { ticket }: ServiceTicket) {
  const { cname, crealm } = openTicket(ticket, keyFor(realm, 'api')).encTicketPart
  return { name: cname, realm: crealm }
}

/**
 * The PAC of the ticket with Domain Admins in it, signed with the key of the service and one that
 * is not the KDC's. The KDC's signature over the ticket stays, and stays right: it does not cover
 * the PAC.
 */
function promoted({ authorizationData = [] }: EncTicketPart, server: Key): AuthorizationData {
  const [{ adData }] = decode(AuthorizationData, authorizationData[0].adData)
  const { logonInfo, clientInfo, buffers } = Pac.decode(adData)
  if (logonInfo === undefined || clientInfo === undefined) throw new Error('the PAC has no user')
  const replaced: readonly number[] = [
    PacBufferType.LOGON_INFO,
    PacBufferType.CLIENT_INFO,
    PacBufferType.SERVER_CHECKSUM,
    PacBufferType.KDC_CHECKSUM,
  ]
  const groupIds = [...logonInfo.groupIds, { relativeId: 512, attributes: 7 }]
  const other = buffers.filter(({ type }) => !replaced.includes(type))
  const pac = encodePac({ logonInfo: { ...logonInfo, groupIds }, clientInfo, other }, { server, kdc: Key.random(18) })
  const element = encode(AuthorizationData, [{ adType: AdType.WIN2K_PAC, adData: pac }])
  return [{ adType: AdType.IF_RELEVANT, adData: element }]
}

/**
 * A token without a sequence number, subkey or flags, and whatever else the authenticator shall
 * have.
 */
function rawToken({ ticket, sessionKey, client }: ServiceTicket, more: Partial<Authenticator> = {}): Uint8Array {
  const ctime = Math.floor(Date.now() / 1000) * 1000
  const cksum = encodeAuthenticatorChecksum({ flags: 0 })
  const authenticator = { crealm: client.realm, cname: client.name, ctime, cusec: 0, cksum, ...more }
  return frameKrb5Token('ap-req', sealApReq({ apOptions: kerberosFlags(), ticket, sessionKey, authenticator }))
}

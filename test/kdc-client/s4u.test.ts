import {
  planDelegation,
  type EvidenceTicket,
  evidenceFromS4u2self,
  type DelegationInputs,
  isForwardable,
  type KdcTransport,
  type ServiceTicket,
} from '@s4u/kdc-client'
import {
  AsReq,
  decode,
  encode,
  findPaData,
  formatPrincipal,
  hasFlag,
  KRB_ERROR_CODES,
  KrbError,
  openTicket,
  type PaData,
  PaS4uX509User,
  PaType,
  TgsReq,
  TicketFlag,
} from '@s4u/krb5'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { adTest, clientOf, refusalOf, userClient } from './realm-and-clients.js'
import { Meddler } from '../hostile/meddler.js'

/** Alternative names email:alice@mail.test and UPN alice@ad.test; made by OpenSSL. */
const ALICES = Buffer.from(
  'MIIBtDCCAVqgAwIBAgIUZoTLg8g85zmehRXXxpN0XV2e7ggwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFQWxpY2UwIBcNMjYxMTIxMDQ1MTA3WhgPMjEyNjEwMjgwNDUxMDdaMBAxDjAMBgNVBAMMBUFsaWNlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0PlEQ2fkq0Na8QeHlMzfH1Itqr3sM+17bvix8dHBR0zXFWKuglM7kkwfiVU16qGliK+AaVjbKMZ21KHrG0xcNaOBjzCBjDAdBgNVHQ4EFgQUCjEIRvaIJhnT1Tjgza0X/kan9bwwHwYDVR0jBBgwFoAUCjEIRvaIJhnT1Tjgza0X/kan9bwwDwYDVR0TAQH/BAUwAwEB/zA5BgNVHREEMjAwgQ9hbGljZUBtYWlsLnRlc3SgHQYKKwYBBAGCNxQCA6APDA1hbGljZUBhZC50ZXN0MAoGCCqGSM49BAMCA0gAMEUCIAR0230L4MItRM3598H44XSqVI47coP/ZPDgUFo79rSfAiEA3YjJrIRoJdmPaQKzArXYSZcMM8HJHAxTGQooOWkar1I=',
  'base64',
)
/** Without alternative names; made by OpenSSL. */
const PLAIN = Buffer.from(
  'MIIBdzCCAR2gAwIBAgIUc1WdTDiKPdN1hUvzU85iGH7aJFAwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFcGxhaW4wIBcNMjYxMTIxMDQ1MTA3WhgPMjEyNjEwMjgwNDUxMDdaMBAxDjAMBgNVBAMMBXBsYWluMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEX8v7hrElB5CjN9qvhM8kYXd2JnR8u1yIEbG7Wk7XY1E/v0CLTYnjO4iNqytxYd6uTSpvX+gX4cacwB5/82PY1KNTMFEwHQYDVR0OBBYEFN6oiFwZtoee/m55M37EWRhJQG/aMB8GA1UdIwQYMBaAFN6oiFwZtoee/m55M37EWRhJQG/aMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgKUVPaiES+pIeMZddDco8tkX7162XDbITRTGYlnre8OUCIQC6RMH+2OpZHSQLDfpwyRPilDkfLHbzPEYU+2U4qDUwgQ==',
  'base64',
)

/** The ticket that a caller presents: one for the service, got with the caller's own password. */
async function presented(realm: TestRealm, user: string, spn: string): Promise<EvidenceTicket> {
  const ticket = await userClient(realm, user).ticketFor(spn)
  const { client, expiresAt } = ticket
  return { client, ticket: ticket.ticket, forwardable: isForwardable(ticket), expiresAt, origin: 'presented' }
}

/** What the service will see when the ticket comes to it. */
function seenBy(realm: TestRealm, service: string, { ticket }: ServiceTicket) {
  const entry = realm.keytabFor(service).entries.find(({ key }) => key.etype === ticket.encPart.etype)
  if (entry === undefined) throw new Error('no key')
  const { cname, crealm } = openTicket(ticket, entry.key).encTicketPart
  return { client: formatPrincipal({ name: cname, realm: crealm }) }
}

describe('S4U2Self', () => {
  let realm: TestRealm
  beforeAll(async () => {
    realm = await adTest({ services: { ownMapping: { spns: ['HTTP/m.ad.test'], certificates: [PLAIN] } } })
  })

  test.each([
    ['alice', 'alice@AD.TEST'],
    ['alice@AD.TEST', 'alice@AD.TEST'],
    ['alice@ad.test', 'alice@AD.TEST'],
    ['AD\\alice', 'alice@AD.TEST'],
    ['ad.test\\alice', 'alice@AD.TEST'],
    ['bob.builder@corp.example', 'bob.builder@corp.example@AD.TEST'],
    ['bob.builder@corp.example@AD.TEST', 'bob.builder@corp.example@AD.TEST'],
  ])('takes the user as %s', async (text, client) => {
    const ticket = await clientOf(realm, 'web').s4u2self(text)
    expect(formatPrincipal(ticket.client)).toBe(client)
    expect(seenBy(realm, 'web', ticket).client).toBe(client)
  })

  test('takes the NetBIOS name of another domain, when it is told which realm that is', async () => {
    const client = clientOf(realm, 'web', { domains: { CONTOSO: 'AD.TEST' } })
    expect(formatPrincipal((await client.s4u2self('contoso\\alice')).client)).toBe('alice@AD.TEST')
    expect(await refusalOf(clientOf(realm, 'web').s4u2self('contoso\\alice'))).toMatchObject({
      code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    })
  })

  test('takes a certificate, and the KDC says whose it is', async () => {
    const ticket = await clientOf(realm, 'web').s4u2self({ certificate: ALICES })
    expect(formatPrincipal(ticket.client)).toBe('alice@AD.TEST')
    expect(seenBy(realm, 'web', ticket).client).toBe('alice@AD.TEST')
    const mapped = await clientOf(realm, 'web').s4u2self({ certificate: PLAIN })
    expect(formatPrincipal(mapped.client)).toBe('ownMapping@AD.TEST')
  })

  test('takes a certificate with a name, and refuses one that is another user’s', async () => {
    const client = clientOf(realm, 'web')
    expect(formatPrincipal((await client.s4u2self({ certificate: ALICES, user: 'alice' })).client)).toBe(
      'alice@AD.TEST',
    )
    expect(await refusalOf(client.s4u2self({ certificate: ALICES, user: 'bob' }))).toMatchObject({
      code: 'KDC_ERR_CLIENT_NOT_TRUSTED',
    })
  })

  test('of a certificate is not believed of a KDC that does not look at it', async () => {
    const client = clientOf(realm, 'web')
    await client.ticketFor('HTTP/api.ad.test')
    realm.misbehave.ignoreS4u = true
    const error = await refusalOf(client.s4u2self({ certificate: ALICES }))
    realm.misbehave.ignoreS4u = false
    expect(error).toMatchObject({
      name: 'RejectedTokenError',
      code: 'KDC_ERR_PADATA_TYPE_NOSUPP',
      message: expect.stringMatching(/^S4U2Self: .*does not say whose certificate it is$/),
    })
  })

  test('refuses what is no certificate without asking anybody', async () => {
    const before = realm.exchanges.length
    await refusalOf(clientOf(realm, 'web').s4u2self({ certificate: Uint8Array.of(1, 2, 3) }))
    await refusalOf(clientOf(realm, 'web').s4u2self({ certificate: new Uint8Array(0) }))
    expect(realm.exchanges.length).toBe(before)
  })

  test('of the service itself is a ticket of its own', async () => {
    expect(formatPrincipal((await clientOf(realm, 'web').s4u2self('web')).client)).toBe('web@AD.TEST')
  })

  test('two users at once get each their own', async () => {
    const client = clientOf(realm, 'web')
    const users = ['alice', 'bob', 'carol']
    const tickets = await Promise.all([...users, ...users].map((user) => client.s4u2self(user)))
    expect(tickets.map((ticket) => ticket.client.name.nameString[0])).toEqual([...users, ...users])
    expect(tickets[0]).toBe(tickets[3])
  })
})

describe('S4U2Proxy', () => {
  let realm: TestRealm
  beforeAll(async () => {
    realm = await adTest()
  })

  test('by the service’s list, with a ticket that the caller presented', async () => {
    const evidence = await presented(realm, 'alice', 'HTTP/kcd.ad.test')
    const ticket = await clientOf(realm, 'kcd').s4u2proxy(evidence, 'HTTP/api.ad.test')
    expect(seenBy(realm, 'api', ticket).client).toBe('alice@AD.TEST')
    expect(realm.exchanges.at(-1)).toMatchObject({ kind: 'S4U2Proxy', delegation: 'constrained' })
  })

  test('gives no ticket for the service of that name in another realm than the one named', async () => {
    const client = clientOf(realm, 'kcd')
    const evidence = await presented(realm, 'alice', 'HTTP/kcd.ad.test')
    expect((await client.s4u2proxy(evidence, 'HTTP/api.ad.test@ad.test')).service.realm).toBe('AD.TEST')
    const { client: user, ticket, sessionKey, flags, expiresAt } = await userClient(realm, 'alice').tgtToForward()
    const forwarded = { client: user, ticket, sessionKey, flags, expiresAt }
    const elsewhere = 'HTTP/api.ad.test@OTHER.TEST'
    const refused = {
      name: 'RejectedTokenError',
      code: 'KRB_AP_ERR_BADMATCH',
      message: expect.stringMatching(/^HTTP\/api.ad.test@OTHER.TEST was asked for, and the ticket is one for/),
    }
    await expect(client.s4u2proxy(evidence, elsewhere)).rejects.toMatchObject(refused)
    await expect(client.ticketWith(forwarded, elsewhere)).rejects.toMatchObject(refused)
  })

  test('by the target’s list, with evidence of any kind', async () => {
    const client = clientOf(realm, 'rbcd')
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    const ticket = await client.s4u2proxy(evidence, 'HTTP/api.ad.test')
    expect(seenBy(realm, 'api', ticket).client).toBe('alice@AD.TEST')
    expect(realm.exchanges.at(-1)).toMatchObject({ delegation: 'resource-based' })
  })

  test.each([
    ['kcd', 'alice', 'HTTP/api.ad.test', 's4u2self', 'protocol-transition-not-allowed', 'STATUS_ACCOUNT_RESTRICTION'],
    ['web', 'alice', 'HTTP/vault.ad.test', 's4u2self', 'target-not-allowed', 'STATUS_NOT_FOUND'],
    ['web', 'carol', 'HTTP/api.ad.test', 's4u2self', 'user-not-delegable', 'STATUS_ACCOUNT_RESTRICTION'],
    ['kcd', 'carol', 'HTTP/api.ad.test', 'presented', 'evidence-not-forwardable', 'STATUS_ACCOUNT_RESTRICTION'],
    ['rbcd', 'carol', 'HTTP/api.ad.test', 's4u2self', 'user-not-delegable', 'STATUS_ACCOUNT_RESTRICTION'],
    ['web', 'alice', 'HTTP/nobody.ad.test', 's4u2self', 'target-unknown', undefined],
  ])('%s for %s to %s (%s): refused as %s', async (service, user, spn, origin, reason, ntStatus) => {
    const client = clientOf(realm, service)
    if (reason === 'user-not-delegable') await client.s4u2self('alice')
    const evidence =
      origin === 'presented'
        ? await presented(realm, user, `HTTP/${service}.ad.test`)
        : evidenceFromS4u2self(await client.s4u2self(user))
    const error = await refusalOf(client.s4u2proxy(evidence, spn))
    expect(error).toMatchObject({ name: 'DelegationRefusedError', reason })
    expect(error.answer).toMatchObject(ntStatus ? { ntStatus } : {})
    expect(error.hint).toMatch(/setspn|samba-tool/)
  })

  test('asks the KDC once for each user and target, however many callers wait', async () => {
    const client = clientOf(realm, 'web')
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    const before = realm.exchanges.length
    const tickets = await Promise.all(Array.from({ length: 50 }, () => client.s4u2proxy(evidence, 'HTTP/api.ad.test')))
    expect(new Set(tickets).size).toBe(1)
    expect(realm.exchanges.length).toBe(before + 1)
    expect(await client.s4u2proxy(evidence, 'HTTP/api.ad.test@AD.TEST')).toBe(tickets[0])
  })

  test('asks again for other evidence of the same user', async () => {
    const client = clientOf(realm, 'kcd')
    const [first, second] = [
      await presented(realm, 'alice', 'HTTP/kcd.ad.test'),
      await presented(realm, 'alice', 'HTTP/kcd.ad.test'),
    ]
    const [a, b] = [
      await client.s4u2proxy(first, 'HTTP/api.ad.test'),
      await client.s4u2proxy(second, 'HTTP/api.ad.test'),
    ]
    expect(a).not.toBe(b)
  })

  test('remembers a refusal, so that a page reloaded a thousand times asks once', async () => {
    const client = clientOf(realm, 'web')
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    const before = realm.exchanges.length
    for (let turn = 0; turn < 5; turn++) await refusalOf(client.s4u2proxy(evidence, 'HTTP/vault.ad.test'))
    expect(realm.exchanges.length).toBe(before + 1)
  })
})

describe('two realms that trust each other', () => {
  let here: TestRealm
  let there: TestRealm
  beforeAll(async () => {
    there = await createTestRealm({
      realm: 'PARTNER.TEST',
      users: { oscar: { password: 'pw-oscar' } },
      services: {
        api: { spns: ['HTTP/api.partner.test'], allowedToActOnBehalfOf: ['rbcd@AD.TEST'] },
        vault: { spns: ['HTTP/vault.partner.test'] },
      },
    })
    here = await adTest({ trusts: [there] })
  })

  test.each(['HTTP/api.partner.test', 'HTTP/api.partner.test@PARTNER.TEST'])(
    'a ticket for %s is had by referral',
    async (spn) => {
      const ticket = await clientOf(here, 'web').ticketFor(spn)
      expect(seenBy(there, 'api', ticket).client).toBe('web@AD.TEST')
    },
  )

  test('the way is asked for once', async () => {
    const client = clientOf(here, 'web')
    await client.ticketFor('HTTP/api.partner.test@PARTNER.TEST')
    const before = here.exchanges.length
    await client.ticketFor('HTTP/vault.partner.test@PARTNER.TEST')
    expect(here.exchanges.length).toBe(before)
  })

  test.each([
    ['oscar@PARTNER.TEST', 'oscar@PARTNER.TEST'],
    ['oscar@partner.test', 'oscar@PARTNER.TEST'],
  ])('S4U2Self for %s goes by way of the user’s realm', async (user, client) => {
    const web = clientOf(here, 'web')
    const ticket = await web.s4u2self(user)
    expect(formatPrincipal(ticket.client)).toBe(client)
    expect(seenBy(here, 'web', ticket).client).toBe(client)
    const proxy = await web.s4u2proxy(evidenceFromS4u2self(ticket), 'HTTP/api.ad.test')
    expect(seenBy(here, 'api', proxy).client).toBe(client)
  })

  test('an unknown user of the other realm is unknown there', async () => {
    expect(await refusalOf(clientOf(here, 'web').s4u2self('nobody@PARTNER.TEST'))).toMatchObject({
      code: 'KDC_ERR_C_PRINCIPAL_UNKNOWN',
    })
  })

  test('delegation across realms, where the target’s list allows it', async () => {
    const client = clientOf(here, 'rbcd')
    const evidence = evidenceFromS4u2self(await client.s4u2self('alice'))
    const ticket = await client.s4u2proxy(evidence, 'HTTP/api.partner.test')
    expect(seenBy(there, 'api', ticket).client).toBe('alice@AD.TEST')
    expect(formatPrincipal(ticket.service)).toBe('HTTP/api.partner.test@PARTNER.TEST')
    expect(await refusalOf(client.s4u2proxy(evidence, 'HTTP/vault.partner.test'))).toMatchObject({
      reason: 'target-not-allowed',
    })
  })

  test('a user of the other realm signs in under an enterprise name', async () => {
    const client = userClient(here, 'oscar@partner.test', {
      realm: 'AD.TEST',
      credentials: { principal: 'oscar@partner.test', password: 'pw-oscar', enterprise: true },
    })
    const ticket = await client.ticketFor('HTTP/api.partner.test@PARTNER.TEST')
    expect(formatPrincipal(ticket.client)).toBe('oscar@PARTNER.TEST')
  })
})

describe('the certificate of another realm’s user', () => {
  /** A service in one realm, and alice, whose certificate says `alice@ad.test`, in another. */
  async function abroad() {
    const home = await adTest()
    const here = await createTestRealm({
      realm: 'HERE.TEST',
      services: {
        web: {
          spns: ['HTTP/web.here.test'],
          trustedToAuthForDelegation: true,
          allowedToDelegateTo: ['HTTP/api.here.test'],
        },
        api: { spns: ['HTTP/api.here.test'] },
      },
      trusts: [home],
    })
    const meddler = new Meddler(here)
    return { home, here, meddler, client: clientOf(here, 'web', { kdc: meddler.transport }) }
  }

  test.each([
    ['alone', { certificate: ALICES }],
    ['with a name', { certificate: ALICES, user: 'alice@AD.TEST' }],
  ])('is shown to that realm’s KDC, %s, and to no other', async (_how, subject) => {
    const { here, meddler, client } = await abroad()
    const ticket = await client.s4u2self(subject)
    expect(formatPrincipal(ticket.client)).toBe('alice@AD.TEST')
    expect(seenBy(here, 'web', ticket).client).toBe('alice@AD.TEST')
    const shownTo = meddler
      .with(PaType.S4U_X509_USER)
      .filter(
        ({ padata }) =>
          decode(PaS4uX509User, findPaData(padata, PaType.S4U_X509_USER) ?? none).userId.subjectCertificate,
      )
      .map(({ reqBody }) => reqBody.realm)
    expect(shownTo).toEqual(['AD.TEST'])
    const proxy = await client.s4u2proxy(evidenceFromS4u2self(ticket), 'HTTP/api.here.test')
    expect(seenBy(here, 'api', proxy).client).toBe('alice@AD.TEST')
  })

  test('is refused when it is not that user’s', async () => {
    const { client } = await abroad()
    expect(await refusalOf(client.s4u2self({ certificate: ALICES, user: 'bob@AD.TEST' }))).toMatchObject({
      code: 'KDC_ERR_CLIENT_NOT_TRUSTED',
    })
  })

  test.each([
    ['does not look at it', (): PaData[] => [], 'KDC_ERR_PADATA_TYPE_NOSUPP', /does not say whose certificate it is$/],
    ['is spoken for by somebody on the way', changedUser, 'KRB_AP_ERR_MODIFIED', /checksum/],
  ])('is not believed when that KDC %s', async (_what, change, code, message) => {
    const { meddler, client } = await abroad()
    meddler.changeReply = (reply) => ({ ...reply, padata: change(reply.padata ?? []) })
    const error = await refusalOf(client.s4u2self({ certificate: ALICES }))
    expect(error).toMatchObject({ name: 'RejectedTokenError', code, message: expect.stringMatching(message) })
  })
})

const none = new Uint8Array(0)

/** Another name in the padata that the KDC signed. */
function changedUser(padata: readonly PaData[]): PaData[] {
  return padata.map((each) => {
    if (each.padataType !== PaType.S4U_X509_USER) return each
    const { userId, checksum } = decode(PaS4uX509User, each.padataValue)
    const cname = { nameType: 1, nameString: ['carol'] }
    return { ...each, padataValue: encode(PaS4uX509User, { userId: { ...userId, cname }, checksum }) }
  })
}

test('a chain of realms is walked to its end', async () => {
  const c = await createTestRealm({ realm: 'C.TEST', services: { api: { spns: ['HTTP/api.c.test'] } } })
  const b = await createTestRealm({ realm: 'B.TEST', trusts: [c] })
  const a = await adTest({ trusts: [b] })
  for (const spn of ['HTTP/api.c.test', 'HTTP/api.c.test@C.TEST']) {
    const ticket = await clientOf(a, 'web').ticketFor(spn)
    expect(seenBy(c, 'api', ticket).client).toBe('web@AD.TEST')
  }
})

describe('where the KDCs do not know the way', () => {
  test('krb5.conf tells it: the realm of a host, and the realms between', async () => {
    const c = await createTestRealm({ realm: 'C.TEST', services: { api: { spns: ['HTTP/api.c.test'] } } })
    const b = await createTestRealm({ realm: 'B.TEST', trusts: [c] })
    const a = await adTest({ trusts: [b] })
    const path = join(mkdtempSync(join(tmpdir(), 's4u-capaths-')), 'krb5.conf')
    const capaths = '[capaths]\n  AD.TEST = {\n    C.TEST = B.TEST\n  }\n'
    writeFileSync(path, `[domain_realm]\n  .c.test = C.TEST\n${capaths}`)
    const asked: string[] = []
    const kdc: KdcTransport = async (request, context) => {
      const { sname, realm } = decode(request[0] === 0x6a ? AsReq : TgsReq, request).reqBody
      asked.push(`${sname?.nameString.join('/')}@${realm}`)
      if (asked.at(-1) !== 'krbtgt/C.TEST@AD.TEST') return a.transport(request, context)
      const errorCode = KRB_ERROR_CODES.KDC_ERR_S_PRINCIPAL_UNKNOWN
      return encode(KrbError, { stime: a.now, susec: 0, errorCode, realm, sname: { nameType: 2, nameString: [] } })
    }
    const ticket = await clientOf(a, 'web', { kdc, krb5Config: path }).ticketFor('HTTP/api.c.test')
    expect(seenBy(c, 'api', ticket).client).toBe('web@AD.TEST')
    expect(asked).toContain('krbtgt/B.TEST@AD.TEST')
    expect(asked).toContain('krbtgt/C.TEST@B.TEST')
    expect(asked).not.toContain('HTTP/api.c.test@AD.TEST')
    const lost = clientOf(a, 'web', { kdc })
    expect(await refusalOf(lost.ticketFor('HTTP/api.c.test@C.TEST'))).toMatchObject({
      code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
    })
  })
})

describe('user-to-user', () => {
  test('a ticket is sealed with the session key of the service’s ticket-granting ticket', async () => {
    const realm = await adTest()
    const granting = await userClient(realm, 'bob').ticketFor('krbtgt/AD.TEST')
    const asker = userClient(realm, 'alice')
    const ticket = await asker.ticketFor('bob', { userToUser: granting.ticket })
    expect(openTicket(ticket.ticket, granting.sessionKey).encTicketPart.cname.nameString).toEqual(['alice'])
    expect(await asker.ticketFor('bob', { userToUser: granting.ticket })).toBe(ticket)
    expect(realm.exchanges.at(-1)).toMatchObject({ kind: 'user-to-user' })
    const other = await userClient(realm, 'bob').ticketFor('krbtgt/AD.TEST')
    expect(await asker.ticketFor('bob', { userToUser: other.ticket })).not.toBe(ticket)
  })
})

describe('the evidence ladder', () => {
  let realm: TestRealm
  beforeAll(async () => {
    realm = await adTest()
  })
  const grounds = (more: Partial<DelegationInputs> = {}): DelegationInputs => ({ user: 'alice@AD.TEST', ...more })
  const evidence = (more: Partial<EvidenceTicket>): EvidenceTicket => ({
    client: { name: { nameType: 1, nameString: ['alice'] }, realm: 'AD.TEST' },
    ticket: {
      realm: 'AD.TEST',
      sname: { nameType: 2, nameString: ['HTTP', 'web'] },
      encPart: { etype: 18, cipher: new Uint8Array(0) },
    },
    forwardable: true,
    expiresAt: 1_000,
    origin: 'presented',
    ...more,
  })

  test.each([
    ['nothing at hand', grounds(), undefined],
    ['a forwardable ticket', grounds({ evidence: evidence({}) }), 's4u2proxy'],
    ['a ticket that is not forwardable', grounds({ evidence: evidence({ forwardable: false }) }), 'resource-based'],
    ['an expired ticket', grounds({ evidence: evidence({ expiresAt: 5 }) }), undefined],
    [
      'an expired ticket, and leave to vouch',
      grounds({ evidence: evidence({ expiresAt: 5 }), protocolTransition: true }),
      's4u2self',
    ],
    ['no ticket, and leave to vouch', grounds({ protocolTransition: true }), 's4u2self'],
    ['a ticket from S4U2Self', grounds({ evidence: evidence({ origin: 's4u2self' }) }), 's4u2self'],
  ])('with %s', (_what, at, method) => {
    const plan = planDelegation(at, 10)
    expect(plan.method).toBe(method)
    const all = ['forwarded-tgt', 's4u2proxy', 'resource-based', 's4u2self']
    expect(plan.choices.map((choice) => choice.method)).toEqual(all)
    for (const { reason } of plan.choices) expect(reason).not.toBe('')
  })

  test('tells the method without asking a KDC, under its names of 0.1 too', () => {
    const before = realm.exchanges.length
    const client = clientOf(realm, 'web')
    const { method, choices } = client.explain(grounds({ protocolTransition: true }))
    expect(method).toBe('s4u2self')
    const rungs = choices.map((choice) => ({ way: choice.method, possible: choice.usable, because: choice.reason }))
    expect(client.how(grounds({ protocolTransition: true }))).toEqual({ way: method, rungs })
    expect(realm.exchanges.length).toBe(before)
  })

  test('a forwarded ticket-granting ticket comes first', async () => {
    const tgt = await userClient(realm, 'alice').ticketFor('krbtgt/AD.TEST')
    const { client, ticket, sessionKey, flags, expiresAt } = tgt
    const forwardedTgt = { client, ticket, sessionKey, flags, expiresAt }
    const got = await clientOf(realm, 'web').ticketAs(grounds({ forwardedTgt }), 'HTTP/vault.ad.test')
    expect(got.method).toBe('forwarded-tgt')
    expect(seenBy(realm, 'vault', got.ticket).client).toBe('alice@AD.TEST')
  })

  test('the ticket that was presented is used before the service vouches for anybody', async () => {
    const at = grounds({ evidence: await presented(realm, 'alice', 'HTTP/web.ad.test'), protocolTransition: true })
    const before = realm.exchanges.length
    const got = await clientOf(realm, 'web').ticketAs(at, 'HTTP/api.ad.test')
    expect(got.method).toBe('s4u2proxy')
    expect(realm.exchanges.slice(before).some(({ kind }) => kind === 'S4U2Self')).toBe(false)
  })

  test('evidence that the KDC does not take makes way for the next, where the app permits it', async () => {
    const good = await presented(realm, 'alice', 'HTTP/web.ad.test')
    const stale = {
      ...good,
      ticket: { ...good.ticket, encPart: { ...good.ticket.encPart, cipher: new Uint8Array(200) } },
    }
    const got = await clientOf(realm, 'web').ticketAs(
      grounds({ evidence: stale, protocolTransition: true }),
      'HTTP/api.ad.test',
    )
    expect(got.method).toBe('s4u2self')
    expect(
      await refusalOf(clientOf(realm, 'web').ticketAs(grounds({ evidence: stale }), 'HTTP/api.ad.test')),
    ).toMatchObject({
      reason: 'evidence-unusable',
    })
  })

  test('a ticket from S4U2Self is used for as long as it lasts, then the service vouches again', async () => {
    const client = clientOf(realm, 'web')
    const vouched = evidenceFromS4u2self(await client.s4u2self({ certificate: ALICES }))
    const at = grounds({ evidence: vouched, protocolTransition: true })
    const before = realm.exchanges.length
    await client.ticketAs(at, 'HTTP/api.ad.test')
    expect(realm.exchanges.slice(before).map(({ kind }) => kind)).toEqual(['S4U2Proxy'])
    await client.ticketAs(
      grounds({ evidence: { ...vouched, expiresAt: 0 }, protocolTransition: true }),
      'HTTP/api.ad.test',
    )
    expect(realm.exchanges.slice(before).map(({ kind }) => kind)).toContain('S4U2Self')
  })

  test('a target that is on no list ends it at once', async () => {
    const at = grounds({ evidence: await presented(realm, 'alice', 'HTTP/web.ad.test'), protocolTransition: true })
    const before = realm.exchanges.length
    expect(await refusalOf(clientOf(realm, 'web').ticketAs(at, 'HTTP/vault.ad.test'))).toMatchObject({
      reason: 'target-not-allowed',
    })
    expect(realm.exchanges.slice(before).map(({ kind }) => kind)).not.toContain('S4U2Self')
  })

  test('without any way it says what stands against each', async () => {
    const error = await refusalOf(clientOf(realm, 'web').ticketAs(grounds(), 'HTTP/api.ad.test'))
    expect(error).toMatchObject({ code: 'SEC_E_NO_IMPERSONATION' })
    expect(error.hint).toMatch(/presented no ticket.*protocolTransition/)
  })
})

test('what a client asks for is what it gets: forwardable, and nothing more', async () => {
  const realm = await adTest()
  const { flags } = await clientOf(realm, 'web').ticketFor('HTTP/api.ad.test')
  expect(hasFlag(flags, TicketFlag.FORWARDABLE)).toBe(true)
  expect(hasFlag(flags, TicketFlag.PROXIABLE)).toBe(false)
})

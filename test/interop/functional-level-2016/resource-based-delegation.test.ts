import { evidenceFromS4u2self } from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createNegotiator } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { realmOf, runAt, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Place } from '../diagnosis/place.js'
import { openWith, pacOf } from '../sealed-ticket.js'

/**
 * The target has the list, not the service that delegates. Here, other than on Windows, the
 * evidence must be forwardable all the same, and a target of another realm is never allowed (6,
 * 13).
 */
await describeRealms('resource-based delegation', ['NEWCORP', 'NEWPARTNER'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { portal, counter, ledger, none } = realm.services
  const at = new Place(info, 'NEWCORP')
  const oscar = realmOf(info, 'NEWPARTNER').users.oscar.principal

  // behaviour: Resource-based delegation, a presented ticket = granted
  test('goes through for a user who presented a ticket', async () => {
    const ticket = await at.present('counter', 'bob', 'ledger')
    const part = openWith(ledger.keytab, ticket)
    expect(formatPrincipal({ name: part.cname, realm: part.crealm })).toBe('bob@NEWCORP.TEST')
    expect(pacOf(part)?.delegationInfo).toMatchObject({
      s4u2proxyTarget: ledger.spn,
      transitedServices: [`${counter.spn}@${realm.name}`],
    })
  })

  // behaviour: Resource-based delegation, protocol transition = granted
  test('goes through for a user whom a service vouches for that may use any protocol', async () => {
    const part = openWith(ledger.keytab, await at.vouch('portal', 'bob', 'ledger'))
    expect(formatPrincipal({ name: part.cname, realm: part.crealm })).toBe('bob@NEWCORP.TEST')
    expect(pacOf(part)?.delegationInfo?.transitedServices).toEqual([portal.principal])
  })

  // behaviour: Resource-based delegation, a user of a trusted realm = granted
  test('goes through for a user of a trusted forest, whose SIDs are of that forest', async () => {
    const ticket = await new Place(info, 'NEWPARTNER').user('oscar').ticketFor(`${counter.spn}@${realm.name}`)
    const evidence = { ...ticket, forwardable: true, origin: 'presented' } as const
    const part = openWith(ledger.keytab, await at.client('counter').s4u2proxy(evidence, ledger.spn))
    expect(formatPrincipal({ name: part.cname, realm: part.crealm })).toBe(oscar)
    const bob = pacOf(openWith(ledger.keytab, await at.present('counter', 'bob', 'ledger')))
    const pac = pacOf(part)
    expect(pac?.userSid).toMatch(/^S-1-5-21-/)
    expect(pac?.logonInfo?.logonDomainId).not.toBe(bob?.logonInfo?.logonDomainId)
    expect(pac?.delegationInfo?.transitedServices).toEqual([`${counter.spn}@${realm.name}`])
  })

  test('is what kvno of MIT 1.21 gets too', async () => {
    const environment = { KRB5CCNAME: `FILE:${realm.machine.directory}/ccaches/portal-kvno` }
    await runAt(realm, 'kinit', ['-f', '-k', '-t', portal.keytab, portal.principal], { environment })
    const user = realm.users.bob.principal
    const { stdout } = await runAt(realm, 'kvno', ['-I', user, '-P', `${ledger.spn}@${realm.name}`], { environment })
    expect(stdout).toContain(`${ledger.spn}@${realm.name}: kvno = `)
  })

  test('is what impersonation does, without a word in the options', async () => {
    using service = createNegotiator({ keytab: counter.keytab, kdc: `${realm.kdc.host}:${realm.kdc.port}` })
    const ticket = await at.user('alice').ticketFor(counter.spn)
    const authorization = formatAuthorization(createInitiator({ ticket, now: Date.now }).token)
    const outcome = await service.authenticate({ headers: { authorization } })
    if (outcome.status !== 'authenticated') throw new Error('alice was not let in')
    using alice = outcome.identity.impersonate()
    expect(formatPrincipal((await alice.ticketFor(ledger.spn)).client)).toBe('alice@NEWCORP.TEST')
  })

  test.each([
    ['a sensitive user', 'carol', 'user-not-delegable', () => at.vouch('portal', 'carol', 'ledger', { before: 'bob' })],
    ['a member of Protected Users', 'dave', 'evidence-not-forwardable', () => at.present('counter', 'dave', 'ledger')],
  ])('is refused for %s', async (_who, _name, reason, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ code: 'KDC_ERR_BADOPTION', reason })
  })

  // behaviour: Resource-based delegation, evidence that is not forwardable (Windows grants it) = refused (13)
  test('is refused for evidence that is not forwardable, which Windows takes', async () => {
    const client = at.client('counter')
    const evidence = evidenceFromS4u2self(await client.s4u2self('bob'))
    expect(evidence.forwardable).toBe(false)
    const refused = { code: 'KDC_ERR_BADOPTION', reason: 'protocol-transition-not-allowed' }
    await expect(client.s4u2proxy(evidence, ledger.spn)).rejects.toMatchObject(refused)
  })

  // behaviour: Resource-based delegation, a service that the target does not list = refused (13)
  test('is refused to whom the target does not list, until its administrator does', async () => {
    const refused = { code: 'KDC_ERR_BADOPTION', reason: 'target-not-allowed' }
    await expect(at.present('none', 'bob', 'ledger')).rejects.toMatchObject({
      ...refused,
      hint: expect.stringContaining('msDS-AllowedToActOnBehalfOfOtherIdentity'),
    })
    await sambaTool(realm, 'delegation', 'add-principal', 'svc-ledger', 'svc-none')
    try {
      const part = openWith(ledger.keytab, await at.present('none', 'bob', 'ledger'))
      expect(pacOf(part)?.delegationInfo?.transitedServices).toEqual([`${none.spn}@${realm.name}`])
    } finally {
      await sambaTool(realm, 'delegation', 'del-principal', 'svc-ledger', 'svc-none')
    }
    await expect(at.present('none', 'bob', 'ledger')).rejects.toMatchObject(refused)
  })
})

/** Samba before 4.19 keeps the list, and its KDC does not look at it. */
await describeRealms('resource-based delegation before it was known', ['CORP'], (info) => {
  // behaviour: Resource-based delegation, a presented ticket = refused (13)
  test('is refused, whatever the target lists', async () => {
    const realm = realmOf(info, 'CORP')
    await sambaTool(realm, 'delegation', 'add-principal', 'svc-vault', 'svc-none')
    try {
      const refused = { code: 'KDC_ERR_BADOPTION', reason: 'target-not-allowed' }
      await expect(new Place(info, 'CORP').present('none', 'bob', 'vault')).rejects.toMatchObject(refused)
    } finally {
      await sambaTool(realm, 'delegation', 'del-principal', 'svc-vault', 'svc-none')
    }
  })
})

import { createKdcClient, type KdcClientOptions, type ServiceTicket } from '@s4u/kdc-client'
import { formatPrincipal, hasFlag, TicketFlag } from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { realmOf, sambaTool } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Place } from '../diagnosis/place.js'

const MINUTE = 60_000
const POLICY = { code: 'KDC_ERR_POLICY' }

await describeRealms('authentication policies', ['NEWCORP'], (info) => {
  const realm = realmOf(info, 'NEWCORP')
  const { web, api, desk01, kiosk01, strict, safe } = realm.services
  const { principal, password } = realm.users.walter
  const at = new Place(info, 'NEWCORP')
  const kdc = `${realm.kdc.host}:${realm.kdc.port}`
  const lifetimeOf = ({ expiresAt }: ServiceTicket): number => expiresAt - Date.now()
  const grantingTicket = (user: string): Promise<ServiceTicket> => at.user(user).ticketFor(`krbtgt/${realm.name}`)
  const nameOf = ({ client }: ServiceTicket): string => formatPrincipal(client)

  // behaviour: Authentication policies: lifetime = enforced
  test('limit how long a ticket-granting ticket lives, and those that are got with it', async () => {
    expect(lifetimeOf(await grantingTicket('bob'))).toBeGreaterThan(9 * 60 * MINUTE)
    const short = await grantingTicket('shorty')
    for (const ticket of [short, await at.user('shorty').ticketFor(api.spn)]) {
      expect(lifetimeOf(ticket)).toBeGreaterThan(40 * MINUTE)
      expect(lifetimeOf(ticket)).toBeLessThanOrEqual(45 * MINUTE)
    }
    expect(hasFlag(short.flags, TicketFlag.RENEWABLE)).toBe(false)
  })

  const signIn = (options: Partial<KdcClientOptions>): Promise<ServiceTicket> =>
    createKdcClient({ kdc, credentials: { principal, password }, ...options }).ticketFor(api.spn)

  // behaviour: Authentication policies: allowed from (armor of a device) = enforced (12)
  test('limit from which devices a user signs in: armor of such a device lets her in', async () => {
    await expect(signIn({})).rejects.toMatchObject({
      ...POLICY,
      answer: { ntStatus: 'STATUS_INVALID_WORKSTATION' },
    })
    await expect(signIn({ armor: { keytab: kiosk01.keytab } })).rejects.toMatchObject(POLICY)
    expect(nameOf(await signIn({ armor: { keytab: desk01.keytab } }))).toBe(principal)
  })

  test('limit it for a login form too, where the machine’s keytab is named', async () => {
    const user = { user: principal, password }
    using without = createNegotiator({ keytab: web.keytab, kdc })
    await expect(without.identityFor(user)).rejects.toMatchObject(POLICY)
    using within = createNegotiator({ keytab: web.keytab, kdc: { kdc, armor: { keytab: desk01.keytab } } })
    expect((await within.identityFor(user)).principal).toBe(principal)
  })

  // behaviour: Authentication policies: allowed to = enforced (12)
  test('limit who gets tickets for a service', async () => {
    expect(nameOf(await at.user('alice').ticketFor(strict.spn))).toBe('alice@NEWCORP.TEST')
    await expect(at.user('bob').ticketFor(strict.spn)).rejects.toMatchObject(POLICY)
  })

  // behaviour: Authentication policies: allowed to, in S4U2Proxy = asked about the service that delegates
  test('are asked about the service that delegates, not about its user', async () => {
    for (const user of ['alice', 'bob']) await expect(at.vouch('broker', user, 'strict')).rejects.toMatchObject(POLICY)
    await sambaTool(realm, 'group', 'addmembers', 'Payroll', 'svc-broker')
    try {
      for (const user of ['alice', 'bob'])
        expect(nameOf(await at.vouch('broker', user, 'strict'))).toBe(`${user}@NEWCORP.TEST`)
    } finally {
      await sambaTool(realm, 'group', 'removemembers', 'Payroll', 'svc-broker')
    }
  })

  // behaviour: Authentication silos = enforced
  test('let members of a silo in', async () => {
    expect(nameOf(await at.user('silvia').ticketFor(safe.spn))).toBe('silvia@NEWCORP.TEST')
    await expect(at.user('alice').ticketFor(safe.spn)).rejects.toMatchObject(POLICY)
  })
})

/** What their members lose. Here S4U2Self does not look at it, other than on Windows. */
for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`Protected Users of ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { api } = realm.services
    const at = new Place(info, key)

    // behaviour: Protected Users: tickets = four hours, not forwardable
    test('have tickets for four hours that nobody may forward', async () => {
      const ticket = await at.user('dave').ticketFor(`krbtgt/${realm.name}`)
      expect(ticket.expiresAt - Date.now()).toBeLessThanOrEqual(4 * 60 * MINUTE)
      expect(hasFlag(ticket.flags, TicketFlag.FORWARDABLE)).toBe(false)
      expect(hasFlag(ticket.flags, TicketFlag.PROXIABLE)).toBe(false)
    })

    // behaviour: Protected Users: sign-in with RC4 = refused (14)
    test('do not sign in with RC4', async () => {
      const attempt = at.user('dave', { encryptionTypes: [23] }).ticketFor(api.spn)
      await expect(attempt).rejects.toMatchObject({ code: 'KDC_ERR_ETYPE_NOSUPP' })
    })

    // behaviour: Protected Users: S4U2Self (Windows: not forwardable) = forwardable
    test('are vouched for all the same, with evidence that is forwardable', async () => {
      expect(formatPrincipal((await at.vouch('web', 'dave', 'api')).client)).toBe(`dave@${realm.name}`)
    })
  })
}

import { createNegotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { formatPrincipal } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/**
 * With a user's password a service gets what the directory lists for it, and no more unless the app
 * says so.
 */
for (const key of ['CORP', 'EAST', 'NEWCORP', 'NEWEAST'] as const) {
  await describeRealms(`a password that ${key} checks`, [key], (info) => {
    const { kdc, services, users } = realmOf(info, key)
    const { web, api, data } = services
    const user = { user: users.bob.principal, password: users.bob.password }
    const negotiator = (delegation: NegotiatorOptions['delegation'] = {}) =>
      createNegotiator({ keytab: web.keytab, kdc: `${kdc.host}:${kdc.port}`, delegation })

    // behaviour: Delegation after a password sign-in = granted
    test('lets the service act towards what the directory lists, with the ticket to itself', async () => {
      using service = negotiator()
      const bob = await service.identityFor(user)
      expect(bob).toMatchObject({ principal: user.user, impersonationLevel: 'delegation' })
      expect(bob.evidence).toMatchObject({ kind: 'ticket', origin: 'presented', forwardedTgt: undefined })
      using acting = bob.impersonate()
      expect(formatPrincipal((await acting.ticketFor(api.spn)).client)).toBe(user.user)
      await expect(acting.ticketFor(data.spn)).rejects.toMatchObject({ name: 'DelegationRefusedError' })
    })

    test('lets it act everywhere where the app keeps the ticket-granting ticket', async () => {
      using service = negotiator({ forwardedTickets: 'use' })
      using acting = (await service.identityFor(user)).impersonate()
      for (const { spn } of [api, data]) expect(formatPrincipal((await acting.ticketFor(spn)).client)).toBe(user.user)
    })

    test('that is wrong lets nobody in', async () => {
      using service = negotiator()
      await expect(service.identityFor({ ...user, password: 'wrong' })).rejects.toMatchObject({
        name: 'KdcError',
        code: 'KDC_ERR_PREAUTH_FAILED',
      })
    })

    test('that is wrong counts as wrong also where the KDC wants no pre-authentication', async () => {
      using service = negotiator()
      const { principal, password } = users.nopre
      expect(await service.identityFor({ user: principal, password })).toMatchObject({ principal })
      await expect(service.identityFor({ user: principal, password: 'wrong' })).rejects.toMatchObject({
        code: 'KDC_ERR_PREAUTH_FAILED',
        status: 401,
      })
    })
  })
}

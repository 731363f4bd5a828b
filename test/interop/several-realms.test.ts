import { createKdcClient } from '@s4u/kdc-client'
import { createInitiator } from '@s4u/gssapi'
import { formatPrincipal } from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/** One service with an account in each of two real realms that know nothing of each other. */
await describeRealms('A keytab with keys of Samba and of MIT', ['CORP', 'EAST'], (info) => {
  const realms = (['CORP', 'EAST'] as const).map((key) => realmOf(info, key))
  const kdc = Object.fromEntries(realms.map(({ name, kdc: { host, port } }) => [name, `${host}:${port}`]))
  const negotiator = () =>
    createNegotiator({
      keytab: realms.map(({ services }) => services.web.keytab),
      kdc,
      domainSids: { 'EAST.TEST': false },
      delegation: { protocolTransition: true },
    })

  test.each(realms)('delegates callers of $name by the account there', async ({ users, services }) => {
    using service = negotiator()
    await service.ready()
    const { principal, password } = users.bob
    const bob = createKdcClient({ kdc, credentials: { principal, password } })
    const { authorization } = createInitiator({ ticket: await bob.ticketFor(services.web.spn), now: Date.now })
    const outcome = await service.authenticate({ headers: { authorization } })
    const identity = outcome.status === 'authenticated' ? outcome.identity : expect.fail('not let in')
    expect(identity.principal).toBe(principal)
    using acting = identity.impersonate()
    const ticket = await acting.ticketFor(services.api.spn)
    expect([formatPrincipal(ticket.client), ticket.service.realm]).toEqual([principal, principal.split('@')[1]])
  })

  test.each(realms)('vouches for users of $name by the account there', async ({ users, services }) => {
    using service = negotiator()
    const identity = await service.identityFor(users.bob.principal)
    expect(identity.principal).toBe(users.bob.principal)
    using acting = identity.impersonate()
    expect(formatPrincipal((await acting.ticketFor(services.api.spn)).client)).toBe(users.bob.principal)
  })
})

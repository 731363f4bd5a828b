import { createNegotiator } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/**
 * However an app names a user, a real directory has one name for it; 4.22 repeats in the ticket
 * what was typed.
 */
for (const key of ['CORP', 'NEWCORP'] as const)
  await describeRealms(`a user of ${key} for whom the service vouches`, [key], (info) => {
    const { name: realm, kdc, services } = realmOf(info, key)
    const { keytab } = services.web
    const web = createNegotiator({
      keytab,
      kdc: `${kdc.host}:${kdc.port}`,
      delegation: { protocolTransition: true },
      session: { kind: 'cookie', keys: ['a key of thirty-two letters or so'] },
    })
    const [netbios] = realm.split('.')

    // behaviour: S4U2Self for a name in other letters = granted; the account’s name is in the PAC
    test.each([
      ['alice', undefined],
      [`alice@${realm}`, undefined],
      ['ALICE', 'ALICE'],
      [`Alice@${realm}`, `Alice@${realm}`],
      [`${netbios}\\ALICE`, `${netbios}\\ALICE`],
    ])('as %s has the name of the account, and is delegated and known by its session under it', async (typed, kept) => {
      const identity = await web.identityFor(typed, { fresh: true })
      const whole = { principal: `alice@${realm}`, name: 'alice', localName: 'alice', requestedName: kept }
      expect(identity).toMatchObject(whole)
      const ticket = await identity.impersonate().ticketFor(services.api.spn)
      expect(ticket.client.realm).toBe(realm)
      const cookie = [web.startSession(identity)['Set-Cookie']].flat().map((one) => String(one).replace(/;.*/, ''))
      const outcome = await web.authenticate({ headers: { cookie: cookie.join('; ') } })
      expect(outcome).toMatchObject({ status: 'authenticated', by: 'session' })
      if (outcome.status !== 'authenticated') return
      expect(outcome.identity).toMatchObject(whole)
      expect((await outcome.identity.impersonate().ticketFor(services.api.spn)).client).toEqual(ticket.client)
    })

    test('by a user principal name has the name of the account', async () => {
      const identity = await web.identityFor('bob.builder@corp.example', { fresh: true })
      expect(identity).toMatchObject({
        principal: `bob@${realm}`,
        name: 'bob',
        requestedName: 'bob.builder@corp.example',
      })
    })
  })

/**
 * The administrator changes the directory while the service runs: it needs no restart to see that.
 */

import { DelegationRefusedError, type KdcClient, tallyExchanges } from '@s4u/kdc-client'
import { createNegotiator } from '@s4u/negotiate'
import { describe, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { Administrator } from './diagnosis/administrator.js'
import { Place } from './diagnosis/place.js'

/** As long as a refusal is remembered, and as long as a new ticket is the freshest. */
const A_MOMENT = 10_000

for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`a service that runs while the directory of ${key} changes`, [key], (info) => {
    const at = new Place(info, key)
    const administrator = new Administrator(info, key)
    const { users, services } = realmOf(info, key)
    const api = services.api.spn

    /** A client whose clock can be put ahead, and what it is refused. */
    const running = (service: string) => {
      let ahead = 0
      const client = at.client(service, { now: () => Date.now() + ahead })
      return { client, pass: (time: number) => (ahead += time) }
    }
    const refusalOf = async (attempt: Promise<unknown>): Promise<DelegationRefusedError> => {
      const error = await attempt.catch((caught: unknown) => caught)
      if (error instanceof DelegationRefusedError) return error
      throw error
    }
    const vouch = (client: KdcClient, user: string) =>
      client.ticketAs({ user: users[user].principal, protocolTransition: true }, api)

    test('may vouch for users as soon as it is allowed to', async () => {
      const { client, pass } = running('kcd')
      const { reason, settings } = await refusalOf(vouch(client, 'bob'))
      expect(reason).toBe('protocol-transition-not-allowed')
      await administrator.obey(settings[0])
      try {
        pass(A_MOMENT)
        expect((await vouch(client, 'bob')).method).toBe('s4u2self')
      } finally {
        await administrator.run('samba-tool delegation for-any-protocol svc-kcd off')
      }
    })

    test('acts for a user who is not sensitive any more, whose ticket cannot be forwarded yet', async () => {
      const { client, pass } = running('web')
      const evidence = await at.evidence('web', 'carol')
      const grounds = { user: users.carol.principal, evidence, protocolTransition: true }
      const refusal = await refusalOf(client.ticketAs(grounds, api))
      expect(refusal).toMatchObject({ reason: 'user-not-delegable', cause: { reason: 'evidence-not-forwardable' } })
      await administrator.obey(refusal.settings[0])
      try {
        pass(A_MOMENT)
        expect((await client.ticketAs(grounds, api)).method).toBe('s4u2self')
      } finally {
        await administrator.run('samba-tool user sensitive carol on')
      }
    })

    test('gets a ticket-granting ticket that is forwardable when its own account is not sensitive any more', async () => {
      await administrator.run('samba-tool user sensitive svc-web on')
      const { client, pass } = running('web')
      const { reason, settings } = await refusalOf(vouch(client, 'bob'))
      expect(reason).toBe('service-not-delegable')
      await administrator.obey(settings[0])
      pass(61_000)
      expect((await vouch(client, 'bob')).method).toBe('s4u2self')
    })

    test('acts for those who have signed in before, with the negotiator that it has', async () => {
      let ahead = 0
      const { host, port } = realmOf(info, key).kdc
      using negotiator = createNegotiator({
        ...{ keytab: services.kcd.keytab, kdc: `${host}:${port}`, now: () => Date.now() + ahead },
        delegation: { principal: 'svc-kcd', protocolTransition: true },
      })
      const bob = await negotiator.identityFor('bob')
      using impersonation = bob.impersonate()
      const { settings } = await refusalOf(impersonation.ticketFor(api))
      await administrator.obey(settings[0])
      try {
        ahead += A_MOMENT
        expect((await impersonation.ticketFor(api)).client.name.nameString).toEqual(['bob'])
      } finally {
        await administrator.run('samba-tool delegation for-any-protocol svc-kcd off')
      }
    })

    describe('and does not', () => {
      test('is not asked for more than one ticket for each refused user in ten seconds', async () => {
        const { client } = running('kcd')
        await refusalOf(vouch(client, 'bob'))
        const exchanges = await tallyExchanges(async (tally) => {
          for (let request = 0; request < 20; request++) await refusalOf(vouch(client, 'bob'))
          return tally.exchanges
        })
        // The delegation, with the ticket that was got anew.
        expect(exchanges).toBe(1)
      })

      test('vouch for a member of Protected Users, though this KDC would let it', async () => {
        const { client } = running('web')
        expect((await vouch(client, 'dave')).method).toBe('s4u2self')
        const evidence = await at.evidence('web', 'dave')
        const grounds = { user: users.dave.principal, evidence, protocolTransition: true }
        expect(await refusalOf(client.ticketAs(grounds, api))).toMatchObject({
          reason: 'evidence-not-forwardable',
          settings: [{ attribute: expect.stringContaining('Protected Users') }],
        })
      })
    })
  })
}

await describeRealms('a KDC that takes no tickets as evidence which users present', ['NORTH'], (info) => {
  const at = new Place(info, 'NORTH')
  const { users, services } = realmOf(info, 'NORTH')

  test('is shown one by which the service vouches, where the app permits it', async () => {
    const evidence = await at.evidence('web', 'bob')
    const grounds = { user: users.bob.principal, evidence }
    await expect(at.client('web').ticketAs(grounds, services.api.spn)).rejects.toMatchObject({
      reason: 'target-not-allowed',
    })
    const { method, ticket } = await at
      .client('web')
      .ticketAs({ ...grounds, protocolTransition: true }, services.api.spn)
    expect(method).toBe('s4u2self')
    expect(ticket.client.name.nameString).toEqual(['bob'])
  })

  test('says of a target that is on no list that it is on none', async () => {
    const evidence = await at.evidence('web', 'bob')
    const grounds = { user: users.bob.principal, evidence, protocolTransition: true }
    await expect(at.client('web').ticketAs(grounds, services.vault.spn)).rejects.toMatchObject({
      reason: 'target-not-allowed',
      cause: { reason: 'target-not-allowed' },
    })
  })
})

import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createNegotiator, delegatedByGate } from '@s4u/negotiate'
import { expect, test } from 'vitest'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { Place } from '../diagnosis/place.js'

/**
 * A backend sees another name of the same service, as the user came to it: with a ticket, or
 * vouched for.
 */
for (const key of ['CORP', 'NEWCORP'] as const) {
  await describeRealms(`the names of a service in tickets of ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web, api } = realm.services
    const at = new Place(info, key)

    // behaviour: A service in S4U_DELEGATION_INFO = the SPN of a presented ticket, the account where it vouched
    test('are its SPN and its account, and a backend lets both in', async () => {
      using backend = createNegotiator({ keytab: api.keytab })
      const arrived = async (ticket: Awaited<ReturnType<Place['present']>>) => {
        const request = {
          headers: { authorization: formatAuthorization(createInitiator({ ticket, now: Date.now }).token) },
        }
        const outcome = await backend.authenticate(request)
        if (outcome.status !== 'authenticated') throw new Error('bob was not let in')
        return { request, identity: outcome.identity }
      }
      const [presented, vouched] = [await at.present('web', 'bob', 'api'), await at.vouch('web', 'bob', 'api')]
      const ways = [
        [await arrived(presented), `${web.spn}@${realm.name}`],
        [await arrived(vouched), web.principal],
      ] as const
      const gate = delegatedByGate([web.spn, web.principal])
      for (const [{ request, identity }, name] of ways) {
        expect(identity.delegatedBy).toEqual([name])
        expect(gate(request, identity).status).toBe('pass')
      }
    })
  })
}

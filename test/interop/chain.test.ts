import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { createKdcClient, type ServiceTicket } from '@s4u/kdc-client'
import { type CallerIdentity, createNegotiator, delegatedByGate, type Negotiator } from '@s4u/negotiate'
import { afterAll, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'

/** alice calls web, which calls api as her, which calls data as her: what real KDCs write into the ticket on the way. */
for (const key of ['CORP', 'EAST'] as const) {
  await describeRealms(`a chain of three hops in ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web, api, data } = realm.services
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const negotiators: Negotiator[] = []

    afterAll(() => {
      for (const negotiator of negotiators) negotiator[Symbol.dispose]()
    })

    function service({ keytab }: { readonly keytab: string }): Negotiator {
      const negotiator = createNegotiator({ keytab, kdc })
      negotiators.push(negotiator)
      return negotiator
    }

    async function arrive(at: Negotiator, ticketFor: () => Promise<ServiceTicket>): Promise<CallerIdentity> {
      const { token } = createInitiator({ ticket: await ticketFor(), now: Date.now })
      const outcome = await at.authenticate({ headers: { authorization: formatAuthorization(token) } })
      if (outcome.status === 'authenticated') return outcome.identity
      throw new Error('the caller was not let in', { cause: outcome })
    }

    async function call(as: CallerIdentity, spn: string, at: Negotiator): Promise<CallerIdentity> {
      using caller = as.impersonate()
      return await arrive(at, () => caller.ticketFor(spn))
    }

    test('each service adds itself, nearest last, and a backend can ask for those it knows', async () => {
      const credentials = { principal: `alice@${realm.name}`, password: 'pw-alice' }
      const alice = createKdcClient({ credentials, kdc })
      const [atWeb, atApi, atData] = await (async () => {
        const first = await arrive(service(web), () => alice.ticketFor(web.spn))
        const second = await call(first, api.spn, service(api))
        return [first, second, await call(second, data.spn, service(data))]
      })()
      for (const { principal } of [atWeb, atApi, atData]) expect(principal).toBe(`alice@${realm.name}`)
      expect(atWeb.delegatedBy).toEqual([])
      expect(atApi.delegatedBy).toEqual([expect.stringMatching(/web/i)])
      expect(atData.delegatedBy).toEqual([atApi.delegatedBy[0], expect.stringMatching(/api/i)])
      const request = { headers: {} }
      expect(delegatedByGate(atData.delegatedBy)(request, atData)).toMatchObject({ status: 'pass' })
      expect(delegatedByGate([atData.delegatedBy[1]])(request, atData)).toMatchObject({ statusCode: 403 })
    })
  })
}

import { createFetch } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { type Chain, openChain } from '../stories/fixtures/chain.js'

/**
 * alice calls web, which calls api as her, which calls data as her: what real KDCs write into the
 * ticket on the way.
 */
for (const key of ['CORP', 'EAST', 'NEWCORP', 'NEWEAST'] as const) {
  await describeRealms(`a chain of three HTTP services in ${key}`, [key], (info) => {
    const realm = realmOf(info, key)
    const { web, api, data } = realm.services
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const through = [web, api].map(({ spn }) => `${spn}@${realm.name}`)
    let chain: Chain
    let sales: Chain

    const linkOf = ({ spn, keytab }: typeof web) => ({ spn, options: { keytab, kdc } })
    beforeAll(async () => {
      chain = await openChain([linkOf(web), linkOf(api), { ...linkOf(data), requireDelegatedBy: through }])
      sales = await openChain([linkOf(web), linkOf(api), { ...linkOf(data), requireDelegatedBy: [web.spn] }])
    })
    afterAll(async () => {
      for (const one of [chain, sales]) await one?.[Symbol.asyncDispose]()
    })

    /** alice's own program. */
    async function ask({ services }: Chain, at: number) {
      const { spn } = [web, api, data][at]
      const client = createKdcClient({ credentials: { principal: `alice@${realm.name}`, password: 'pw-alice' }, kdc })
      const { url } = services[at]
      const fetch = createFetch({
        serviceNames: { [new URL(url).host]: spn },
        ticketFor: (name) => client.ticketFor(name),
      })
      const answer = await fetch(url)
      return { status: answer.status, text: await answer.text() }
    }

    // behaviour: A second hop with the ticket received = granted, both services named
    test('each service adds itself, nearest last, and the last one lets who came through them pass', async () => {
      const { status, text } = await ask(chain, 0)
      expect([status, JSON.parse(text)]).toEqual([
        200,
        {
          views: [[], through.slice(0, 1), through].map((delegatedBy) => ({
            principal: `alice@${realm.name}`,
            delegatedBy,
          })),
        },
      ])
    })

    test('the last one refuses who came by another way: through one that it does not know, or directly', async () => {
      const { text } = await ask(sales, 0)
      expect(JSON.parse(text)).toMatchObject({ views: [{}, { delegatedBy: through.slice(0, 1) }], refused: 403 })
      expect(await ask(chain, 2)).toMatchObject({ status: 403 })
    })
  })
}

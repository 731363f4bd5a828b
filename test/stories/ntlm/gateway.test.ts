/** NTLM at a whole gateway: what its configuration turns on. */

import { expect, test } from 'vitest'
import { negotiateOf } from '../../../packages/ntlm/src/fixtures/ntlm-client.js'
import { gatewaySite } from '../gateway-site.js'

const FIRST = Buffer.from(negotiateOf()).toString('base64')
const ntlm = {
  ...{ domain: 'AD', dnsDomain: 'ad.test', domainSid: 'S-1-5-21-1-2-3', controllers: ['127.255.0.1'] },
  account: { name: 'WEB01$', password: { env: 'PATH' } },
}

const offersOf = (headers: Readonly<Record<string, unknown>>): string => String(headers['www-authenticate'] ?? '')

test('a gateway offers NTLM behind Negotiate where its configuration has it, and takes it in both', async () => {
  await using site = await gatewaySite({ site: { signIn: ['negotiate', { ntlm }] } })
  expect(offersOf((await site.ask('/')).headers)).toBe('Negotiate, NTLM')
  for (const scheme of ['NTLM', 'Negotiate']) {
    const { status, headers } = await site.ask('/', { headers: { authorization: `${scheme} ${FIRST}` } })
    expect([status, offersOf(headers)]).toEqual([401, expect.stringMatching(`^${scheme} TlRMTVNTUAAC`)])
  }
})

test('what another proxy passes on is offered no NTLM', async () => {
  await using site = await gatewaySite({ site: { signIn: ['negotiate', { ntlm }] } })
  expect(offersOf((await site.ask('/', { headers: { via: '1.1 proxy' } })).headers)).toBe('Negotiate')
})

test('without that entry it is refused', async () => {
  await using site = await gatewaySite()
  const { status, headers } = await site.ask('/', { headers: { authorization: `Negotiate ${FIRST}` } })
  expect([status, offersOf(headers)]).toEqual([401, 'Negotiate'])
})

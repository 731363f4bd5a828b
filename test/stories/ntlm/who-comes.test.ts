/** What an administrator is told of those who come with NTLM: who, why, and what to do. */

import { expect, test } from 'vitest'
import { negotiateOf } from '../../../packages/ntlm/src/fixtures/ntlm-client.js'
import { ntlmSite } from './ntlm-site.js'

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'
const OPTION = 'Clients that can never have a ticket are let in by the option ntlm: see docs/ntlm.md.'

test.each([
  ['127.0.0.1:8443', 'address', 'The URL has the IP address 127.0.0.1,'],
  ['[::1]:8443', 'address', 'The URL has the IP address ::1,'],
  ['intranet', 'other-name', 'The keytab has no key of HTTP for intranet:'],
  ['<script>', 'other-name', 'The keytab has no key of HTTP for its host:'],
  ['WEB.ad.test', 'no-ticket', 'The client got no ticket for web.ad.test.'],
])('a caller of %s has the reason %s, and a hint that names the option', async (host, reason, hint) => {
  await using made = await ntlmSite(() => ({}))
  await made.client('Negotiate', { host, 'user-agent': CHROME })(negotiateOf())
  const [{ ntlm, error }] = made.failed
  expect(ntlm).toEqual({ reason, userAgent: 'Chrome/142.0.0.0' })
  expect(error.hint).toContain(hint)
  expect(error.hint).toContain(OPTION)
  expect(made.counters().ntlm).toEqual({ byReason: { [reason]: 1 }, byUserAgent: { 'Chrome/142.0.0.0': 1 } })
})

test('with the option that the hint names the caller is challenged, and refused no more', async () => {
  await using made = await ntlmSite((source) => ({ ntlm: source }))
  const { challenge } = await made.client('Negotiate')(negotiateOf())
  expect(challenge.length).toBeGreaterThan(56)
  expect(made.failed).toEqual([])
})

test('where the option is on and a proxy stands between, the hint says so', async () => {
  await using made = await ntlmSite((source) => ({ ntlm: source }))
  await made.client('Negotiate', { via: '1.1 proxy' })(negotiateOf())
  expect(made.failed[0].error.hint).toContain('came over HTTP/2 or through a proxy')
})

test('refusals of the source are counted too, and names of clients take bounded memory', async () => {
  await using made = await ntlmSite((source) => ({ ntlm: source }))
  for (let client = 0; client < 52; client++)
    await made.client('NTLM', { 'user-agent': `client/${client}` })('TlRMTVNTUAADAAAA')
  const { byReason, byUserAgent } = made.counters().ntlm
  expect(byReason).toEqual({ 'no-ticket': 52 })
  expect([Object.keys(byUserAgent).length, byUserAgent.others]).toEqual([51, 2])
  expect(made.failed[0].ntlm).toEqual({ reason: 'no-ticket', userAgent: 'client/0' })
})

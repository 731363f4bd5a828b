/** Those who come with NTLM and are refused before a domain controller is asked, or without one. */

import { expect, test } from 'vitest'
import {
  authenticateTo,
  CLIENT_FLAGS,
  negotiateOf,
  type NtlmClientOptions,
} from '../../packages/ntlm/src/fixtures/ntlm-client.js'
import { AvId } from '../../packages/ntlm/src/messages/av-pairs.js'
import { NtlmFlag } from '../../packages/ntlm/src/messages/ntlm-flags.js'
import { encodeText } from '../../packages/ntlm/src/messages/text.js'
import { ntlmSite } from './ntlm/ntlm-site.js'

const ntHash = new Uint8Array(16)

const noExtended = CLIENT_FLAGS & ~NtlmFlag.EXTENDED_SESSION_SECURITY
const EACH: readonly (readonly [string, Partial<NtlmClientOptions>, string, number])[] = [
  ['NTLM of version 1', { ntResponse: new Uint8Array(24) }, 'STATUS_NTLM_BLOCKED', 401],
  ['nobody', { user: '' }, 'STATUS_NTLM_BLOCKED', 401],
  ['no extended session security', { flags: noExtended }, 'STATUS_NTLM_BLOCKED', 401],
  ['names that are not in Unicode', { flags: CLIENT_FLAGS & ~NtlmFlag.UNICODE }, 'GSS_S_DEFECTIVE_TOKEN', 400],
  ['the pairs of another server', { pairs: { [AvId.DNS_COMPUTER]: encodeText('x') } }, 'KRB_AP_ERR_BADMATCH', 401],
  ['a pair left out', { pairs: { [AvId.NETBIOS_DOMAIN]: undefined } }, 'KRB_AP_ERR_BADMATCH', 401],
  ['a pair twice', { extraPairs: [[AvId.FLAGS, new Uint8Array(4)]] }, 'GSS_S_DEFECTIVE_TOKEN', 400],
  ['flags of no octets', { mic: 'none', pairs: { [AvId.FLAGS]: new Uint8Array(0) } }, 'GSS_S_DEFECTIVE_TOKEN', 400],
  ['a service of odd octets', { pairs: { [AvId.TARGET_NAME]: new Uint8Array(3) } }, 'GSS_S_DEFECTIVE_TOKEN', 400],
  ['another service', { pairs: { [AvId.TARGET_NAME]: encodeText('HTTP/evil.test') } }, 'KRB_AP_ERR_NOT_US', 401],
  ['another channel', { pairs: { [AvId.CHANNEL_BINDINGS]: new Uint8Array(16).fill(1) } }, 'GSS_S_BAD_BINDINGS', 401],
  ['another time', { time: 0 }, 'KRB_AP_ERR_SKEW', 401],
  [
    'a code that is not there',
    { mic: 'none', pairs: { [AvId.FLAGS]: Uint8Array.of(2, 0, 0, 0) } },
    'KRB_AP_ERR_MODIFIED',
    401,
  ],
  ['a response of 43 octets', { ntResponse: new Uint8Array(43) }, 'GSS_S_DEFECTIVE_TOKEN', 400],
  ['our own machine account', { user: 'web01$' }, 'KRB_AP_ERR_BADDIRECTION', 401],
  ['no controller to ask', {}, 'ECONNREFUSED', 503],
]

test('each kind of refused handshake is told by an event with its code and its source', async () => {
  await using made = await ntlmSite()
  const answered: unknown[] = []
  for (const [what, options] of EACH) {
    const send = made.client()
    const negotiate = negotiateOf(options.flags)
    const { status, challenge } = await send(negotiate)
    expect([what, status]).toEqual([what, 401])
    const answer = await send(authenticateTo(negotiate, challenge, { ntHash, domain: 'AD', ...options }))
    answered.push([what, answer.status])
  }
  expect(made.failed.map(({ code, source }, at) => [EACH[at]?.[0], code, source])).toEqual(
    EACH.map(([what, , code]) => [what, code, 'ntlm']),
  )
  expect(answered).toEqual(EACH.map(([what, , , status]) => [what, status]))
  const codes = EACH.map(([, , code]) => code)
  const times = (code: string): number => codes.filter((one) => one === code).length
  expect(made.counters().signIn.ntlm).toEqual({
    signedIn: 0,
    refused: Object.fromEntries(codes.map((code) => [code, times(code)])),
  })
})

test.each<[string, Uint8Array | string, string]>([
  ['what is no base64', '*', 'GSS_S_DEFECTIVE_TOKEN'],
  ['too much', 'A'.repeat(8_000), 'GSS_S_DEFECTIVE_TOKEN'],
  ['a message of type 1 that ends early', negotiateOf().subarray(0, 12), 'GSS_S_DEFECTIVE_TOKEN'],
  ['an answer to no challenge', 'TlRMTVNTUAADAAAA', 'KRB_AP_ERR_REPEAT'],
  ['a message of no known type', 'TlRMTVNTUAAJAAAA', 'KRB_AP_ERR_REPEAT'],
  ['another mechanism', 'YIIBAAAA', 'KRB_AP_ERR_REPEAT'],
])('%s in the header is refused with an event, and breaks nothing', async (_what, message, code) => {
  await using made = await ntlmSite()
  const send = made.client()
  await send(message)
  expect(made.failed).toMatchObject([{ code, source: 'ntlm' }])
  expect((await send(negotiateOf())).challenge.length).toBeGreaterThan(56)
})

test('after a challenge, what is no answer to it is told, and the challenge is used up', async () => {
  await using made = await ntlmSite()
  const send = made.client()
  const { challenge } = await send(negotiateOf())
  const answer = authenticateTo(negotiateOf(), challenge, { ntHash, domain: 'AD' })
  for (const message of [answer.subarray(0, 40), answer]) await send(message)
  expect(made.failed.map(({ code }) => code)).toEqual(['GSS_S_DEFECTIVE_TOKEN', 'KRB_AP_ERR_REPEAT'])
})

import { ContextFlag } from '@s4u/gssapi'
import { AdType, TicketFlag } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import type { AcceptContext } from './accept-ap-req.js'
import { ifRelevant, issue, type IssueOptions, keyOf, NOW, type OddApReq, oddToken } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'

const outcomeOf = (
  odd: OddApReq = {},
  credential: IssueOptions = {},
  options: AcceptorOptions = {},
  context: AcceptContext = {},
) => acceptorWith(options).accept(oddToken(issue(credential), odd), context)

describe('what is refused in an AP-REQ is refused with the reason', () => {
  test.each<[string, OddApReq, IssueOptions, object]>([
    [
      'DCE style',
      { flags: ContextFlag.DCE_STYLE | ContextFlag.MUTUAL },
      {},
      { code: 'GSS_S_UNAVAILABLE', message: 'the client asks for DCE style, which is for DCE RPC alone' },
    ],
    [
      'a weak subkey',
      { authenticator: { subkey: keyOf(8, 23) } },
      {},
      { code: 'KDC_ERR_ETYPE_NOSUPP', message: 'the subkey is of type rc4-hmac, which may not be used' },
    ],
    [
      'the clock before the times of the ticket',
      { authenticator: { ctime: NOW - 3_600_000, cusec: 0 } },
      { part: { endtime: NOW - 3_600_000 } },
      { code: 'KRB_AP_ERR_SKEW', message: 'client clock 01:00:00 behind' },
    ],
    [
      'the times of the ticket before the checksum',
      { authenticator: { cksum: undefined } },
      { part: { endtime: NOW - 3_600_000 } },
      { code: 'KRB_AP_ERR_TKT_EXPIRED', message: 'the ticket expired 01:00:00 ago' },
    ],
  ])('%s', async (_what, odd, credential, error) => {
    expect(refused(await outcomeOf(odd, credential)).error).toMatchObject({ name: 'RejectedTokenError', ...error })
  })

  test('addresses, where they are looked at', async () => {
    const part = { caddr: [{ addrType: 2, address: Uint8Array.of(10, 0, 0, 1) }] }
    const context = { clientAddress: '10.0.0.2' }
    accepted(await outcomeOf({}, { part }, {}, context))
    expect(refused(await outcomeOf({}, { part }, { checkAddresses: true }, context)).error).toMatchObject({
      code: 'KRB_AP_ERR_BADADDR',
      message: 'the ticket is not good from 10.0.0.2',
    })
  })
})

describe('the flags of the context', () => {
  const { MUTUAL, CHANNEL_BOUND, INTEG, IDENTIFY } = ContextFlag

  test('are those of the client, but for the channel, of which only we can tell', async () => {
    const { context } = accepted(await outcomeOf({ flags: MUTUAL | INTEG | CHANNEL_BOUND }))
    expect(context.flags).toBe(MUTUAL | INTEG)
    const plain = accepted(await outcomeOf({ flags: INTEG, apOptions: [] }))
    expect(plain.context.flags).toBe(INTEG)
  })

  test.each<[string, number, readonly number[], string]>([
    ['a forwardable ticket', MUTUAL, [TicketFlag.FORWARDABLE], 'delegation'],
    ['another one', MUTUAL, [], 'impersonation'],
    ['one that is to identify alone', MUTUAL | IDENTIFY, [TicketFlag.FORWARDABLE], 'identification'],
  ])('decide with the ticket how far the identity goes: %s', async (_what, flags, ticketFlags, level) => {
    expect(accepted(await outcomeOf({ flags }, { flags: ticketFlags })).identity.impersonationLevel).toBe(level)
  })

  test('of an anonymous user, who is anonymous whatever else is said', async () => {
    const anonymous = { client: 'WELLKNOWN/ANONYMOUS', pac: false } as const
    const { identity } = accepted(await outcomeOf({ flags: MUTUAL | IDENTIFY }, anonymous, { allowAnonymous: true }))
    expect(identity.impersonationLevel).toBe('anonymous')
  })
})

test('a client that knows channel bindings and binds none is refused where they are looked at', async () => {
  const adData = Uint8Array.of(0, 0x40, 0, 0)
  const aware = { authenticator: { authorizationData: ifRelevant({ adType: AdType.AUTH_DATA_AP_OPTIONS, adData }) } }
  const context = { channelBindings: new Uint8Array(32) }
  accepted(await outcomeOf(aware, {}, {}, context))
  accepted(await outcomeOf({}, {}, { channelBinding: 'allow' }, context))
  expect(refused(await outcomeOf(aware, {}, { channelBinding: 'allow' }, context)).error.code).toBe(
    'GSS_S_BAD_BINDINGS',
  )
})

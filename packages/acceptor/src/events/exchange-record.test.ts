import { RejectedTokenError } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import { Identity } from '../identity/identity.js'
import type { AcceptorEvent } from './acceptor-event.js'
import { AcceptorEvents } from './events.js'
import { ExchangeRecord } from './exchange-record.js'

const alice = new Identity({
  principal: 'alice@AD.TEST',
  name: 'alice',
  realm: 'AD.TEST',
  authenticationMethod: 'kerberos',
  impersonationLevel: 'delegation',
  expiresAt: 0,
  delegatedBy: ['HTTP/front.ad.test@AD.TEST'],
})
const error = new RejectedTokenError('client clock 00:10:00 behind', {
  code: 'KRB_AP_ERR_SKEW',
  hint: 'Set the clock.',
})

function heard(): { readonly events: AcceptorEvents; readonly told: AcceptorEvent[] } {
  const told: AcceptorEvent[] = []
  return { events: new AcceptorEvents({ onEvent: (event) => void told.push(event) }), told }
}

describe('with a listener', () => {
  test('an accepted token is told with what was known of it, and with what its caller permits', () => {
    const { events, told } = heard()
    const record = new ExchangeRecord(events, '10.0.0.7')
    record.add(() => ({ mechanism: '1.2.3', kvno: 1 }))
    record.add(() => ({ kvno: 2 }))
    record.accepted(alice)
    expect(told).toStrictEqual([
      {
        kind: 'exchange',
        outcome: 'accepted',
        clientAddress: '10.0.0.7',
        mechanism: '1.2.3',
        kvno: 2,
        impersonationLevel: 'delegation',
        delegatedBy: ['HTTP/front.ad.test@AD.TEST'],
      },
    ])
  })

  test('the next token keeps the facts, and has an address of its own', () => {
    const { events, told } = heard()
    const first = new ExchangeRecord(events, '10.0.0.7')
    first.add(() => ({ client: 'alice@AD.TEST' }))
    first.continued()
    first.nextLeg('10.0.0.8').continued()
    const common = { kind: 'exchange', outcome: 'continue', client: 'alice@AD.TEST' } as const
    expect(told).toStrictEqual([
      { ...common, clientAddress: '10.0.0.7' },
      { ...common, clientAddress: '10.0.0.8' },
    ])
  })

  test('a refusal is told with its reason, and with the mechanism where there was another one', () => {
    const { events, told } = heard()
    new ExchangeRecord(events, undefined).refused(error)
    new ExchangeRecord(events, undefined).refused(error, 'ntlm')
    const { code, message, hint } = error
    const common = {
      kind: 'exchange',
      outcome: 'refused',
      clientAddress: undefined,
      code,
      message,
      hint,
      error,
    } as const
    expect(told).toStrictEqual([common, { ...common, mechanism: 'ntlm' }])
  })
})

describe('without a listener', () => {
  test('no fact is gathered, and no routine event is made', () => {
    const events = new AcceptorEvents()
    const publish = vi.spyOn(events, 'publish')
    const record = new ExchangeRecord(events, undefined)
    record.add(() => expect.unreachable())
    record.continued()
    record.accepted(alice)
    expect(publish).not.toHaveBeenCalled()
  })

  test('a refusal is published all the same: it may become a warning', () => {
    const events = new AcceptorEvents()
    const publish = vi.spyOn(events, 'publish').mockReturnValue()
    new ExchangeRecord(events, undefined).refused(error)
    expect(publish.mock.calls).toMatchObject([[{ kind: 'exchange', outcome: 'refused', code: 'KRB_AP_ERR_SKEW' }]])
  })
})

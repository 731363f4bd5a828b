import { RejectedTokenError, helpOf } from '@s4u/krb5'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { AcceptorEvent } from './acceptor-event.js'
import { entryOf, kindToWarnOf } from './event-lines.js'
import { AcceptorEvents } from './events.js'

const accepted: AcceptorEvent = {
  kind: 'exchange',
  outcome: 'accepted',
  client: 'alice@AD.TEST',
  service: 'HTTP/web.ad.test@AD.TEST',
  mechanism: '1.2.840.48018.1.2.2',
  framing: 'spnego',
  encryptionType: 'aes256-cts-hmac-sha1-96',
  kvno: 3,
  ticketSeenBefore: true,
  impersonationLevel: 'impersonation',
  forwardedTicket: 'ignored',
  delegatedBy: ['HTTP/portal.ad.test@AD.TEST'],
  clientAddress: '192.0.2.7',
}
const refused: AcceptorEvent = {
  kind: 'exchange',
  outcome: 'refused',
  code: 'KRB_AP_ERR_SKEW',
  message: 'client clock 01:00:00 behind',
  hint: 'Synchronise the clocks.',
}

describe('an event is told', () => {
  test.each<[AcceptorEvent, string | undefined, ReturnType<typeof entryOf>]>([
    [
      accepted,
      undefined,
      {
        level: 'debug',
        text:
          'accepted alice@AD.TEST (for HTTP/web.ad.test@AD.TEST, mechanism 1.2.840.48018.1.2.2, spnego, aes256-cts-hmac-sha1-96, ' +
          'key version 3, a ticket seen before, level impersonation, a forwarded ticket was ignored, ' +
          'delegated by HTTP/portal.ad.test@AD.TEST, from 192.0.2.7)',
      },
    ],
    [
      { kind: 'exchange', outcome: 'accepted', client: 'alice@AD.TEST', source: 'form', clientAddress: '192.0.2.7' },
      undefined,
      { level: 'debug', text: 'accepted alice@AD.TEST (by form, from 192.0.2.7)' },
    ],
    [
      { ...refused, source: 'form', triedUser: 'bob, from 10.0.0.1)', clientAddress: '192.0.2.7' },
      'KRB_AP_ERR_SKEW',
      {
        level: 'warn',
        text:
          'refused a caller: KRB_AP_ERR_SKEW: client clock 01:00:00 behind ' +
          '(by form, as "bob, from 10.0.0.1)", from 192.0.2.7)',
        hint: 'Synchronise the clocks.',
      },
    ],
    [
      { kind: 'exchange', outcome: 'continue', mechanism: 'negoex' },
      undefined,
      { level: 'debug', text: 'asked a caller for another leg (mechanism negoex)' },
    ],
    [
      refused,
      'KRB_AP_ERR_SKEW',
      {
        level: 'warn',
        text: 'refused a caller: KRB_AP_ERR_SKEW: client clock 01:00:00 behind',
        hint: 'Synchronise the clocks.',
      },
    ],
    [
      { ...refused, ticketService: 'HTTP/other.ad.test@AD.TEST' },
      'KRB_AP_ERR_SKEW',
      expect.objectContaining({
        text: 'refused a caller: KRB_AP_ERR_SKEW: client clock 01:00:00 behind (the ticket says for HTTP/other.ad.test@AD.TEST)',
      }),
    ],
    [
      { kind: 'old-key-used', service: 'HTTP/web.ad.test@AD.TEST', kvno: 1, newestKvno: 2 },
      undefined,
      { level: 'info', text: 'a ticket for HTTP/web.ad.test@AD.TEST has key version 1, and the newest is 2' },
    ],
    [
      { kind: 'keytab-reloaded', source: 'web.keytab', principals: ['a', 'b'] },
      undefined,
      { level: 'info', text: 'read web.keytab again: a, b' },
    ],
    [
      { kind: 'keytab-reload-failed', source: 'web.keytab', code: 'ENOENT', message: 'it is gone' },
      'keytab-reload-failed',
      {
        level: 'error',
        text: 'could not read web.keytab again: ENOENT: it is gone',
        hint: 'The keys that were read before stay in use.',
      },
    ],
    [
      { kind: 'own-ticket-failed', code: 'KRB5_KDC_UNREACH', message: 'nobody' },
      'own-ticket-failed',
      expect.objectContaining({
        level: 'warn',
        text: 'could not learn which domain is the own one: KRB5_KDC_UNREACH: nobody',
      }),
    ],
    [
      { kind: 'replay-cache-full' },
      'replay-cache-full',
      { level: 'error', text: 'the replay memory is full: tokens are refused until some have expired' },
    ],
    [
      { kind: 'replay-store-down', accepted: false, message: 'closed' },
      'replay-store-down',
      { level: 'error', text: 'the replay store does not answer: closed; a token was refused' },
    ],
    [
      { kind: 'replay-store-down', accepted: true, message: 'closed' },
      'replay-store-down',
      { level: 'error', text: 'the replay store does not answer: closed; a token was accepted without it' },
    ],
    [
      {
        kind: 'notice',
        level: 'warn',
        code: 'S4U_KEYTAB_RECORD',
        message: 'a record was left out',
        hint: 'Export it.',
      },
      'S4U_KEYTAB_RECORD',
      { level: 'warn', text: 'S4U_KEYTAB_RECORD: a record was left out', hint: 'Export it.' },
    ],
    [
      { kind: 'notice', level: 'info', code: 'S4U_X', message: 'x' },
      undefined,
      { level: 'info', text: 'S4U_X: x', hint: undefined },
    ],
  ])('%o', (event, kind, entry) => {
    expect(kindToWarnOf(event)).toBe(kind)
    const { help, ...told } = entryOf(event)
    expect(told).toEqual(entry)
    if (event.kind === 'exchange' && event.code !== undefined) expect(help).toBe(helpOf(event.code))
  })
})

describe('the events of an acceptor', () => {
  const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  afterEach(() => emit.mockClear())

  test('are warnings of the process where nobody reads, the first of a kind, whoever listens', () => {
    const error = new RejectedTokenError('no', { code: 'KRB_AP_ERR_SKEW' })
    const events = new AcceptorEvents({ onEvent: () => {} })
    for (const _ of [1, 2, 3]) events.publish({ ...refused, error })
    events.publish(accepted)
    expect(emit).toHaveBeenCalledTimes(1)
    expect(emit).toHaveBeenCalledWith(
      expect.stringMatching(
        /^refused a caller: KRB_AP_ERR_SKEW: client clock 01:00:00 behind\n {4}Synchronise the clocks\.\n {4}https:\S+error-codes\.md#krb_ap_err_skew\n {4}Told once/,
      ),
      { type: 'S4uWarning', code: 'S4U_REFUSED' },
    )
  })

  test('are lines of the logger where there is one, which makes those of routine wanted', () => {
    const said: string[] = []
    const say = (text: string): void => void said.push(text)
    const events = new AcceptorEvents({ logger: { debug: say, info: say, warn: say, error: say } })
    expect([events.wanted, new AcceptorEvents().wanted]).toEqual([true, false])
    events.publish(accepted)
    events.publish(refused)
    events.publish(refused)
    expect(said).toEqual([
      expect.stringMatching(/^accepted alice@AD\.TEST /),
      ...Array<string>(2).fill(
        'refused a caller: KRB_AP_ERR_SKEW: client clock 01:00:00 behind\n    Synchronise the clocks.',
      ),
    ])
    expect(emit).not.toHaveBeenCalled()
  })
})

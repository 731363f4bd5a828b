import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test, vi } from 'vitest'
import { ACCEPT_CHANNEL, AcceptorEvents } from './events.js'
import type { AcceptorEvent } from './events.js'
import { issue, keyOf, oddToken, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'

const facts = {
  kind: 'exchange',
  mechanism: '1.2.840.113554.1.2.2',
  framing: 'spnego',
  clientAddress: '10.0.0.1',
  ticketService: 'HTTP/web.ad.test@AD.TEST',
  encryptionType: 'aes256-cts-hmac-sha1-96',
  kvno: 1,
}
const request = { clientAddress: '10.0.0.1' }

describe('the record of an exchange', () => {
  test('says who came, by which ticket, and how far it may go', async () => {
    const events: AcceptorEvent[] = []
    const acceptor = acceptorWith({ onEvent: (event) => events.push(event) })
    const credential = issue()
    accepted(await acceptor.accept(tokenOf(credential), request))
    accepted(await acceptor.accept(tokenOf(credential), request))
    const expected = {
      ...facts,
      outcome: 'accepted',
      client: 'alice@AD.TEST',
      clientSid: 'S-1-5-21-1-2-3-1104',
      service: 'HTTP/web.ad.test@AD.TEST',
      sessionEncryptionType: 'aes256-cts-hmac-sha1-96',
      ticketSeenBefore: false,
      impersonationLevel: 'delegation',
      delegatedBy: [],
    }
    expect(events).toEqual([expected, { ...expected, ticketSeenBefore: true }])
  })

  test('says why somebody was refused', async () => {
    const events: AcceptorEvent[] = []
    const acceptor = acceptorWith({ onEvent: (event) => events.push(event) })
    refused(await acceptor.accept(tokenOf(issue({ key: keyOf(5) })), request))
    refused(await acceptor.accept(oddToken(issue(), { authenticator: { crealm: 'X' } })))
    refused(await acceptor.accept(Uint8Array.of(1)))
    expect(events[0]).toMatchObject({ ...facts, outcome: 'refused', code: 'KRB_AP_ERR_BAD_INTEGRITY' })
    expect(events[1]).toMatchObject({ outcome: 'refused', code: 'KRB_AP_ERR_BADMATCH', client: 'alice@AD.TEST' })
    expect(events[2]).toMatchObject({ outcome: 'refused', code: 'GSS_S_DEFECTIVE_TOKEN' })
    expect(events).toHaveLength(3)
  })

  test('appears on the diagnostics channel', async () => {
    const messages: unknown[] = []
    const listener = (message: unknown) => void messages.push(message)
    subscribe(ACCEPT_CHANNEL, listener)
    try {
      accepted(await acceptorWith().accept(tokenOf(issue())))
    } finally {
      unsubscribe(ACCEPT_CHANNEL, listener)
    }
    expect(messages).toMatchObject([{ kind: 'exchange', outcome: 'accepted' }])
  })

  test('holds no secret', async () => {
    const events: AcceptorEvent[] = []
    const acceptor = acceptorWith({ onEvent: (event) => events.push(event) })
    const credential = issue()
    await acceptor.accept(tokenOf(credential))
    await acceptor.accept(tokenOf(issue({ key: keyOf(5) })))
    for (const event of events) {
      for (const value of Object.values(event)) expect(value).not.toBeInstanceOf(Uint8Array)
    }
    const printed = JSON.stringify(events)
    for (const secret of [credential.sessionKey.exposeSecretBytes(), credential.ticket.encPart.cipher]) {
      for (const form of ['hex', 'base64'] as const)
        expect(printed).not.toContain(Buffer.from(secret).toString(form).slice(0, 16))
    }
  })
})

test('a listener that throws changes nothing for the caller, and its fault comes to light', () => {
  const nextTick = vi.spyOn(process, 'nextTick').mockImplementation(() => {})
  try {
    const events = new AcceptorEvents({
      onEvent: () => {
        throw new Error('a bug in the listener')
      },
    })
    expect(() => events.publish({ kind: 'keytab-reloaded', source: 'web.keytab', principals: [] })).not.toThrow()
    expect(nextTick).toHaveBeenCalledTimes(1)
    expect(() => nextTick.mock.calls[0][0]()).toThrow('a bug in the listener')
  } finally {
    nextTick.mockRestore()
  }
})

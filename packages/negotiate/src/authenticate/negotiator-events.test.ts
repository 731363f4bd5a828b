import { ACCEPT_CHANNEL, type AcceptorEvent } from '@s4u/acceptor'
import { RejectedTokenError } from '@s4u/kdc-client'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, test } from 'vitest'
import { NegotiatorEvents } from './negotiator-events.js'
import { callerWith } from '../fixtures/identities.js'
import { requestWith } from '../fixtures/requests.js'

const request = requestWith()
const error = new RejectedTokenError('no', { code: 'GSS_S_NO_CONTEXT', hint: 'Look.' })
const failed = { request, error, code: error.code, statusCode: 401 } as const

test('what happens is told and counted, failures by reason', () => {
  const told: unknown[] = []
  const events = new NegotiatorEvents({
    onChallenge: (event) => void told.push(event),
    onAuthenticated: (event) => void told.push(event),
    onFailed: (event) => void told.push(event),
  })
  const happened = [
    { request, reason: 'no-token' },
    { request, identity: callerWith(), by: 'session' },
  ] as const
  events.challenged(happened[0])
  events.authenticated(happened[1])
  events.failed(failed)
  events.failed(failed)
  expect(told).toEqual([...happened, failed, failed])
  expect(events.counters).toEqual({
    challenged: 1,
    authenticated: { token: 0, session: 1, connection: 0, 'sign-in': 0 },
    signIn: {},
    ntlm: { byReason: {}, byUserAgent: {} },
    failed: { GSS_S_NO_CONTEXT: 2 },
  })
})

test('a refusal that the acceptor has not seen appears where its own do', () => {
  const published: unknown[] = []
  const listened: AcceptorEvent[] = []
  const listen = (event: unknown): void => void published.push(event)
  subscribe(ACCEPT_CHANNEL, listen)
  const events = new NegotiatorEvents({ onEvent: (event) => void listened.push(event) })
  events.refusedUnseen({ ...failed, clientAddress: '192.0.2.7' })
  events.failed(failed)
  unsubscribe(ACCEPT_CHANNEL, listen)
  const exchange = { kind: 'exchange', outcome: 'refused', code: 'GSS_S_NO_CONTEXT', message: 'no', hint: 'Look.' }
  expect(published).toEqual([expect.objectContaining({ ...exchange, clientAddress: '192.0.2.7' })])
  expect(listened).toEqual(published)
})

test('a fault of a listener surfaces, and changes nothing', async () => {
  const fault = new Error('the log is full')
  const events = new NegotiatorEvents({
    onFailed: () => {
      throw fault
    },
  })
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  const surfaced = new Promise((resolve) => process.once('uncaughtException', resolve))
  events.failed(failed)
  expect(await surfaced).toBe(fault)
  for (const listener of listeners) process.on('uncaughtException', listener)
  expect(events.counters.failed).toEqual({ GSS_S_NO_CONTEXT: 1 })
})

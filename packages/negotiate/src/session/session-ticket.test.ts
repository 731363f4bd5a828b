import { Identity } from '@s4u/acceptor'
import { encode, Ticket } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { claimsWith, EVIDENCE, NOW, TICKET } from '../fixtures/identities.js'
import { decodeSessionTicket, encodeSessionTicket, restoredIdentity, sessionTicketOf } from './session-ticket.js'

const identity = new Identity(claimsWith())
const BEGUN = { id: 'an-id', startedAt: NOW - 1_000, expiresAt: NOW }

test('a session is the ticket and what cannot be read from it, and comes back as it was', () => {
  const session = sessionTicketOf(identity, BEGUN)!
  expect(session).toEqual({
    principal: 'alice@AD.TEST',
    method: 'kerberos',
    level: 'delegation',
    origin: 'presented',
    ...BEGUN,
    ticket: TICKET,
  })
  expect(decodeSessionTicket(encodeSessionTicket(session))).toEqual(session)
})

test('an identity without a ticket makes no session', () => {
  expect(sessionTicketOf(new Identity(claimsWith({ evidence: undefined })), BEGUN)).toBeUndefined()
  expect(sessionTicketOf(new Identity(claimsWith({ evidence: { kind: 'asserted' } as never })), BEGUN)).toBeUndefined()
})

describe('octets that are no session', () => {
  const octets = encodeSessionTicket(sessionTicketOf(identity, BEGUN)!)
  const withJson = (json: string): Uint8Array => {
    const text = new TextEncoder().encode(json)
    return Uint8Array.from([2, 0, text.length, ...text, ...encode(Ticket, TICKET)])
  }

  const FACTS = { ...BEGUN, principal: 'a', method: 'b', origin: 'presented', level: 'delegation' }

  test('are told from such as are one', () => {
    expect(decodeSessionTicket(withJson(JSON.stringify(FACTS)))).toMatchObject(FACTS)
  })

  test.each<readonly [string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['another version', Uint8Array.from([1, ...octets.subarray(1)])],
    ['half of it', octets.subarray(0, octets.length >> 1)],
    ['no JSON', withJson('{')],
    ['JSON of something else', withJson('[]')],
    ['null', withJson('null')],
    [
      'a level that is none',
      withJson(
        '{"id":"i","principal":"a","method":"b","startedAt":1,"expiresAt":1,"origin":"presented","level":"god"}',
      ),
    ],
    ...['id', 'principal', 'method', 'startedAt', 'expiresAt', 'origin', 'level'].map(
      (missing) => [`no ${missing}`, withJson(JSON.stringify({ ...FACTS, [missing]: undefined }))] as const,
    ),
  ])('%s', (_what, wrong) => expect(decodeSessionTicket(wrong)).toBeUndefined())
})

describe('a restored identity', () => {
  const own = new Identity(
    claimsWith({ authenticationMethod: 'asserted', evidence: { ...EVIDENCE, origin: 's4u2self' } }),
  )
  const session = sessionTicketOf(identity, BEGUN)!

  test('has the method, the level and the origin of the evidence that it had', () => {
    const restored = restoredIdentity(own, { ...session, level: 'identification' })
    expect(restored).toMatchObject({ authenticationMethod: 'kerberos', impersonationLevel: 'identification' })
    expect(restored.evidence).toMatchObject({ origin: 'presented', forwardable: true })
  })

  test('can do no more than its ticket, when a forwarded TGT had made it capable of more', () => {
    const stiff = new Identity(claimsWith({ evidence: { ...EVIDENCE, forwardable: false } }))
    expect(restoredIdentity(stiff, session).impersonationLevel).toBe('impersonation')
  })

  test('has groups that nobody knows where nobody knew them, and none where an option said so', () => {
    const why = 'the domain is not known'
    expect(restoredIdentity(new Identity(claimsWith({ groupsUnknown: why })), session).groupsUnknown).toBe(why)
    expect(restoredIdentity(new Identity(claimsWith()), session).groupsUnknown).toContain('no PAC')
    expect(restoredIdentity(new Identity(claimsWith({ groupsUnknown: false })), session).groupsUnknown).toBeUndefined()
  })
})

describe('what was written of a session', () => {
  const facts = { ...BEGUN, principal: 'a', method: 'b', origin: 'presented', level: 'delegation' }
  const octetsOf = (json: string, ticket = encode(Ticket, TICKET)): Uint8Array => {
    const text = new TextEncoder().encode(json)
    return Uint8Array.from([2, text.length >> 8, text.length & 0xff, ...text, ...ticket])
  }
  const read = (changes: object) => decodeSessionTicket(octetsOf(JSON.stringify({ ...facts, ...changes })))

  test.each([
    ...['anonymous', 'identification', 'impersonation', 'delegation'].map((level) => ({ level })),
    ...['presented', 's4u2self'].map((origin) => ({ origin })),
  ])('is read with %j', (changes) => expect(read(changes)).toMatchObject(changes))

  test.each([
    { id: 1 },
    { principal: 1 },
    { method: 1 },
    { level: 1 },
    { level: ['delegation'] },
    { level: '' },
    { origin: 'forwarded' },
    { origin: '' },
    { startedAt: '1' },
    { expiresAt: '1' },
  ])('is not read with %j', (changes) => expect(read(changes)).toBeUndefined())

  test.each(['7', '"text"', 'true', 'null', '[]', '', '{'])('is not read out of %j', (json) => {
    expect(decodeSessionTicket(octetsOf(json))).toBeUndefined()
  })

  test('is not read where it is cut', () => {
    const whole = octetsOf(JSON.stringify(facts))
    // Each in a memory of its own, where nothing follows that could be read.
    for (let length = 0; length < whole.length; length++)
      expect(decodeSessionTicket(whole.slice(0, length))).toBeUndefined()
  })

  test('is read of a piece of more octets, and may be long', () => {
    const principal = 'a'.repeat(300)
    const whole = octetsOf(JSON.stringify({ ...facts, principal }))
    const within = Uint8Array.from([9, 9, 9, ...whole]).subarray(3)
    expect(decodeSessionTicket(within)).toMatchObject({ principal, ticket: TICKET })
  })
})

test('an identity without a ticket is restored as it is', () => {
  const session = sessionTicketOf(identity, BEGUN)!
  for (const evidence of [undefined, { kind: 'asserted' } as never]) {
    const without = new Identity(claimsWith({ evidence, authenticationMethod: 'basic' }))
    expect(restoredIdentity(without, session)).toBe(without)
  }
})

test('a level below delegation is restored as it was, also for a ticket that is not forwardable', () => {
  const session = sessionTicketOf(identity, BEGUN)!
  for (const forwardable of [true, false]) {
    const own = new Identity(claimsWith({ evidence: { ...EVIDENCE, forwardable } }))
    for (const level of ['identification', 'anonymous', 'impersonation'] as const)
      expect(restoredIdentity(own, { ...session, level }).impersonationLevel).toBe(level)
  }
  expect(restoredIdentity(identity, session)).toMatchObject({
    ...{ principal: 'alice@AD.TEST', name: 'alice', realm: 'AD.TEST', expiresAt: identity.expiresAt },
    impersonationLevel: 'delegation',
  })
})

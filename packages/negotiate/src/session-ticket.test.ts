import { Identity } from '@s4u/acceptor'
import { describe, expect, test } from 'vitest'
import { claimsWith, EVIDENCE, NOW, TICKET } from './fixtures/identities.js'
import { decodeSessionTicket, encodeSessionTicket, restoredIdentity, sessionTicketOf } from './session-ticket.js'

const identity = new Identity(claimsWith())

test('a session is the ticket and what cannot be read from it, and comes back as it was', () => {
  const session = sessionTicketOf(identity, NOW)!
  expect(session).toEqual({
    principal: 'alice@AD.TEST',
    method: 'kerberos',
    level: 'delegation',
    origin: 'presented',
    expiresAt: NOW,
    ticket: TICKET,
  })
  expect(decodeSessionTicket(encodeSessionTicket(session))).toEqual(session)
})

test('an identity without a ticket makes no session', () => {
  expect(sessionTicketOf(new Identity(claimsWith({ evidence: undefined })), NOW)).toBeUndefined()
  expect(sessionTicketOf(new Identity(claimsWith({ evidence: { kind: 'asserted' } })), NOW)).toBeUndefined()
})

describe('octets that are no session', () => {
  const octets = encodeSessionTicket(sessionTicketOf(identity, NOW)!)
  const withJson = (json: string): Uint8Array => {
    const text = new TextEncoder().encode(json)
    return Uint8Array.from([1, 0, text.length, ...text, ...octets.subarray(octets.length - 400)])
  }

  test.each([
    ['nothing', new Uint8Array(0)],
    ['another version', Uint8Array.from([2, ...octets.subarray(1)])],
    ['half of it', octets.subarray(0, octets.length >> 1)],
    ['no JSON', withJson('{')],
    ['JSON of something else', withJson('[]')],
    ['null', withJson('null')],
    [
      'a level that is none',
      withJson('{"principal":"a","method":"b","expiresAt":1,"origin":"presented","level":"god"}'),
    ],
  ])('%s', (_what, wrong) => expect(decodeSessionTicket(wrong)).toBeUndefined())
})

describe('a restored identity', () => {
  const own = new Identity(
    claimsWith({ authenticationMethod: 'asserted', evidence: { ...EVIDENCE, origin: 's4u2self' } }),
  )
  const session = sessionTicketOf(identity, NOW)!

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

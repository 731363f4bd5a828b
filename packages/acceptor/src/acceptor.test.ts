import { createInitiator } from '@s4u/gssapi'
import { describe, expect, test } from 'vitest'
import type { Accepted, AcceptOutcome, Refused } from './accept-outcome.js'
import { createAcceptor } from './acceptor.js'
import type { AcceptorOptions } from './acceptor-options.js'
import { DOMAIN_SID, HOUR, issue, keytabOf, NOW, tokenOf } from './fixtures/issued-token.js'

const acceptorWith = (options: AcceptorOptions = {}) => createAcceptor({ keytab: keytabOf(), now: () => NOW, ...options })

function accepted(outcome: AcceptOutcome): Accepted {
  if (outcome.status === 'refused') throw outcome.error
  if (outcome.status !== 'accepted') throw new Error(outcome.status)
  return outcome
}

function refused(outcome: AcceptOutcome): Refused {
  if (outcome.status !== 'refused') throw new Error(`was not refused but ${outcome.status}`)
  return outcome
}

describe('a good token', () => {
  test.each(['spnego', 'krb5'] as const)('framed as %s is accepted, and the client accepts the answer', async (framing) => {
    const initiator = createInitiator({ ticket: issue(), now: NOW, framing })
    const { identity, reply, context } = accepted(await acceptorWith().accept(initiator.token))
    expect(identity).toMatchObject({
      principal: 'alice@AD.TEST',
      name: 'alice',
      realm: 'AD.TEST',
      authenticationMethod: 'kerberos',
      impersonationLevel: 'delegation',
      expiresAt: NOW + 9 * HOUR,
      sid: `${DOMAIN_SID}-1104`,
      upn: 'alice@ad.test',
      groups: [`${DOMAIN_SID}-513`, `${DOMAIN_SID}-1110`, `${DOMAIN_SID}-1111`, 'S-1-18-1'],
      delegatedBy: [],
      assertedBy: 'authority',
    })
    const step = initiator.step(reply)
    expect(step.status).toBe('established')
    if (step.status !== 'established') return
    const message = new TextEncoder().encode('hello')
    expect(context.unwrap(step.context.wrap(message))).toEqual(message)
    expect(step.context.unwrap(context.wrap(message))).toEqual(message)
  })

  test('is refused when it comes again', async () => {
    const acceptor = acceptorWith()
    const token = tokenOf(issue())
    accepted(await acceptor.accept(token))
    expect(refused(await acceptor.accept(token)).error.code).toBe('KRB_AP_ERR_REPEAT')
  })
})

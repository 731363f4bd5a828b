/**
 * What is made of refusals that are about evidence: vouched tickets that may not be forwarded, and
 * presented ones that are not taken.
 */

import { kerberosFlags, Key, KRB_ERROR_CODES, type KrbErrorName, parsePrincipal, TicketFlag } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import { DelegationRefusedError, KdcError, type RefusalReason } from '../errors/kdc-errors.js'
import { kdcAnswer } from '../errors/kdc-answer.js'
import type { DelegationInputs } from './delegation-plan.js'
import type { EvidenceFindings } from './evidence-inspection.js'
import { type DelegatingClient, followPlan } from './follow-plan.js'
import { evidenceFromS4u2self, type EvidenceTicket, type ServiceTicket } from '../tickets/service-ticket.js'

const NOW = 1_000
const SPN = 'HTTP/api.ad.test'
const alice = 'alice@AD.TEST'
const sessionKey = Key.random(18)
const FORWARDABLE = kerberosFlags(TicketFlag.FORWARDABLE)
const NOT_FORWARDABLE = kerberosFlags()

function ticketOf(octet: number, flags = FORWARDABLE): ServiceTicket {
  const { name, realm } = parsePrincipal('HTTP/web.ad.test', { realm: 'AD.TEST' })
  const ticket = { realm, sname: name, encPart: { etype: 18, cipher: new Uint8Array(8).fill(octet) } }
  const client = parsePrincipal(alice)
  const times = { authenticatedAt: 0, startsAt: 0, expiresAt: NOW + 1 }
  return { client, service: { name, realm }, ticket, sessionKey, flags, ...times }
}

const granted = ticketOf(99)
const presented = { ...evidenceFromS4u2self(ticketOf(2)), origin: 'presented' } as const

function answerOf(code: KrbErrorName) {
  const sname = { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }
  const error = { stime: 0, susec: 0, errorCode: KRB_ERROR_CODES[code], realm: 'AD.TEST', sname }
  return kdcAnswer('S4U2Proxy', 'web@AD.TEST', SPN, error, alice)
}

const refusedFor = (reason: RefusalReason, attributes: readonly string[] = ['this']) =>
  new DelegationRefusedError(
    answerOf('KDC_ERR_BADOPTION'),
    reason,
    `not ${reason}`,
    attributes.map((attribute) => ({ attribute })),
  )

function clientWith(s4u2proxy: (evidence: EvidenceTicket) => void, vouched: readonly ServiceTicket[]) {
  const waiting = [...vouched]
  const client = {
    realm: 'AD.TEST',
    s4u2self: vi.fn(async (_user: unknown, _options?: { fresh?: boolean }) => waiting.shift() ?? ticketOf(7)),
    s4u2proxy: vi.fn(async (evidence: EvidenceTicket) => {
      s4u2proxy(evidence)
      return granted
    }),
  }
  const go = (inputs: Partial<DelegationInputs>, findings: EvidenceFindings = {}) =>
    followPlan(client as unknown as DelegatingClient, {
      inputs: { user: alice, protocolTransition: true, ...inputs },
      ...{ spn: SPN, options: {}, now: NOW },
      inspect: async () => findings,
    })
  return { ...client, go }
}

describe('a ticket by which the service vouches, and which may not be forwarded', () => {
  const refusing = (reason: RefusalReason, second: ServiceTicket) =>
    clientWith(
      ({ forwardable }) => {
        if (!forwardable) throw refusedFor(reason)
      },
      [ticketOf(1, NOT_FORWARDABLE), second],
    )

  test.each(['protocol-transition-not-allowed', 'user-not-delegable', 'service-not-delegable'] as const)(
    'is got anew, since the directory may allow it by now (%s)',
    async (reason) => {
      const client = refusing(reason, ticketOf(3))
      expect(await client.go({})).toEqual({ method: 's4u2self', way: 's4u2self', ticket: granted })
      expect(client.s4u2self.mock.calls.map(([, options]) => options?.fresh)).toEqual([false, true])
    },
  )

  test('is got anew as well where it is one of an earlier sign-in', async () => {
    const client = refusing('protocol-transition-not-allowed', ticketOf(3))
    const evidence = evidenceFromS4u2self(ticketOf(5, NOT_FORWARDABLE))
    expect((await client.go({ evidence })).ticket).toBe(granted)
    expect(client.s4u2proxy.mock.calls.map(([shown]) => shown.ticket.encPart.cipher[0])).toEqual([5, 3])
  })

  test('is not shown again when the new one is no better', async () => {
    const client = refusing('protocol-transition-not-allowed', ticketOf(3, NOT_FORWARDABLE))
    await expect(client.go({})).rejects.toMatchObject({ reason: 'protocol-transition-not-allowed' })
    expect(client.s4u2self).toHaveBeenCalledTimes(2)
    expect(client.s4u2proxy).toHaveBeenCalledTimes(1)
  })

  test.each(['target-not-allowed', 'refused-by-policy', 'target-unknown'] as const)(
    'is not got anew where that is not the matter (%s)',
    async (reason) => {
      const client = refusing(reason, ticketOf(3))
      await expect(client.go({})).rejects.toMatchObject({ reason })
      expect(client.s4u2self).toHaveBeenCalledTimes(1)
    },
  )

  test('is not got anew where the app does not permit itself to vouch', async () => {
    const client = refusing('protocol-transition-not-allowed', ticketOf(3))
    const evidence = evidenceFromS4u2self(ticketOf(5, NOT_FORWARDABLE))
    const followed = client.go({ evidence, protocolTransition: false })
    await expect(followed).rejects.toMatchObject({ reason: 'protocol-transition-not-allowed' })
    expect(client.s4u2self).not.toHaveBeenCalled()
  })
})

describe('a presented ticket that the KDC refuses', () => {
  const refusing = (reason: RefusalReason, last?: Error) =>
    clientWith(({ origin }) => {
      if (origin === 'presented') throw refusedFor(reason)
      if (last) throw last
    }, [])

  test('is replaced by a vouched one where it has no PAC, as those of Heimdal, which takes no others', async () => {
    const client = refusing('target-not-allowed')
    const got = await client.go({ evidence: presented }, { hasPac: false })
    expect(got).toEqual({ method: 's4u2self', way: 's4u2self', ticket: granted })
  })

  test.each([{ hasPac: true }, {}])('is not, where it has one, or that is not known (%j)', async (sight) => {
    const followed = refusing('target-not-allowed').go({ evidence: presented }, sight)
    await expect(followed).rejects.toMatchObject({ reason: 'target-not-allowed' })
  })

  test('is not, of a member of Protected Users, whatever the KDC would say to a vouched one', async () => {
    const client = refusing('evidence-not-forwardable')
    const sight = { hasPac: true, user: { isSensitive: false, isProtected: true } }
    const followed = client.go({ evidence: { ...presented, forwardable: false } }, sight)
    await expect(followed).rejects.toMatchObject({ reason: 'evidence-not-forwardable' })
    expect(client.s4u2self).not.toHaveBeenCalled()
  })

  test('is replaced for a sensitive user, of whom the directory may think otherwise by now', async () => {
    const client = refusing('evidence-not-forwardable')
    const sight = { hasPac: true, user: { isSensitive: true, isProtected: false } }
    expect((await client.go({ evidence: presented }, sight)).method).toBe('s4u2self')
  })

  test('is told of beside the refusal of the way round', async () => {
    const last = refusedFor('protocol-transition-not-allowed', ['this', 'that'])
    const client = refusing('evidence-not-forwardable', last)
    await expect(client.go({ evidence: presented })).rejects.toMatchObject({
      reason: 'protocol-transition-not-allowed',
      sentence: 'not protocol-transition-not-allowed; and not evidence-not-forwardable',
      settings: [{ attribute: 'this' }, { attribute: 'that' }],
      cause: { reason: 'evidence-not-forwardable' },
    })
    // It may be one that is remembered, and told to others.
    expect(last.cause).toBeUndefined()
  })

  test('is told of beside an answer that is about the account', async () => {
    const client = refusing('no-pac', new KdcError(answerOf('KDC_ERR_KEY_EXPIRED'), {}, [{ attribute: 'change it' }]))
    await expect(client.go({ evidence: presented })).rejects.toMatchObject({
      ...{ name: 'KdcError', code: 'KDC_ERR_KEY_EXPIRED', hint: 'change it\nthis' },
      cause: { reason: 'no-pac' },
    })
  })
})

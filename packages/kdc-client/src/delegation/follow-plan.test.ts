import { kerberosFlags, Key, KRB_ERROR_CODES, type KrbErrorName, parsePrincipal, TicketFlag } from '@s4u/krb5'
import { describe, expect, test, vi } from 'vitest'
import { DelegationRefusedError, KdcError, type RefusalReason } from '../errors/kdc-errors.js'
import { kdcAnswer } from '../errors/kdc-answer.js'
import type { DelegationInputs } from './delegation-plan.js'
import type { EvidenceFindings } from './evidence-inspection.js'
import { type DelegatingClient, followPlan } from './follow-plan.js'
import { evidenceFromS4u2self, type ServiceTicket } from '../tickets/service-ticket.js'

const NOW = 1_000
const SPN = 'HTTP/api.ad.test'
const key = Key.random(18)

function ticketOf(user: string, octet = 0, service = 'HTTP/web.ad.test'): ServiceTicket {
  const { name, realm } = parsePrincipal(service, { realm: 'AD.TEST' })
  const ticket = { realm, sname: name, encPart: { etype: 18, cipher: new Uint8Array(8).fill(octet) } }
  const times = { authenticatedAt: 0, startsAt: 0, expiresAt: NOW + 1 }
  const client = parsePrincipal(user, { realm: 'AD.TEST' })
  return {
    ...{ client, service: { name, realm }, ticket, sessionKey: key },
    ...{ flags: kerberosFlags(TicketFlag.FORWARDABLE), ...times },
  }
}

function answerOf(code: KrbErrorName) {
  const sname = { nameType: 2, nameString: ['krbtgt', 'AD.TEST'] }
  const error = { stime: 0, susec: 0, errorCode: KRB_ERROR_CODES[code], realm: 'AD.TEST', sname }
  return kdcAnswer('S4U2Proxy', 'web@AD.TEST', SPN, error, 'alice@AD.TEST')
}

const refusedFor = (reason: RefusalReason) =>
  new DelegationRefusedError(answerOf('KDC_ERR_BADOPTION'), reason, 'no', [])
const errorOf = (code: KrbErrorName) => new KdcError(answerOf(code))
const granted = ticketOf('alice', 99, SPN)

/** A client of which it is seen what it is asked for. What is not given is granted. */
function clientWith(given: Partial<Pick<DelegatingClient, 's4u2self' | 's4u2proxy' | 'ticketWith'>> = {}) {
  const client = {
    realm: 'AD.TEST',
    s4u2self: vi.fn(given.s4u2self ?? (async () => ticketOf('alice', 1))),
    s4u2proxy: vi.fn(given.s4u2proxy ?? (async () => granted)),
    ticketWith: vi.fn(given.ticketWith ?? (async () => granted)),
  }
  return {
    ...client,
    follow: (inputs: DelegationInputs, findings: EvidenceFindings = {}) =>
      followPlan(client as unknown as DelegatingClient, {
        ...{ inputs, spn: SPN, options: OPTIONS, now: NOW },
        inspect: async () => findings,
      }),
  }
}

const OPTIONS = { signal: new AbortController().signal, maxAge: 5 }
const alice = 'alice@AD.TEST'
const presented = { ...evidenceFromS4u2self(ticketOf('alice', 2)), origin: 'presented' } as const
const vouched = evidenceFromS4u2self(ticketOf('alice', 3))
const forwardedTgt = ticketOf('alice', 4, 'krbtgt/AD.TEST')

describe('who came from another realm', () => {
  const oscar = 'oscar@PARTNER.TEST'
  const evidence = { ...evidenceFromS4u2self(ticketOf(oscar, 5)), origin: 'presented', forwardable: false } as const
  const clientFor = (user: string) =>
    clientWith({
      s4u2self: async () => ticketOf(user, 6),
      s4u2proxy: async ({ ticket }) => {
        if (ticket === evidence.ticket) throw refusedFor('evidence-not-forwardable')
        return granted
      },
    })

  test('is not the account of the own realm that has the name as its user principal name', async () => {
    const client = clientFor('mallory@AD.TEST')
    await expect(client.follow({ user: oscar, evidence, protocolTransition: true })).rejects.toMatchObject({
      code: 'KRB_AP_ERR_BADMATCH',
      message: 'the ticket by which the KDC vouches is that of mallory@AD.TEST, and not of oscar@PARTNER.TEST',
    })
    expect(client.s4u2proxy).toHaveBeenCalledOnce()
  })

  test('is vouched for as who it is', async () => {
    const got = await clientFor(oscar).follow({ user: oscar, evidence, protocolTransition: true })
    expect(got).toEqual({ method: 's4u2self', way: 's4u2self', ticket: granted })
  })
})

describe('what is at hand', () => {
  test('of a forwarded ticket is used as it is', async () => {
    const client = clientWith()
    const got = await client.follow({ user: alice, forwardedTgt, evidence: presented, protocolTransition: true })
    expect(got).toEqual({ method: 'forwarded-tgt', way: 'forwarded-tgt', ticket: granted })
    expect(client.ticketWith.mock.calls).toEqual([[forwardedTgt, SPN, OPTIONS]])
    expect(client.s4u2proxy).not.toHaveBeenCalled()
    expect(client.s4u2self).not.toHaveBeenCalled()
  })

  test('of a forwarded ticket that has ended is left alone', async () => {
    const client = clientWith()
    const ended = { ...forwardedTgt, expiresAt: NOW }
    const got = await client.follow({ user: alice, forwardedTgt: ended, evidence: presented })
    expect(got).toEqual({ method: 's4u2proxy', way: 's4u2proxy', ticket: granted })
    expect(client.ticketWith).not.toHaveBeenCalled()
  })

  test.each([
    ['s4u2proxy', presented],
    ['resource-based', { ...presented, forwardable: false }],
  ])('of a presented ticket is shown to the KDC (%s)', async (method, evidence) => {
    const client = clientWith()
    expect(await client.follow({ user: alice, evidence })).toEqual({ method, way: method, ticket: granted })
    expect(client.s4u2proxy.mock.calls).toEqual([[evidence, SPN, OPTIONS]])
    expect(client.s4u2self).not.toHaveBeenCalled()
  })

  test('of an earlier vouching is used before the service vouches again', async () => {
    const client = clientWith()
    const got = await client.follow({ user: alice, evidence: vouched, protocolTransition: true })
    expect(got).toEqual({ method: 's4u2self', way: 's4u2self', ticket: granted })
    expect(client.s4u2proxy.mock.calls).toEqual([[vouched, SPN, OPTIONS]])
    expect(client.s4u2self).not.toHaveBeenCalled()
  })

  test.each([
    ['has ended', { ...vouched, expiresAt: NOW }],
    ['was not there', undefined],
  ])('of an earlier vouching that %s: the service vouches, for the user by name', async (_what, evidence) => {
    const client = clientWith()
    await client.follow({ user: alice, evidence, protocolTransition: true })
    expect(client.s4u2self.mock.calls).toEqual([[alice, { signal: OPTIONS.signal, fresh: false }]])
    expect(client.s4u2proxy.mock.calls).toEqual([[evidenceFromS4u2self(ticketOf('alice', 1)), SPN, OPTIONS]])
  })

  test('of a certificate is shown instead of the name', async () => {
    const client = clientWith()
    const certificate = Uint8Array.of(1)
    await client.follow({ user: alice, certificate, protocolTransition: true })
    expect(client.s4u2self.mock.calls).toEqual([[{ certificate }, { signal: OPTIONS.signal, fresh: false }]])
  })
})

describe('a ticket by which the service vouches, and which the KDC cannot use', () => {
  const unusable = async () => {
    throw refusedFor('evidence-unusable')
  }

  test('makes it vouch again, with what it has got before, and then anew', async () => {
    let octet = 10
    const client = clientWith({ s4u2proxy: unusable, s4u2self: async () => ticketOf('alice', octet++) })
    const followed = client.follow({ user: alice, evidence: vouched, protocolTransition: true })
    await expect(followed).rejects.toMatchObject({ reason: 'evidence-unusable' })
    expect(client.s4u2self.mock.calls.map(([, options]) => options)).toEqual([
      { signal: OPTIONS.signal, fresh: false },
      { signal: OPTIONS.signal, fresh: true },
    ])
    expect(client.s4u2proxy.mock.calls.map(([{ ticket }]) => ticket.encPart.cipher[0])).toEqual([3, 10, 11])
  })

  test('is not shown twice', async () => {
    const kept = ticketOf('alice', 3)
    const evidence = evidenceFromS4u2self(kept)
    const s4u2self = async (_user: unknown, options?: { fresh?: boolean }) =>
      options?.fresh ? ticketOf('alice', 5) : kept
    const client = clientWith({ s4u2proxy: unusable, s4u2self })
    await client.follow({ user: alice, evidence, protocolTransition: true }).catch(() => {})
    expect(client.s4u2proxy.mock.calls.map(([{ ticket }]) => ticket.encPart.cipher[0])).toEqual([3, 5])
  })

  test('ends it where the service may not vouch', async () => {
    const client = clientWith({ s4u2proxy: unusable })
    await expect(client.follow({ user: alice, evidence: vouched })).rejects.toMatchObject({
      reason: 'evidence-unusable',
    })
    expect(client.s4u2self).not.toHaveBeenCalled()
  })

  test('for another reason than that ends it', async () => {
    const client = clientWith({
      s4u2proxy: async () => {
        throw refusedFor('target-not-allowed')
      },
    })
    const followed = client.follow({ user: alice, evidence: vouched, protocolTransition: true })
    await expect(followed).rejects.toMatchObject({ reason: 'target-not-allowed' })
    expect(client.s4u2proxy).toHaveBeenCalledTimes(1)
  })
})

describe('after a refusal', () => {
  const refusing = (error: Error) =>
    clientWith({
      s4u2proxy: async ({ origin }) => {
        if (origin === 'presented') throw error
        return granted
      },
    })
  const inputs: DelegationInputs = { user: alice, evidence: presented, protocolTransition: true }

  test.each([
    ['evidence-not-forwardable', refusedFor('evidence-not-forwardable')],
    ['evidence-unusable', refusedFor('evidence-unusable')],
    ['no-pac', refusedFor('no-pac')],
    ['a code that is about the user’s ticket', errorOf('KRB_AP_ERR_TKT_EXPIRED')],
  ])('that another way may change (%s), it is gone', async (_what, error) => {
    expect(await refusing(error).follow(inputs)).toEqual({ method: 's4u2self', way: 's4u2self', ticket: granted })
  })

  test.each([
    ['target-not-allowed', refusedFor('target-not-allowed')],
    ['user-not-delegable', refusedFor('user-not-delegable')],
    ['target-unknown', refusedFor('target-unknown')],
    ['a target that nobody knows', errorOf('KDC_ERR_S_PRINCIPAL_UNKNOWN')],
    ['no KDC', new Error('nobody answers')],
  ])('that no other way can change (%s), none is', async (_what, error) => {
    const client = refusing(error)
    await expect(client.follow(inputs)).rejects.toBe(error)
    expect(client.s4u2self).not.toHaveBeenCalled()
  })

  test('of the last way, its error is the answer', async () => {
    const error = refusedFor('evidence-unusable')
    await expect(refusing(error).follow({ user: alice, evidence: presented })).rejects.toBe(error)
  })
})

describe('whoever is mixed up with another is not acted for', () => {
  const HINT = 'Give what belongs to the user that `user` names: alice@AD.TEST.'
  const bobs = evidenceFromS4u2self(ticketOf('bob'))

  test.each<[string, Partial<DelegationInputs>, string]>([
    ['evidence', { evidence: bobs }, 'the evidence is that of bob@AD.TEST, and not of alice@AD.TEST'],
    [
      'evidence of a user of that name in another realm',
      { evidence: evidenceFromS4u2self(ticketOf('alice@WEST.TEST')) },
      'the evidence is that of alice@WEST.TEST, and not of alice@AD.TEST',
    ],
    [
      'forwarded ticket',
      { forwardedTgt: ticketOf('bob') },
      'the ticket-granting ticket is that of bob@AD.TEST, and not of alice@AD.TEST',
    ],
  ])('by the %s', async (_what, more, message) => {
    const client = clientWith()
    await expect(client.follow({ user: alice, protocolTransition: true, ...more })).rejects.toMatchObject({
      ...{ name: 'RejectedTokenError', code: 'KRB_AP_ERR_BADMATCH', status: 500, message, hint: HINT },
    })
    for (const asked of [client.ticketWith, client.s4u2proxy, client.s4u2self]) expect(asked).not.toHaveBeenCalled()
  })

  test('by the certificate, of which the KDC says whose it is', async () => {
    const client = clientWith({ s4u2self: async () => ticketOf('bob') })
    const inputs = { user: alice, certificate: Uint8Array.of(1), protocolTransition: true }
    await expect(client.follow(inputs)).rejects.toMatchObject({
      message: 'the certificate is that of bob@AD.TEST, and not of alice@AD.TEST',
    })
    expect(client.s4u2proxy).not.toHaveBeenCalled()
  })

  test('but a name that the KDC has resolved is that of its user', async () => {
    const inputs = { user: 'alice.a@corp.example', protocolTransition: true }
    expect((await clientWith().follow(inputs)).ticket).toBe(granted)
  })

  test('but a user may be written without his realm, and an enterprise name as it is printed', async () => {
    expect((await clientWith().follow({ user: 'alice', evidence: presented })).ticket).toBe(granted)
    const enterprise = { name: { nameType: 10, nameString: ['a.b@corp.example'] }, realm: 'AD.TEST' }
    const inputs = { user: 'a.b@corp.example@AD.TEST', evidence: { ...presented, client: enterprise } }
    expect((await clientWith().follow(inputs)).ticket).toBe(granted)
  })
})

test('without any way it is told what stands against each', async () => {
  await expect(clientWith().follow({ user: alice })).rejects.toMatchObject({
    name: 'RejectedTokenError',
    code: 'SEC_E_NO_IMPERSONATION',
    status: 403,
    message: 'there is no way to act as alice@AD.TEST',
    hint: [
      'forwarded-tgt: the client forwarded no ticket-granting ticket, or the app uses none (delegation.forwardedTickets)',
      's4u2proxy: the user presented no ticket',
      'resource-based: the user presented no ticket',
      's4u2self: the app does not permit itself to vouch for the user (delegation.protocolTransition)',
    ].join('; '),
  })
})

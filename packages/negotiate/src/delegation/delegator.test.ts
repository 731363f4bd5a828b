import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { type ForwardedTicket, Identity, type IdentityClaims } from '@s4u/acceptor'
import { type KdcClient, MalformedTokenError, type DelegationMethod } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import type { DelegationOptions } from './delegation-policy.js'
import { Delegator, evidenceOf } from './delegator.js'
import { claimsWith, EVIDENCE, HOUR, NOW } from '../fixtures/identities.js'
import { IMPERSONATE_CHANNEL } from '../audit/impersonation-events.js'

type TicketAs = KdcClient['ticketAs']

function delegatorWith(ticketAs: TicketAs, options: DelegationOptions = {}): Delegator {
  const client = { ticketAs } as KdcClient
  return new Delegator(async () => client, options, {})
}

test.each([undefined, true, (user: string) => user === 'alice@AD.TEST'])(
  'the KDC client is given the evidence of the caller, and whether the app would vouch (%s)',
  async (protocolTransition) => {
    const asked: unknown[] = []
    const ticketAs: TicketAs = async (...args) => {
      asked.push(args)
      throw new Error('asked')
    }
    const forwardedTgt = { client: EVIDENCE.client } as ForwardedTicket
    const identity = new Identity(claimsWith({ evidence: { ...EVIDENCE, forwardedTgt } }))
    const options: DelegationOptions = { forwardedTickets: 'use', ...(protocolTransition && { protocolTransition }) }
    using alice = delegatorWith(ticketAs, options).impersonate(identity)
    await expect(alice.ticketFor('HTTP/api.ad.test')).rejects.toThrow('asked')
    const { client, ticket, forwardable, expiresAt, origin } = EVIDENCE
    const evidence = { client, ticket, forwardable, expiresAt, origin }
    const vouches = protocolTransition !== undefined
    const grounds = { user: 'alice@AD.TEST', evidence, forwardedTgt, protocolTransition: vouches }
    expect(asked).toEqual([[grounds, 'HTTP/api.ad.test', {}]])
  },
)

test('a forwarded TGT in an identity from elsewhere is not used unless the app says so', async () => {
  const given: unknown[] = []
  const ticketAs: TicketAs = async ({ forwardedTgt }) => {
    given.push(forwardedTgt)
    throw new Error('asked')
  }
  const forwardedTgt = { client: EVIDENCE.client } as ForwardedTicket
  const identity = new Identity(claimsWith({ evidence: { ...EVIDENCE, forwardedTgt } }))
  for (const options of [{}, { forwardedTickets: 'ignore' }, { forwardedTickets: 'use' }] as const) {
    using alice = delegatorWith(ticketAs, options).impersonate(identity)
    await expect(alice.ticketFor('HTTP/api.ad.test')).rejects.toThrow('asked')
  }
  expect(given).toEqual([undefined, undefined, forwardedTgt])
})

test("the app's own list comes before the KDC", async () => {
  const delegator = delegatorWith(() => expect.unreachable(), { allow: ['HTTP/api.ad.test'] })
  using alice = delegator.impersonate(new Identity(claimsWith()))
  await expect(alice.ticketFor('HTTP/vault.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
  await expect(alice.ticketFor('HTTP/vault.ad.test@api.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
})

describe('how a ticket would be got', () => {
  const plan = (changes: Partial<IdentityClaims>, options: DelegationOptions = {}, spn = 'HTTP/api.ad.test') => {
    const client = () => expect.unreachable('no KDC client is needed')
    return new Delegator(client, options, { now: () => NOW })
      .impersonate(new Identity(claimsWith(changes)))
      .explain(spn)
  }
  const forwardedTgt = { client: EVIDENCE.client, expiresAt: NOW + HOUR } as ForwardedTicket
  const unforwardable = { ...EVIDENCE, forwardable: false }

  test.each<[string, Partial<IdentityClaims>, DelegationOptions, DelegationMethod | undefined]>([
    ['a forwarded TGT', { evidence: { ...EVIDENCE, forwardedTgt } }, { forwardedTickets: 'use' }, 'forwarded-tgt'],
    ['one that is not asked for', { evidence: { ...EVIDENCE, forwardedTgt } }, {}, 's4u2proxy'],
    ['a ticket that is forwardable', {}, { protocolTransition: true }, 's4u2proxy'],
    ['one that is not', { evidence: unforwardable }, { protocolTransition: true }, 'resource-based'],
    ['one that has ended', { evidence: { ...EVIDENCE, expiresAt: NOW } }, { protocolTransition: true }, 's4u2self'],
    ['… but not without leave', { evidence: { ...EVIDENCE, expiresAt: NOW } }, {}, undefined],
    ['a ticket, and leave for the target', {}, { allow: ['HTTP/*.ad.test'] }, 's4u2proxy'],
  ])('with %s, is told with the level, the target and every rung', (_what, changes, options, way) => {
    const got = plan(changes, options)
    expect(got).toMatchObject({ target: 'HTTP/api.ad.test', level: 'delegation', way, method: way })
    expect(got.choices.find(({ usable }) => usable)?.method).toBe(way)
    expect(got.choices.map(({ method }) => method)).toEqual(got.rungs.map((rung) => rung.way))
    expect(got.rungs.find(({ possible }) => possible)?.way).toBe(way)
    expect(got.choices.map(({ method }) => method)).toEqual([
      'forwarded-tgt',
      's4u2proxy',
      'resource-based',
      's4u2self',
    ])
  })

  test.each<[string, Partial<IdentityClaims>, DelegationOptions, RegExp]>([
    ['the list does not have the target', {}, { allow: ['HTTP/vault.ad.test'] }, /does not permit itself.*api.ad.test/],
    ['the caller asked to be identified only', { impersonationLevel: 'identification' }, {}, /level is identification/],
    ['there is no ticket', { evidence: undefined, impersonationLevel: 'impersonation' }, {}, /no ticket to show/],
  ])('when %s, is by no way, and every choice says why', async (_what, changes, options, because) => {
    const got = plan(changes, options)
    expect(got.method).toBeUndefined()
    expect(got.choices.length).toBe(4)
    for (const rung of got.rungs)
      expect(rung).toMatchObject({ possible: false, because: expect.stringMatching(because) })
    for (const choice of got.choices)
      expect(choice).toMatchObject({ usable: false, reason: expect.stringMatching(because) })
    // And that is what happens.
    using caller = delegatorWith(() => expect.unreachable(), options).impersonate(new Identity(claimsWith(changes)))
    await expect(caller.ticketFor('HTTP/api.ad.test')).rejects.toThrow(because)
  })

  test('is an error where the question is one', () => {
    expect(() => plan({}, { allow: [] }, 'HTTP//')).toThrow(MalformedTokenError)
    const options = { protocolTransition: () => 'yes' } as unknown as DelegationOptions
    expect(() => plan({}, options)).toThrow(/protocolTransition/)
  })
})

describe('nobody acts for a caller', () => {
  test.each([
    ['who asked to be identified only', { impersonationLevel: 'identification' }],
    ['who is anonymous', { impersonationLevel: 'anonymous' }],
    ['who left no ticket', { evidence: undefined }],
    ['for whom the app alone vouches', { evidence: { kind: 'asserted' } as never }],
  ] as const)('%s', async (_who, changes) => {
    const identity = new Identity(claimsWith(changes))
    const error = expect.objectContaining({ name: 'RejectedTokenError', code: 'SEC_E_NO_IMPERSONATION' })
    expect(() => evidenceOf(identity)).toThrow(error)
    using caller = delegatorWith(() => expect.unreachable()).impersonate(identity)
    await expect(caller.ticketFor('HTTP/api.ad.test')).rejects.toEqual(error)
  })

  test('but for one whose ticket is not forwardable, the KDC decides', () => {
    const identity = new Identity(
      claimsWith({ impersonationLevel: 'impersonation', evidence: { ...EVIDENCE, forwardable: false } }),
    )
    expect(evidenceOf(identity)).toMatchObject({ forwardable: false })
  })
})

describe('what is refused is told', () => {
  const failure = (changes: Partial<IdentityClaims>): unknown => {
    try {
      return evidenceOf(new Identity(claimsWith(changes)))
    } catch (error) {
      return error
    }
  }

  test.each<[Partial<IdentityClaims>, string, string]>([
    [
      { impersonationLevel: 'identification' },
      'its impersonation level is identification',
      'The client asked to be identified only (GSS_C_IDENTIFY_FLAG), or is anonymous.',
    ],
    [
      { impersonationLevel: 'anonymous' },
      'its impersonation level is anonymous',
      'The client asked to be identified only (GSS_C_IDENTIFY_FLAG), or is anonymous.',
    ],
    [
      { evidence: { kind: 'asserted' } as never },
      'there is no ticket to show a KDC',
      'Identities from a session without evidence, or made by hand, cannot be impersonated.',
    ],
  ])('with why, and what that means: %#', (changes, why, hint) => {
    expect(failure(changes)).toMatchObject({
      name: 'RejectedTokenError',
      message: `alice@AD.TEST cannot be impersonated: ${why}`,
      code: 'SEC_E_NO_IMPERSONATION',
      status: 403,
      hint,
    })
  })
})

test('each caller is asked for, and told of, by name', async () => {
  const told: unknown[] = []
  const listener = (event: unknown): void => void told.push(event)
  subscribe(IMPERSONATE_CHANNEL, listener)
  try {
    const client = { principal: 'svc-web@AD.TEST', ticketAs: () => Promise.reject(new Error('down')) }
    const delegator = new Delegator(async () => client as unknown as KdcClient, {}, {})
    using alice = delegator.impersonate(new Identity(claimsWith()))
    expect(alice).toMatchObject({ principal: 'alice@AD.TEST' })
    await expect(alice.ticketFor('HTTP/api.ad.test')).rejects.toThrow('down')
  } finally {
    unsubscribe(IMPERSONATE_CHANNEL, listener)
  }
  expect(told).toMatchObject([
    { user: 'alice@AD.TEST', target: 'HTTP/api.ad.test', account: 'svc-web@AD.TEST', evidence: 'presented' },
  ])
})

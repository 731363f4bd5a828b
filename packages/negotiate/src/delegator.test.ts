import { type ForwardedTgt, Identity } from '@s4u/acceptor'
import type { KdcClient, ServiceTicket } from '@s4u/kdc-client'
import { parsePrincipal } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { DelegationOptions } from './delegation-policy.js'
import { Delegator, evidenceOf } from './delegator.js'
import { claimsWith, EVIDENCE } from './fixtures/identities.js'

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
    const forwardedTgt = { client: EVIDENCE.client } as ForwardedTgt
    const identity = new Identity(claimsWith({ evidence: { ...EVIDENCE, forwardedTgt } }))
    using alice = delegatorWith(ticketAs, protocolTransition === undefined ? {} : { protocolTransition }).impersonate(
      identity,
    )
    await expect(alice.ticketFor('HTTP/api.ad.test')).rejects.toThrow('asked')
    const { client, ticket, forwardable, expiresAt, origin } = EVIDENCE
    const evidence = { client, ticket, forwardable, expiresAt, origin }
    const vouches = protocolTransition !== undefined
    const grounds = { user: 'alice@AD.TEST', evidence, forwardedTgt, protocolTransition: vouches }
    expect(asked).toEqual([[grounds, 'HTTP/api.ad.test', {}]])
  },
)

test("the app's own list comes before the KDC", async () => {
  const delegator = delegatorWith(() => expect.unreachable(), { allow: ['HTTP/api.ad.test'] })
  using alice = delegator.impersonate(new Identity(claimsWith()))
  await expect(alice.ticketFor('HTTP/vault.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
  await expect(alice.ticketFor('HTTP/vault.ad.test@api.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
})

test('a ticket for the service of that name in another realm than the one named is not handed out', async () => {
  const ticket = { service: parsePrincipal('HTTP/api.ad.test@AD.TEST') } as ServiceTicket
  using alice = delegatorWith(async () => ({ ticket, way: 's4u2proxy' })).impersonate(new Identity(claimsWith()))
  expect(await alice.ticketFor('HTTP/api.ad.test@AD.TEST')).toBe(ticket)
  await expect(alice.ticketFor('HTTP/api.ad.test@OTHER.TEST')).rejects.toMatchObject({ code: 'KRB_AP_ERR_BADMATCH' })
})

describe('nobody acts for a caller', () => {
  test.each([
    ['who asked to be identified only', { impersonationLevel: 'identification' }],
    ['who is anonymous', { impersonationLevel: 'anonymous' }],
    ['who left no ticket', { evidence: undefined }],
    ['for whom the app alone vouches', { evidence: { kind: 'asserted' } }],
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

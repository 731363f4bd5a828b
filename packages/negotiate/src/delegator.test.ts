import { Identity } from '@s4u/acceptor'
import type { KdcClient } from '@s4u/kdc-client'
import { describe, expect, test } from 'vitest'
import { Delegator, evidenceOf } from './delegator.js'
import { claimsWith, EVIDENCE } from './fixtures/identities.js'

type S4u2Proxy = KdcClient['s4u2proxy']

function delegatorWith(s4u2proxy: S4u2Proxy, allow?: readonly string[]): Delegator {
  const client = { s4u2proxy } as KdcClient
  return new Delegator(async () => client, allow ? { allow } : {}, {})
}

test('the KDC is shown the ticket of the caller, and nothing else of what the service knows', async () => {
  const asked: unknown[] = []
  const delegator = delegatorWith(async (...args) => {
    asked.push(args)
    throw new Error('asked')
  })
  using alice = delegator.impersonate(new Identity(claimsWith()))
  await expect(alice.ticketFor('HTTP/api.ad.test')).rejects.toThrow('asked')
  const { client, ticket, forwardable, expiresAt, origin } = EVIDENCE
  expect(asked).toEqual([[{ client, ticket, forwardable, expiresAt, origin }, 'HTTP/api.ad.test', {}]])
})

test("the app's own list comes before the KDC", async () => {
  const delegator = delegatorWith(() => expect.unreachable(), ['HTTP/api.ad.test'])
  using alice = delegator.impersonate(new Identity(claimsWith()))
  await expect(alice.ticketFor('HTTP/vault.ad.test')).rejects.toMatchObject({ code: 'KDC_ERR_POLICY' })
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

import { KdcError, KdcUnreachableError, type ServiceTicket } from '@s4u/kdc-client'
import { describe, expect, test, vi } from 'vitest'
import { issueTicket, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { forwardedCredential } from './forwarded-credential.js'

/** Bit 13. RFC 4120 section 5.3. */
const OK_AS_DELEGATE = Uint8Array.of(0, 0x04, 0, 0)

const plain = issueTicket(serviceNamed('HTTP/api.ad.test'))
const trusted: ServiceTicket = { ...plain, flags: OK_AS_DELEGATE }
const credential = Uint8Array.of(7)

const refusal = (errorCode: number) =>
  new KdcError({ step: 'TGS', account: 'alice@AD.TEST', target: 'krbtgt/AD.TEST', errorCode })

describe('a ticket-granting ticket', () => {
  test('goes to a service that the KDC of the user calls fit for it', async () => {
    const forwardTgt = vi.fn(async () => credential)
    const { signal } = new AbortController()
    expect(await forwardedCredential(trusted, { forwardTgt }, signal)).toEqual({ credential })
    expect(forwardTgt.mock.calls).toEqual([[trusted, { signal }]])
  })

  test.each([
    ['that is not called so', plain],
    ['that a KDC of another realm calls so', { ...trusted, service: { ...trusted.service, realm: 'EVIL.TEST' } }],
  ])('does not go to one %s, unless the app says so', async (_which, ticket: ServiceTicket) => {
    const forwardTgt = vi.fn(async () => credential)
    for (const okAsDelegate of [undefined, 'require'] as const)
      expect(await forwardedCredential(ticket, { forwardTgt, okAsDelegate }, undefined)).toEqual({
        reason: 'service-not-trusted',
      })
    expect(forwardTgt).not.toHaveBeenCalled()
    expect(await forwardedCredential(ticket, { forwardTgt, okAsDelegate: 'ignore' }, undefined)).toEqual({ credential })
  })

  test.each([
    [12, 'KDC_ERR_POLICY'],
    [13, 'KDC_ERR_BADOPTION'],
  ])('of whom the KDC forwards none (%i) is missed', async (errorCode, code) => {
    const forwardTgt = () => Promise.reject(refusal(errorCode))
    expect(await forwardedCredential(trusted, { forwardTgt }, undefined)).toEqual({
      reason: 'user-not-delegable',
      code,
    })
  })

  test.each([refusal(18), refusal(52), new KdcUnreachableError('AD.TEST', []), new TypeError('a fault')])(
    'is not missed for another reason: %o',
    async (reason) => {
      const forwardTgt = async (): Promise<never> => {
        throw reason
      }
      await expect(forwardedCredential(trusted, { forwardTgt }, undefined)).rejects.toBe(reason)
    },
  )

  test('that is not there is missed', async () => {
    const nothing = { reason: 'nothing-to-forward' }
    expect(await forwardedCredential(trusted, { forwardTgt: async () => undefined }, undefined)).toEqual(nothing)
    expect(await forwardedCredential(trusted, {}, undefined)).toEqual(nothing)
  })
})

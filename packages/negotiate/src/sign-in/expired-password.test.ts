import type { Acceptor, AcceptOutcome } from '@s4u/acceptor'
import {
  ConfigurationError,
  type KdcClient,
  KdcError,
  KdcUnreachableError,
  MalformedTokenError,
  MissingKeyError,
  RejectedTokenError,
  type S4uError,
} from '@s4u/kdc-client'
import { describe, expect, test, vi } from 'vitest'
import { issueTicket, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { identityByPassword } from './expired-password.js'

const SUBJECT = { user: 'alice', password: 'old-Secret-1', newPassword: 'new-Secret-2' } as const
const DONE = 'The password of alice has been changed already: the new one is the right one now.'
const ANSWER = { step: 'AS', account: 'alice@AD.TEST', target: 'krbtgt/AD.TEST' } as const
const expired = new KdcError({ ...ANSWER, errorCode: 23 })

/**
 * Signs alice in with the old password, which has expired, changes it, and lets `then` happen at
 * the sign-in with the new one.
 */
async function refusedAfterChange(then: unknown): Promise<unknown> {
  const service = serviceNamed('HTTP/web.ad.test')
  const ticketFor = vi.fn(async () => issueTicket(service)).mockRejectedValueOnce(expired)
  const isRefusal = typeof then === 'object' && then !== null && 'status' in then && then.status === 'refused'
  if (!isRefusal) ticketFor.mockRejectedValueOnce(then)
  const client = { principal: 'alice@AD.TEST', realm: 'AD.TEST', ticketFor } as unknown as KdcClient
  const acceptor = { principals: ['HTTP/web.ad.test@AD.TEST'], ready: async () => {}, accept: async () => then }
  const deps = {
    acceptor: acceptor as unknown as Acceptor,
    users: { of: async () => client, changePassword: async () => {} },
    options: {},
  }
  return identityByPassword(SUBJECT, {}, deps).catch((error: unknown) => error)
}

const refusedBy = (error: S4uError) => ({ status: 'refused', error }) as unknown as AcceptOutcome

const DIRECTORY = [{ attribute: 'userAccountControl: ACCOUNTDISABLE is set', samba: 'samba-tool user enable alice' }]

describe('what goes wrong once the password has been changed', () => {
  test.each<[string, S4uError]>([
    ['a refusal of the KDC', new KdcError({ ...ANSWER, errorCode: 18 }, { status: 401 }, DIRECTORY)],
    ['a KDC that is gone', new KdcUnreachableError('AD.TEST', [{ address: 'udp/192.0.2.1:88', reason: 'timed out' }])],
    ['a configuration', new ConfigurationError('the keytab provider failed', { code: 'KRB5_KT_IOERR' })],
    ['octets', new MalformedTokenError({ path: 'AS-REP.pvno', expected: '5', found: '4', hint: 'Look.', status: 502 })],
  ])('at the KDC, %s, is told with that', async (_what, error) => {
    const told = await refusedAfterChange(error)
    const { message, code, status } = error
    expect(told).toMatchObject({ name: error.name, message, code, status, cause: error })
    expect(told).toHaveProperty('hint', error.hint === undefined ? DONE : `${DONE} ${error.hint}`)
    expect(told).toHaveProperty('stack', expect.stringContaining(DONE))
  })

  test.each<[string, S4uError]>([
    ['no key', new MissingKeyError('web.keytab has no key of version 4', { hint: 'Export it again.' })],
    ['a configuration', new ConfigurationError('the acceptor is closed', { code: 'S4U_CLOSED' })],
  ])('at the service, %s, is told with that', async (_what, error) => {
    const told = await refusedAfterChange(refusedBy(error))
    expect(told).toMatchObject({ name: error.name, message: error.message, code: error.code, cause: error })
    expect(told).toHaveProperty('hint', error.hint === undefined ? DONE : `${DONE} ${error.hint}`)
  })

  test('a ticket of somebody else in the place of the KDC is told with that', async () => {
    const error = new RejectedTokenError('forged', { code: 'KRB_AP_ERR_MODIFIED' })
    expect(await refusedAfterChange(refusedBy(error))).toMatchObject({
      name: 'RejectedTokenError',
      hint: expect.stringMatching(new RegExp(`^${DONE} Somebody else may have answered`)),
    })
  })

  test('a refusal keeps the settings of the directory that would change it', async () => {
    const error = new KdcError({ ...ANSWER, errorCode: 18 }, {}, DIRECTORY)
    expect(await refusedAfterChange(error)).toHaveProperty('settings', DIRECTORY)
  })

  test('an abort stays what the app has given as its reason', async () => {
    const reason = new DOMException('the form was closed', 'AbortError')
    expect(await refusedAfterChange(reason)).toBe(reason)
  })
})

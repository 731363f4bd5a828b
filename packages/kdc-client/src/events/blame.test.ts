import { ConfigurationError, MalformedTokenError, MissingKeyError, RejectedTokenError, type S4uError } from '@s4u/krb5'
import { expect, test } from 'vitest'
import type { KdcAnswer } from '../errors/kdc-answer.js'
import { KdcError, KdcUnreachableError } from '../errors/kdc-errors.js'
import { tell } from './events.js'

const subject = { step: 'TGS', account: 'web@AD.TEST', target: 'HTTP/api.ad.test', cache: 'miss' } as const
const answer = (errorCode: number, more: Partial<KdcAnswer> = {}): KdcAnswer => ({
  ...{ step: 'TGS', account: 'web@AD.TEST', target: 'HTTP/api.ad.test', errorCode },
  ...more,
})
const ofUser = { step: 'S4U2Self', user: 'bob@AD.TEST' } as const

test.each<[string, S4uError, number]>([
  ['a reply that is not what was asked for', new RejectedTokenError('no', { code: 'KRB_AP_ERR_MODIFIED' }), 502],
  ['a reply that cannot be read', new MalformedTokenError({ path: 'p', expected: 'e', found: 'f' }), 502],
  ['no KDC at all', new KdcUnreachableError('AD.TEST', []), 503],
  ['a KDC that is busy', new KdcError(answer(29)), 503],
  ['an account of this service that is disabled', new KdcError(answer(18, { step: 'AS' })), 502],
  ['a service that the KDC does not know', new KdcError(answer(7)), 502],
  ['a user whom the KDC does not know', new KdcError(answer(6, ofUser)), 403],
  ['a user who is disabled', new KdcError(answer(18, ofUser)), 403],
  ['a target that is not known, asked for in the name of a user', new KdcError(answer(7, ofUser)), 502],
  ['a key that the keytab does not have', new MissingKeyError('no'), 500],
  ['a setting of this program', new ConfigurationError('no'), 500],
])('%s has a status that says whose fault it is', async (_what, error, status) => {
  await expect(tell(subject, () => Promise.reject(error))).rejects.toBe(error)
  expect(error.status).toBe(status)
})

test('what is no error of s4u goes through as it is', async () => {
  const bug = new TypeError('a bug')
  await expect(tell(subject, () => Promise.reject(bug))).rejects.toBe(bug)
  expect(bug).not.toHaveProperty('status')
})

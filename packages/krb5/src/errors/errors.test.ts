import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import {
  ConfigurationError,
  MalformedTokenError,
  MissingKeyError,
  RejectedTokenError,
  type S4uError,
} from './errors.js'

const malformed = { path: 'AP-REQ', expected: 'a ticket', found: 'nothing' }

test.each<[S4uError, number]>([
  [new MalformedTokenError(malformed), 400],
  [new RejectedTokenError('no', { code: 'KRB_AP_ERR_SKEW' }), 401],
  [new MissingKeyError('no'), 500],
  [new ConfigurationError('no'), 500],
  [new MalformedTokenError({ ...malformed, status: 502 }), 502],
  [new RejectedTokenError('no', { code: 'SEC_E_LOGON_DENIED', status: 403 }), 403],
  [new ConfigurationError('no', { status: 403 }), 403],
])('%s is answered with %i, and without its message', (error, status) => {
  expect(error.status).toBe(status)
  expect(error.statusCode).toBe(status)
  expect(error.expose).toBe(false)
})

test('a layer that knows better changes the status, under both names', () => {
  const error = new MalformedTokenError(malformed)
  error.status = 502
  expect([error.status, error.statusCode]).toEqual([502, 502])
})

test('http-errors, which writes status and expose, changes the first alone', () => {
  const error = Object.assign(new ConfigurationError('svc-web may not'), { expose: true, statusCode: 403 as const })
  expect([error.status, error.statusCode, error.expose]).toEqual([403, 403, false])
})

test('what frameworks read is not printed', () => {
  const error = new ConfigurationError('no')
  expect(Object.keys(error)).not.toContain('status')
  expect(inspect(error)).not.toMatch(/status|expose/)
})

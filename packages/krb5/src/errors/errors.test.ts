import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import {
  ConfigurationError,
  MalformedTokenError,
  MissingKeyError,
  RejectedTokenError,
  type S4uError,
} from './errors.js'
import type { S4uErrorCode } from './error-codes.js'
import { krbErrorName } from './krb-error-codes.js'

/** The compiler knows the codes: a misspelt one does not compile, and `switch` narrows. */
function isClock(error: S4uError): boolean {
  // @ts-expect-error: no error has this code
  if (error.code === 'KRB_AP_ERR_SCEW') return true
  switch (error.code) {
    case 'KRB_AP_ERR_SKEW':
    case 'KRB_ERROR_1234':
      return error.code.startsWith('KRB')
    default: {
      const other: Exclude<S4uErrorCode, 'KRB_AP_ERR_SKEW'> = error.code
      return other.length === 0
    }
  }
}

test('the code of an error is one of a closed list, or carries a number that no specification names', () => {
  expect(isClock(new RejectedTokenError('late', { code: 'KRB_AP_ERR_SKEW' }))).toBe(true)
  expect(isClock(new RejectedTokenError('odd', { code: krbErrorName(1234) }))).toBe(true)
  expect(isClock(new RejectedTokenError('again', { code: 'KRB_AP_ERR_REPEAT' }))).toBe(false)
})

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

test('help leads to the heading of the code, or to the page where a code has none', () => {
  const page = 'https://github.com/s4u/s4u/blob/main/docs/error-codes.md'
  expect(new RejectedTokenError('late', { code: 'KRB_AP_ERR_SKEW' }).help).toBe(`${page}#krb_ap_err_skew`)
  expect(new MissingKeyError('no key').help).toBe(`${page}#krb_ap_err_nokey`)
  expect(new RejectedTokenError('odd', { code: krbErrorName(1234) }).help).toBe(page)
})

test('help is printed with an error, is not in its stack, and is no property of its own', () => {
  const error = new ConfigurationError('wrong')
  expect(inspect(error)).toContain("help: 'https://")
  expect(error.stack).not.toContain('https://')
  expect(Object.keys(error)).not.toContain('help')
})

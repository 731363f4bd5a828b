import { ERROR_MEANINGS } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { explain, similarCodes } from './explanation.js'
import { NT_STATUSES } from './nt-statuses.js'
import { REMEDIES } from './remedies.js'

test.each([
  ['KRB_AP_ERR_SKEW', ['KRB_AP_ERR_SKEW']],
  ['krb_ap_err_skew', ['KRB_AP_ERR_SKEW']],
  ['skew', ['KRB_AP_ERR_SKEW']],
  ['37', ['KRB_AP_ERR_SKEW']],
  ['0x25', ['KRB_AP_ERR_SKEW']],
  ['0xC0000234', ['STATUS_ACCOUNT_LOCKED_OUT']],
  ['-1073741260', ['STATUS_ACCOUNT_LOCKED_OUT']],
  ['S4U_USAGE', ['S4U_USAGE']],
  ['63', ['KDC_ERR_KDC_NOT_TRUSTED']],
  ['66', ['KDC_ERR_CERTIFICATE_MISMATCH']],
  ['67', ['KRB_AP_ERR_NO_TGT']],
  ['76', ['KDC_ERR_KDC_NAME_MISMATCH']],
  ['81', ['KDC_ERR_PUBLIC_KEY_ENCRYPTION_NOT_SUPPORTED']],
  ['92', ['KDC_ERR_PREAUTH_BAD_AUTHENTICATION_SET']],
  ['100', ['KDC_ERR_NO_ACCEPTABLE_KDF']],
  ['S4U_REFUSED', ['S4U_REFUSED']],
  ['S4U_OLD_NAME_KDC_TIME_LIMIT', ['S4U_OLD_NAME']],
  ['nothing', []],
  ['0x', []],
])('%s is the code %j', (text, codes) => {
  expect(explain(text).map(({ code }) => code)).toEqual(codes)
})

test('a number that several lists have is explained by each of them', () => {
  expect(explain('3').map(({ code }) => code)).toEqual(['KDC_ERR_BAD_PVNO', 'KRB5_KPASSWD_AUTHERROR'])
})

test('what is not found is answered with codes that are like it', () => {
  expect(similarCodes('KRB_AP_ERR_SKEWED')).toEqual([])
  expect(similarCodes('clock-skew')).toEqual(['KRB_AP_ERR_SKEW', 'S4U_REDIS_CLOCK'])
})

test('each remedy is that of a code that there is', () => {
  const names = new Set([...Object.keys(ERROR_MEANINGS), ...NT_STATUSES.map(([, name]) => name)])
  expect(Object.keys(REMEDIES).filter((code) => !names.has(code))).toEqual([])
})

test('codes of s4u have the page about them, and those of Windows have none', () => {
  expect(explain('KRB_AP_ERR_SKEW')[0].help).toMatch(/docs\/error-codes\.md#krb_ap_err_skew$/)
  expect(explain('0xC0000234')[0].help).toBeUndefined()
})

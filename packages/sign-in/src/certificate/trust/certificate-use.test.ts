import { expect, test } from 'vitest'
import { Authority, type CertificateWish, clientAuth } from '../../../../../test/stories/fixtures/authority.js'
import { sequence } from '../../../../../test/stories/fixtures/der.js'
import { readClientCertificate } from '../x509/client-certificate.js'
import { requireUsable } from './certificate-use.js'

const authority = new Authority('CN=CA')
const NOW = Date.now()
const SMART_CARD = '1.3.6.1.4.1.311.20.2.2'

function use(wish: Partial<CertificateWish>, purposes: readonly string[] = [clientAuth], now = NOW): void {
  requireUsable(readClientCertificate(authority.issue({ subject: 'CN=a', ...wish }).der), purposes, now)
}

test('a certificate for client authentication is for signing in', () => {
  expect(() => use({})).not.toThrow()
  expect(() => use({ keyUsage: null })).not.toThrow()
  expect(() => use({ extendedKeyUsage: [SMART_CARD] }, [clientAuth, SMART_CARD])).not.toThrow()
})

test('with an empty list every purpose will do', () => {
  expect(() => use({ extendedKeyUsage: null }, [])).not.toThrow()
})

test.each<[string, Partial<CertificateWish>, string, string]>([
  [
    'for servers',
    { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] },
    'KDC_ERR_INCONSISTENT_KEY_PURPOSE',
    `is not for ${clientAuth}`,
  ],
  ['for no named purpose', { extendedKeyUsage: null }, 'KDC_ERR_INCONSISTENT_KEY_PURPOSE', 'is not for'],
  ['for any purpose', { extendedKeyUsage: ['2.5.29.37.0'] }, 'KDC_ERR_INCONSISTENT_KEY_PURPOSE', 'is not for'],
  ['for encryption', { keyUsage: 0x20 }, 'KDC_ERR_INCONSISTENT_KEY_PURPOSE', 'is not for digitalSignature'],
  ['that begins tomorrow', { notBefore: NOW + 60_000 }, 'KDC_ERR_INVALID_CERTIFICATE', 'is valid from'],
  ['that has ended', { notAfter: NOW - 1_000 }, 'KDC_ERR_INVALID_CERTIFICATE', 'was valid until'],
  [
    'with a critical extension that is not known',
    { more: [{ oid: '1.2.3.4', critical: true, value: sequence() }] },
    'KDC_ERR_INVALID_CERTIFICATE',
    'has the critical extension 1.2.3.4',
  ],
])('a certificate %s is refused', (_what, wish, code, message) => {
  expect(() => use(wish)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(message) }))
})

test('an extension that is not critical need not be known', () => {
  expect(() => use({ more: [{ oid: '1.2.3.4', value: sequence() }] })).not.toThrow()
})

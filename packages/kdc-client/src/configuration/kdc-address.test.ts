import { ConfigurationError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { formatKdcAddress, parseKdcAddress } from './kdc-address.js'

describe('the address of a KDC', () => {
  test.each([
    ['kdc1.ad.test', { host: 'kdc1.ad.test', port: 88 }],
    ['kdc1.ad.test:1088', { host: 'kdc1.ad.test', port: 1088 }],
    ['[::1]:88', { host: '::1', port: 88 }],
    ['tcp/10.0.0.1', { host: '10.0.0.1', port: 88, protocol: 'tcp' }],
    ['udp/kdc1.ad.test:750', { host: 'kdc1.ad.test', port: 750, protocol: 'udp' }],
    ['https://proxy.ad.test/KdcProxy', { host: 'proxy.ad.test', port: 443, protocol: 'https', path: '/KdcProxy' }],
    ['https://proxy.ad.test:8443', { host: 'proxy.ad.test', port: 8443, protocol: 'https', path: '/' }],
    ['[fe80::1%eth0]:88', { host: 'fe80::1%eth0', port: 88 }],
  ])('%s is read', (text, address) => {
    expect(parseKdcAddress(text)).toEqual(address)
  })

  test.each([
    '',
    'a b',
    'kdc:0',
    'kdc:65536',
    'http://kdc',
    'kdc/path',
    'tcp//kdc',
    '::1',
    'udp/kdc/path',
    '88',
    'tcp/88',
  ])('%j is refused', (text) => {
    expect(() => parseKdcAddress(text)).toThrow(ConfigurationError)
  })

  test('is written with brackets where they are needed', () => {
    expect(formatKdcAddress(parseKdcAddress('[::1]:88'))).toBe('[::1]:88')
    expect(formatKdcAddress(parseKdcAddress('[fe80::1%eth0]:88'))).toBe('[fe80::1%eth0]:88')
    expect(formatKdcAddress(parseKdcAddress('kdc'))).toBe('kdc:88')
  })
})

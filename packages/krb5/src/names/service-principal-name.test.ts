import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../errors/errors.js'
import { formatSpn, parseSpn, type ServicePrincipalName } from './service-principal-name.js'

describe('parseSpn', () => {
  test.each([
    ['HTTP/web.ad.test', { serviceClass: 'HTTP', host: 'web.ad.test' }],
    ['MSSQLSvc/db.ad.test:1433', { serviceClass: 'MSSQLSvc', host: 'db.ad.test', port: 1433 }],
    ['ldap/dc1.ad.test/ad.test', { serviceClass: 'ldap', host: 'dc1.ad.test', serviceName: 'ad.test' }],
    ['MSSQLSvc/db.ad.test:PAYROLL', { serviceClass: 'MSSQLSvc', host: 'db.ad.test', instance: 'PAYROLL' }],
    ['MSSQLSvc/db.ad.test:2019$A', { serviceClass: 'MSSQLSvc', host: 'db.ad.test', instance: '2019$A' }],
    ['HTTP/[fd00::1]:8080', { serviceClass: 'HTTP', host: '[fd00::1]', port: 8080 }],
    ['ldap/[fd00::1]/ad.test', { serviceClass: 'ldap', host: '[fd00::1]', serviceName: 'ad.test' }],
    ['HTTP/web:1', { serviceClass: 'HTTP', host: 'web', port: 1 }],
    ['HTTP/web:65535', { serviceClass: 'HTTP', host: 'web', port: 65_535 }],
    ['A/b:1/c/d', { serviceClass: 'A', host: 'b', port: 1, serviceName: 'c/d' }],
  ])('reads %s, and formatSpn prints it', (text, spn) => {
    expect(parseSpn(text)).toEqual(spn)
    expect(formatSpn(spn)).toBe(text)
  })

  test.each([
    ...[
      'web.ad.test',
      'HTTP/',
      '/web',
      'HTTP/web:0',
      'HTTP/web:65536',
      ' HTTP/web',
      'HTTP/web ',
      'HT:TP/web',
      'HTTP/we]b',
      'HTTP/web:123456',
      'HTTP/web/',
      'HTTP/web:',
    ],
    ...['HTTP/fd00::1', 'HTTP/[fd00::1', 'HTTP/web:1:A', 'HTTP/web:A B', 'HTTP/web@R'],
  ])('refuses %j', (text) => {
    expect(() => parseSpn(text)).toThrow(
      expect.objectContaining({
        name: 'MalformedTokenError',
        path: 'SPN',
        expected: 'class/host, class/host:port or class/host:port/name',
      }),
    )
  })

  test.each<ServicePrincipalName>([
    { serviceClass: 'HTTP', host: 'web/name' },
    { serviceClass: 'HTTP', host: 'web:80' },
    { serviceClass: 'HTTP', host: 'fd00::1' },
    { serviceClass: '', host: 'web' },
    { serviceClass: 'HTTP', host: 'web', port: 65_536 },
    { serviceClass: 'HTTP', host: 'web', port: 80, instance: 'A' },
    { serviceClass: 'HTTP', host: 'web', instance: '80' },
    { serviceClass: 'HTTP', host: 'web', serviceName: '' },
    { serviceClass: 'HTTP/web', host: 'x' },
    { serviceClass: 'HTTP', host: 'web:80', port: 90 },
  ])('does not print %j', (spn) => {
    const text = /^not the parts of a service principal name: ./
    expect(() => formatSpn(spn)).toThrow(ConfigurationError)
    expect(() => formatSpn(spn)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(text),
        hint: 'No part may be empty or contain what separates the parts. A port or an instance stands behind the host, not both.',
      }),
    )
  })
})

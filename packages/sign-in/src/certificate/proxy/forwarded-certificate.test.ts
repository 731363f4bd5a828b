import { describe, expect, test } from 'vitest'
import { Authority } from '../../../../../test/stories/fixtures/authority.js'
import { type ForwardedFormat, readForwardedCertificate, readForwardedChain } from './forwarded-certificate.js'

const authority = new Authority('CN=CA')
const { der, pem } = authority.issue({ subject: 'CN=alice' })
const ca = authority.certificate
const base64 = Buffer.from(der).toString('base64')
const leafOnly = { leaf: der, others: [] }
const withCa = { leaf: der, others: [ca.der] }

describe('a proxy’s header', () => {
  test.each<[string, ForwardedFormat, string, object]>([
    ['RFC 9440', 'rfc9440', `:${base64}:`, leafOnly],
    ['nginx ($ssl_client_escaped_cert)', 'pem', encodeURIComponent(pem), leafOnly],
    ['PEM whose lines are joined with spaces', 'pem', pem.trim().replaceAll('\n', ' '), leafOnly],
    ['HAProxy and Caddy (DER in base64)', 'base64', base64, leafOnly],
    ['Traefik (a chain with commas)', 'base64', `${base64},${Buffer.from(ca.der).toString('base64')}`, withCa],
    ['Traefik, escaped', 'base64', encodeURIComponent(base64), leafOnly],
    [
      'Envoy (Cert)',
      'xfcc',
      `By=spiffe://x;Hash=ab;Cert="${encodeURIComponent(pem)}";Subject="CN=a;b\\"";URI=`,
      leafOnly,
    ],
    ['Envoy (Chain)', 'xfcc', `Hash=ab;Chain="${encodeURIComponent(pem + ca.pem)}"`, withCa],
  ])('of %s is read', (_whose, format, value, expected) => {
    expect(readForwardedCertificate(value, format)).toEqual(expected)
  })

  test.each(['', ' ', '-'])('that says %j has no certificate', (value) => {
    expect(readForwardedCertificate(value, 'pem')).toBeUndefined()
  })

  test.each<[string, ForwardedFormat, string]>([
    ['two certificates by RFC 9440', 'rfc9440', `:${base64}:, :${base64}:`],
    ['no colons', 'rfc9440', base64],
    ['base64 that breaks off', 'base64', base64.slice(0, -1)],
    ['characters in base64 that Node would skip', 'base64', `${base64.slice(0, 40)} ${base64.slice(40)}`],
    ['escapes that are none', 'pem', '%zz'],
    ['text around PEM', 'pem', encodeURIComponent(`${pem}X`)],
    ['another block', 'pem', encodeURIComponent(pem.replaceAll('CERTIFICATE', 'PRIVATE KEY'))],
    ['two proxies', 'xfcc', `Hash=a;Cert="${encodeURIComponent(pem)}",Hash=b;Cert="${encodeURIComponent(ca.pem)}"`],
    ['two fields Cert', 'xfcc', `Cert="${encodeURIComponent(pem)}";cert="${encodeURIComponent(ca.pem)}"`],
    [
      'Cert that is not the first of Chain',
      'xfcc',
      `Cert="${encodeURIComponent(ca.pem)}";Chain="${encodeURIComponent(pem)}"`,
    ],
    ['a hash and no certificate', 'xfcc', 'Hash=ab;Subject="CN=alice"'],
    ['no fields', 'xfcc', '"alice"'],
    ['far too much', 'base64', 'A'.repeat(70_000)],
  ])('with %s is refused', (_what, format, value) => {
    expect(() => readForwardedCertificate(value, format)).toThrow(expect.objectContaining({ status: 400 }))
  })
})

test('a chain by RFC 9440 is a list', () => {
  expect(readForwardedChain(`:${base64}: , :${Buffer.from(ca.der).toString('base64')}:`)).toEqual([der, ca.der])
  expect(readForwardedChain('')).toEqual([])
  expect(() => readForwardedChain('x')).toThrow('a byte sequence')
})

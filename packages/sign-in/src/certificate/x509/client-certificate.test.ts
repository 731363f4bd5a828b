import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Authority, sidName } from '../../../../../test/stories/fixtures/authority.js'
import { der, sequence } from '../../../../../test/stories/fixtures/der.js'
import { readClientCertificate } from './client-certificate.js'

const SID = 'S-1-5-21-1-2-3-1104'
const authority = new Authority('DC=test,DC=ad,CN=Issuing CA')

describe('a certificate', () => {
  test('is read as OpenSSL reads it', () => {
    const issued = authority.issue({
      ...{ subject: 'DC=test,DC=ad,OU=People,CN=alice', upns: ['alice@ad.test'], emails: ['alice@mail.test'] },
      ...{ sid: SID, serial: '2b00ac11', uris: ['https://ad.test/alice'] },
    })
    const { certificate } = readClientCertificate(issued.der)
    const openssl = new X509Certificate(issued.der)
    expect(certificate).toMatchObject({
      subject: 'CN=alice,OU=People,DC=ad,DC=test',
      issuer: 'CN=Issuing CA,DC=ad,DC=test',
      serialNumber: openssl.serialNumber.toLowerCase(),
      notBefore: Date.parse(openssl.validFrom),
      notAfter: Date.parse(openssl.validTo),
      upns: ['alice@ad.test'],
      emails: ['alice@mail.test'],
      uris: ['https://ad.test/alice'],
      sid: SID,
      extendedKeyUsage: openssl.keyUsage,
      fingerprint: openssl.fingerprint256.replaceAll(':', '').toLowerCase(),
    })
    expect(Object.isFrozen(certificate)).toBe(true)
  })

  test('without extensions names nobody and no purpose', () => {
    const { certificate } = readClientCertificate(authority.issue({ subject: 'CN=x', extendedKeyUsage: null }).der)
    expect(certificate).toMatchObject({ upns: [], emails: [], uris: [], sid: undefined, extendedKeyUsage: undefined })
  })

  test('names its SID in a URI too', () => {
    const uris = [`tag:microsoft.com,2022-09-14:sid:${SID}`]
    expect(readClientCertificate(authority.issue({ subject: 'CN=x', uris }).der).certificate.sid).toBe(SID)
  })

  test.each([
    ['two SIDs', { sid: SID, uris: ['tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500'] }, 'found 2 of them'],
    ['a SID that is none', { sid: 'S-1-x' }, 'expected a SID, found another text'],
    ['an extension twice', { more: [{ oid: '2.5.29.37', value: sequence() }] }, 'expected one extension 2.5.29.37'],
    [
      'two SIDs in one extension',
      { more: [{ oid: '1.3.6.1.4.1.311.25.2', value: sequence(sidName(SID), sidName('S-1-5-21-1-2-3-500')) }] },
      'found 2 of them',
    ],
    [
      'a purpose that breaks off',
      { extendedKeyUsage: null, more: [{ oid: '2.5.29.37', value: sequence(der(6, Buffer.of(0x80))) }] },
      'breaks off',
    ],
  ])('with %s is refused', (_what, wish, message) => {
    const { der: octets } = authority.issue({ subject: 'CN=x', ...wish })
    expect(() => readClientCertificate(octets)).toThrow(message)
  })

  test.each([
    ['nothing', new Uint8Array(0), 'found the end'],
    ['more behind it', Uint8Array.of(...authority.certificate.der, 0), 'found more octets'],
    ['too much', new Uint8Array(70_000), 'expected at most 65536 octets'],
    ['cut off', authority.certificate.der.subarray(0, 100), 'Certificate'],
  ])('that is %s is refused', (_what, octets, message) => {
    expect(() => readClientCertificate(octets)).toThrow(message)
  })
})

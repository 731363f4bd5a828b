import { describe, expect, test } from 'vitest'
import { readCertificateUpn } from './read-certificate-upn.js'
import { MalformedTokenError } from '../errors/errors.js'

/**
 * Made by OpenSSL: alternative names email:alice@mail.test and otherName 1.3.6.1.4.1.311.20.2.3
 * UTF8:alice@ad.test.
 */
const WITH_UPN = Buffer.from(
  'MIIBtDCCAVqgAwIBAgIUZoTLg8g85zmehRXXxpN0XV2e7ggwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFQWxpY2UwIBcNMjYxMTIxMDQ1MTA3WhgPMjEyNjEwMjgwNDUxMDdaMBAxDjAMBgNVBAMMBUFsaWNlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0PlEQ2fkq0Na8QeHlMzfH1Itqr3sM+17bvix8dHBR0zXFWKuglM7kkwfiVU16qGliK+AaVjbKMZ21KHrG0xcNaOBjzCBjDAdBgNVHQ4EFgQUCjEIRvaIJhnT1Tjgza0X/kan9bwwHwYDVR0jBBgwFoAUCjEIRvaIJhnT1Tjgza0X/kan9bwwDwYDVR0TAQH/BAUwAwEB/zA5BgNVHREEMjAwgQ9hbGljZUBtYWlsLnRlc3SgHQYKKwYBBAGCNxQCA6APDA1hbGljZUBhZC50ZXN0MAoGCCqGSM49BAMCA0gAMEUCIAR0230L4MItRM3598H44XSqVI47coP/ZPDgUFo79rSfAiEA3YjJrIRoJdmPaQKzArXYSZcMM8HJHAxTGQooOWkar1I=',
  'base64',
)

/** Made by OpenSSL, without alternative names. */
const WITHOUT = Buffer.from(
  'MIIBdzCCAR2gAwIBAgIUc1WdTDiKPdN1hUvzU85iGH7aJFAwCgYIKoZIzj0EAwIwEDEOMAwGA1UEAwwFcGxhaW4wIBcNMjYxMTIxMDQ1MTA3WhgPMjEyNjEwMjgwNDUxMDdaMBAxDjAMBgNVBAMMBXBsYWluMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEX8v7hrElB5CjN9qvhM8kYXd2JnR8u1yIEbG7Wk7XY1E/v0CLTYnjO4iNqytxYd6uTSpvX+gX4cacwB5/82PY1KNTMFEwHQYDVR0OBBYEFN6oiFwZtoee/m55M37EWRhJQG/aMB8GA1UdIwQYMBaAFN6oiFwZtoee/m55M37EWRhJQG/aMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgKUVPaiES+pIeMZddDco8tkX7162XDbITRTGYlnre8OUCIQC6RMH+2OpZHSQLDfpwyRPilDkfLHbzPEYU+2U4qDUwgQ==',
  'base64',
)

const UPN_OID = Uint8Array.of(6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3)

describe('the user principal name of a certificate', () => {
  test('is read from its subject alternative names', () => {
    expect(readCertificateUpn(WITH_UPN)).toBe('alice@ad.test')
  })

  test('may be absent', () => {
    expect(readCertificateUpn(WITHOUT)).toBeUndefined()
  })

  test.each([
    ['nothing', new Uint8Array(0)],
    ['a part of a certificate', WITH_UPN.subarray(0, 100)],
    ['a certificate with something behind it', Buffer.concat([WITH_UPN, Uint8Array.of(0)])],
    ['another structure', Uint8Array.of(0x30, 3, 2, 1, 5)],
    ['a megabyte', new Uint8Array(1 << 20)],
  ])('%s is refused', (_what, octets) => {
    expect(() => readCertificateUpn(octets)).toThrow(MalformedTokenError)
  })

  test.each([
    ['a certificate of many elements', der(0x30, der(0x30, repeated(20_000, 5, 0)))],
    ['alternative names of many elements', withAltNames(repeated(20_000, 0x82, 0))],
    ['a name of many elements', withAltNames(der(0xa0, UPN_OID, der(0xa0, repeated(20_000, 5, 0))))],
    ['a name in a name in a name', withAltNames(der(0xa0, UPN_OID, der(0xa0, nested(1_000))))],
  ])('%s is refused before anybody has much work with it', (_what, octets) => {
    expect(() => readCertificateUpn(octets)).toThrow('expected DER of at most 500 elements, 32 deep')
  })

  test('is that of the first name of its kind, and names stand in one extension', () => {
    const name = (text: string) => der(0xa0, UPN_OID, der(0xa0, der(0x0c, Buffer.from(text))))
    expect(readCertificateUpn(withAltNames(name('a@b'), name('c@d')))).toBe('a@b')
    expect(
      readCertificateUpn(withAltNames(der(0xa0, UPN_OID, der(0xa0, der(0x16, Buffer.from('a@b')))))),
    ).toBeUndefined()
    const twice = der(0xa3, der(0x30, extension(name('a@b')), extension(name('c@d'))))
    expect(() => readCertificateUpn(der(0x30, der(0x30, twice)))).toThrow('Certificate: expected one subjectAltName')
    const latin1 = der(0xa0, UPN_OID, der(0xa0, der(0x0c, Uint8Array.of(0xe9))))
    expect(() => readCertificateUpn(withAltNames(latin1))).toThrow('SubjectAltName: expected UTF-8')
  })

  test('whatever is changed in it, it is the same name, none, or a refusal, unless it is the name that was changed', () => {
    const name = Buffer.from('alice@ad.test')
    const start = WITH_UPN.indexOf(name, WITH_UPN.indexOf(Buffer.from(UPN_OID)))
    const counts = { same: 0, none: 0, refused: 0 }
    for (let at = 0; at < WITH_UPN.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const changed = new Uint8Array(WITH_UPN)
        changed[at] ^= flip
        const within = at >= start && at < start + name.length
        const found = attempt(() => readCertificateUpn(changed))
        if (found instanceof Error) {
          expect(found).toBeInstanceOf(MalformedTokenError)
          counts.refused++
        } else if (within) expect(found).toBe(Buffer.from(changed.subarray(start, start + name.length)).toString())
        else {
          expect([undefined, 'alice@ad.test']).toContain(found)
          counts[found === undefined ? 'none' : 'same']++
        }
      }
    }
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(30)
  })
})

function attempt<T>(action: () => T): T | Error {
  try {
    return action()
  } catch (error) {
    if (error instanceof Error) return error
    throw error
  }
}

function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const contents = Buffer.concat(parts)
  const { length } = contents
  const sized = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Uint8Array.of(tag, ...sized, ...contents)
}

function extension(...names: readonly Uint8Array[]): Uint8Array {
  return der(0x30, Uint8Array.of(6, 3, 0x55, 0x1d, 0x11), der(4, der(0x30, ...names)))
}

function withAltNames(...names: readonly Uint8Array[]): Uint8Array {
  return der(0x30, der(0x30, der(0xa3, der(0x30, extension(...names)))))
}

function repeated(count: number, ...element: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: count * element.length }, (_, index) => element[index % element.length])
}

function nested(depth: number): Uint8Array {
  let octets: Uint8Array = Uint8Array.of(5, 0)
  for (let level = 0; level < depth && octets.length < 1000; level++) octets = der(0x30, octets)
  return octets
}

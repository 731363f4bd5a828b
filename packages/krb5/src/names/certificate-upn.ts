/**
 * Resolves to the user principal name (`alice@ad.test`) among the subject alternative names of an
 * X.509 certificate; to undefined if there is none. Verifies nothing: the caller has verified the
 * certificate before, or a KDC will.
 *
 * The library that reads certificates (asn1js, 23 files) is loaded by the first call: it would be a
 * fifth of what an app that knows no certificates loads.
 *
 * @param certificate DER
 * @throws MalformedTokenError if the octets are not a certificate
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { certificateUpn } from '@s4u/krb5'
 *
 * console.log(await certificateUpn(readFileSync('alice.der'))) // 'alice@ad.test'
 * ```
 */
export async function certificateUpn(certificate: Uint8Array): Promise<string | undefined> {
  const { readCertificateUpn } = await import('./read-certificate-upn.js')
  return readCertificateUpn(certificate)
}

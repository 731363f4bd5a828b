import { createHash } from 'node:crypto'
import type { ReadCertificate } from '../x509/client-certificate.js'
import { directoryText } from '../x509/distinguished-name.js'
import { hexOf, readDer, Tag } from '../x509/read-der.js'

/**
 * A mapping in the directory that may fit more than one certificate: by names, which an authority
 * can write into two certificates, or give to a new person later.
 */
export type WeakMapping = 'upn' | 'issuerAndSubject' | 'subject' | 'rfc822'

export const WEAK_MAPPINGS: readonly WeakMapping[] = ['upn', 'issuerAndSubject', 'subject', 'rfc822']

const SUBJECT_KEY_IDENTIFIER = '2.5.29.14'

/**
 * Returns the values of `altSecurityIdentities` that name a certificate: those that fit no other
 * one (issuer and serial number, subject key identifier, hash), and the weak ones that are
 * permitted.
 *
 * The serial number stands there with its last octet first. `SHA1-PUKEY` is the hash of the
 * certificate for Windows and the hash of the public key for Samba, in spite of its name; both fit
 * no other certificate of another key, so both are looked for. Source: Microsoft KB5014754, MS-ADA1
 * section 2.61.
 */
export function securityIdentitiesOf(
  { certificate, fields }: ReadCertificate,
  weak: readonly WeakMapping[],
): readonly string[] {
  const issuer = directoryText(fields.issuer)
  const subject = directoryText(fields.subject)
  const reversed = hexOf(fields.serialNumber.slice().reverse())
  const keyId = fields.extensions.get(SUBJECT_KEY_IDENTIFIER)?.value
  const values = [
    `X509:<I>${issuer}<SR>${reversed}`,
    ...(keyId === undefined ? [] : [`X509:<SKI>${hexOf(readKeyId(keyId))}`]),
    `X509:<SHA1-PUKEY>${sha1(fields.der)}`,
    `X509:<SHA1-PUKEY>${sha1(fields.publicKeyBits)}`,
  ]
  if (weak.includes('issuerAndSubject')) values.push(`X509:<I>${issuer}<S>${subject}`)
  if (weak.includes('subject')) values.push(`X509:<S>${subject}`)
  if (weak.includes('rfc822')) values.push(...certificate.emails.map((email) => `X509:<RFC822>${email}`))
  return values
}

function readKeyId(value: Uint8Array): Uint8Array {
  return readDer('SubjectKeyIdentifier', value, (reader) => reader.contents(Tag.OCTET_STRING))
}

function sha1(octets: Uint8Array): string {
  return createHash('sha1').update(octets).digest('hex')
}

import { createHash } from 'node:crypto'
import { accountSidOf, NTDS_CA_SECURITY } from './account-sid.js'
import { readAlternativeNames } from './alternative-names.js'
import { formatDistinguishedName } from './distinguished-name.js'
import { eachOf, hexOf, readDer, readOid, Tag } from './read-der.js'
import { readX509, type X509Fields } from './x509-certificate.js'

/** A certificate that a client has shown, in words. */
export interface ClientCertificate {
  /** The certificate in DER. */
  readonly der: Uint8Array
  /** `CN=alice,OU=People,DC=ad,DC=test` (RFC 4514: the person first). */
  readonly subject: string
  readonly issuer: string
  /** Hexadecimal, the most significant octet first, as OpenSSL and Windows show it: `2b00ac11`. */
  readonly serialNumber: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  /** User principal names in the subjectAltName: `alice@ad.test`. */
  readonly upns: readonly string[]
  /** Mail addresses in the subjectAltName. They say who gets mail, not whose account it is. */
  readonly emails: readonly string[]
  readonly uris: readonly string[]
  /** The SID that the authority has put in: `S-1-5-21-…-1104`. */
  readonly sid: string | undefined
  /** Object identifiers of what it may be used for; undefined: for everything. */
  readonly extendedKeyUsage: readonly string[] | undefined
  /** SHA-256 of the certificate, hexadecimal. */
  readonly fingerprint: string
}

/** A certificate in words, and its fields. */
export interface ReadCertificate {
  readonly certificate: ClientCertificate
  readonly fields: X509Fields
}

const SUBJECT_ALT_NAME = '2.5.29.17'
const EXTENDED_KEY_USAGE = '2.5.29.37'

/**
 * Reads what a certificate says; verifies nothing.
 * @throws MalformedTokenError
 */
export function readClientCertificate(der: Uint8Array): ReadCertificate {
  const fields = readX509(der)
  const { extensions } = fields
  const alternative = extensions.get(SUBJECT_ALT_NAME)?.value
  const { upns, emails, uris } = alternative === undefined ? NO_NAMES : readAlternativeNames(alternative)
  const usages = extensions.get(EXTENDED_KEY_USAGE)?.value
  const certificate = Object.freeze({
    der,
    subject: formatDistinguishedName(fields.subject),
    issuer: formatDistinguishedName(fields.issuer),
    serialNumber: hexOf(fields.serialNumber),
    ...{ notBefore: fields.notBefore, notAfter: fields.notAfter },
    ...{ upns: Object.freeze(upns), emails: Object.freeze(emails), uris: Object.freeze(uris) },
    sid: accountSidOf(extensions.get(NTDS_CA_SECURITY)?.value, uris),
    extendedKeyUsage: usages && Object.freeze(readKeyPurposes(usages)),
    fingerprint: createHash('sha256').update(der).digest('hex'),
  })
  return { certificate, fields }
}

const NO_NAMES = { upns: [], emails: [], uris: [] }

/** Source: RFC 5280 section 4.2.1.12. */
function readKeyPurposes(value: Uint8Array): string[] {
  const purposes: string[] = []
  readDer('ExtKeyUsage', value, (reader) => eachOf(reader, Tag.SEQUENCE, () => purposes.push(readOid(reader))))
  return purposes
}

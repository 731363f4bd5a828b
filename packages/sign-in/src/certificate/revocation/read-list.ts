import { X509Certificate } from 'node:crypto'
import { readDer, Tag } from '../x509/read-der.js'
import type { X509Fields } from '../x509/x509-certificate.js'
import { type CertificateStatus, CLOCK_SKEW } from './certificate-status.js'
import { readStatusSources } from './certificate-sources.js'
import { decodeRevocationList, type RevocationList, serialKey } from './revocation-list.js'
import { isSignedBy } from './signed-data.js'

const KEY_USAGE = '2.5.29.15'
const BASIC_CONSTRAINTS = '2.5.29.19'

/**
 * Decodes a list, PEM or DER, and verifies that the authority has signed it.
 * @throws Error with the reason why it does not count
 */
export function openRevocationList(octets: Uint8Array, issuer: X509Fields): RevocationList {
  const list = decodeRevocationList(derOf(octets))
  if (Buffer.compare(list.issuerDer, issuer.subjectDer) !== 0) throw new Error('the list is that of another authority')
  if (!maySignLists(issuer)) throw new Error('the authority may not sign lists')
  if (!isSignedBy(list, new X509Certificate(issuer.der).publicKey))
    throw new Error('the list is not signed by the authority')
  return list
}

/**
 * Looks a certificate up in a list.
 * @throws Error with the reason why the list says nothing about it
 */
export function statusInList(fields: X509Fields, list: RevocationList, now: number): CertificateStatus {
  const { scope, thisUpdate, nextUpdate, revoked } = list
  if (thisUpdate > now + CLOCK_SKEW) throw new Error('the list is of the future')
  if (nextUpdate < now) throw new Error(`the list ended ${new Date(nextUpdate).toISOString()}`)
  if (isAuthority(fields) ? scope.onlyUsers : scope.onlyAuthorities)
    throw new Error('the list is about other kinds of certificates')
  // Where an authority has several lists, a revoked certificate stands only in the list that the
  // certificate itself names.
  if (scope.points !== undefined && !readStatusSources(fields).lists.some((url) => scope.points?.includes(url)))
    throw new Error('the list is one of several, and not that of this certificate')
  return { status: revoked.has(serialKey(fields.serialNumber)) ? 'revoked' : 'good', until: nextUpdate }
}

function derOf(octets: Uint8Array): Uint8Array {
  if (octets[0] !== 0x2d) return octets
  const text = Buffer.from(octets).toString('latin1')
  const inside = /-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/.exec(text)?.[1] ?? ''
  return new Uint8Array(Buffer.from(inside, 'base64'))
}

/** The bit cRLSign. Source: RFC 5280 section 4.2.1.3. */
function maySignLists({ extensions }: X509Fields): boolean {
  const usage = extensions.get(KEY_USAGE)
  if (usage === undefined) return true
  const bits = readDer('KeyUsage', usage.value, (reader) => reader.contents(Tag.BIT_STRING))
  return ((bits[1] ?? 0) & 0x02) !== 0
}

function isAuthority({ extensions, der }: X509Fields): boolean {
  return extensions.has(BASIC_CONSTRAINTS) && new X509Certificate(der).ca
}

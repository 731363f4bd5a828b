import { DerFault, type DerReader } from '@s4u/krb5'
import { constructed, eachOf, readDer, readTime, Tag, wholeElement } from '../x509/read-der.js'
import { readExtensions, type X509Extension } from '../x509/x509-certificate.js'
import { readDistributionPointName } from './certificate-sources.js'
import { readSigned, type SignedData } from './signed-data.js'

/**
 * A certificate revocation list, decoded. asn1js and what is built on it make an object of each
 * octet string: 20,000 entries took 1.6 s, in which the process does nothing else.
 */
export interface RevocationList extends SignedData {
  readonly issuerDer: Uint8Array
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** Serial numbers, each octet one character. */
  readonly revoked: ReadonlySet<string>
  /** Which certificates of the authority the list is about. */
  readonly scope: ListScope
}

export interface ListScope {
  readonly onlyUsers: boolean
  readonly onlyAuthorities: boolean
  /**
   * Where the list is to be had, where an authority has several lists; undefined: it is the only
   * one.
   */
  readonly points: readonly string[] | undefined
}

/** A serial number as `revoked` has it. */
export function serialKey(serialNumber: Uint8Array): string {
  return Buffer.from(serialNumber.buffer, serialNumber.byteOffset, serialNumber.length).toString('latin1')
}

const DELTA = '2.5.29.27'
const ISSUING_DISTRIBUTION_POINT = '2.5.29.28'
const UNDERSTOOD: ReadonlySet<string> = new Set([ISSUING_DISTRIBUTION_POINT, '2.5.29.35', '2.5.29.20', '2.5.29.46'])

/**
 * Decodes a list; verifies nothing. Source: RFC 5280 section 5.
 * @throws MalformedTokenError, also for lists that are no complete ones
 */
export function decodeRevocationList(der: Uint8Array): RevocationList {
  const data = readDer('CertificateList', der, readSigned)
  return { ...data, ...readDer('TBSCertList', data.signed, readList) }
}

function readList(reader: DerReader): Omit<RevocationList, keyof SignedData> {
  const enclosing = reader.enter(Tag.SEQUENCE)
  if (reader.peek() === Tag.INTEGER) reader.skip()
  wholeElement(reader)
  const issuerDer = wholeElement(reader)
  const thisUpdate = readTime(reader)
  // RFC 5280 section 5.1.2.5 demands it: without it a list would be good for ever.
  const nextUpdate = readTime(reader)
  const revoked = new Set<string>()
  if (reader.peek() === Tag.SEQUENCE) eachOf(reader, Tag.SEQUENCE, () => revoked.add(readEntry(reader)))
  const extensions = reader.peek() === constructed(0) ? readTagged(reader) : new Map<string, X509Extension>()
  reader.leave(enclosing)
  return { issuerDer, thisUpdate, nextUpdate, revoked, scope: scopeOf(extensions) }
}

function readEntry(reader: DerReader): string {
  const enclosing = reader.enter(Tag.SEQUENCE)
  const serial = serialKey(reader.contents(Tag.INTEGER))
  readTime(reader)
  if (reader.position < reader.end)
    for (const [oid, { critical }] of readExtensions(reader))
      // The entry of a list for several authorities, among others.
      if (critical) throw new DerFault('entries without critical extensions', oid)
  reader.leave(enclosing)
  return serial
}

function readTagged(reader: DerReader): ReadonlyMap<string, X509Extension> {
  const enclosing = reader.enter(constructed(0))
  const extensions = readExtensions(reader)
  reader.leave(enclosing)
  return extensions
}

function scopeOf(extensions: ReadonlyMap<string, X509Extension>): ListScope {
  for (const [oid, { critical }] of extensions) {
    if (oid === DELTA) throw new DerFault('a complete list', 'one with changes only')
    if (critical && !UNDERSTOOD.has(oid)) throw new DerFault('critical extensions that are known', oid)
  }
  const point = extensions.get(ISSUING_DISTRIBUTION_POINT)
  if (point === undefined) return { onlyUsers: false, onlyAuthorities: false, points: undefined }
  return readDer('IssuingDistributionPoint', point.value, readIssuingPoint)
}

/** Source: RFC 5280 section 5.2.5. */
function readIssuingPoint(reader: DerReader): ListScope {
  const enclosing = reader.enter(Tag.SEQUENCE)
  const points = reader.peek() === constructed(0) ? readDistributionPointName(reader) : undefined
  const onlyUsers = readTaggedFlag(reader, 1)
  const onlyAuthorities = readTaggedFlag(reader, 2)
  if (reader.peek() === 0x83) throw new DerFault('a list for all reasons', 'one for some')
  if (readTaggedFlag(reader, 4)) throw new DerFault('the list of one authority', 'one of several')
  if (readTaggedFlag(reader, 5)) throw new DerFault('a list of certificates', 'one of attribute certificates')
  reader.leave(enclosing)
  return { onlyUsers, onlyAuthorities, points }
}

/** Reads `[number] IMPLICIT BOOLEAN`, which is false where it is missing. */
function readTaggedFlag(reader: DerReader, number: number): boolean {
  if (reader.peek() !== (0x80 | number)) return false
  const contents = reader.contents(0x80 | number)
  return contents.length === 1 && contents[0] !== 0
}

import { DerFault, type DerReader, MalformedTokenError } from '@s4u/krb5'
import { type DistinguishedName, readName } from './distinguished-name.js'
import { constructed, eachOf, readDer, readFlag, readOid, readTime, Tag, wholeElement } from './read-der.js'

/** Larger ones than that are no certificates of people: those with every extension have 4 KB. */
const MAX_OCTETS = 1 << 16

/** The fields of a certificate, as they are, with nothing checked. */
export interface X509Fields {
  readonly der: Uint8Array
  /** The contents of the INTEGER: most significant octet first. */
  readonly serialNumber: Uint8Array
  readonly issuer: DistinguishedName
  readonly subject: DistinguishedName
  /** The same names in DER, for comparing. */
  readonly issuerDer: Uint8Array
  readonly subjectDer: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
  /** SubjectPublicKeyInfo in DER, and the bits of the key in it. */
  readonly publicKeyInfo: Uint8Array
  readonly publicKeyBits: Uint8Array
  readonly extensions: ReadonlyMap<string, X509Extension>
}

export interface X509Extension {
  readonly critical: boolean
  /** The DER that stands in the OCTET STRING. */
  readonly value: Uint8Array
}

/**
 * Reads the fields of a certificate; verifies nothing. Source: RFC 5280 section 4.1.
 * @throws MalformedTokenError
 */
export function readX509(der: Uint8Array): X509Fields {
  if (der.length > MAX_OCTETS)
    throw new MalformedTokenError({
      ...{ path: 'Certificate', expected: `at most ${MAX_OCTETS} octets`, found: `${der.length} octets` },
    })
  return readDer('Certificate', der, (reader) => {
    const enclosing = reader.enter(Tag.SEQUENCE)
    const fields = readTbs(reader)
    wholeElement(reader)
    reader.contents(Tag.BIT_STRING)
    reader.leave(enclosing)
    return { der, ...fields }
  })
}

function readTbs(reader: DerReader): Omit<X509Fields, 'der'> {
  const enclosing = reader.enter(Tag.SEQUENCE)
  if (reader.peek() === constructed(0)) reader.skip()
  const serialNumber = reader.contents(Tag.INTEGER)
  wholeElement(reader)
  const issuer = readBoth(reader)
  const validity = reader.enter(Tag.SEQUENCE)
  const notBefore = readTime(reader)
  const notAfter = readTime(reader)
  reader.leave(validity)
  const subject = readBoth(reader)
  const publicKeyInfo = wholeElement(reader)
  // Unique identifiers of issuer and subject, which nobody uses.
  while (reader.peek() === 0x81 || reader.peek() === 0x82) reader.skip()
  const extensions = reader.peek() === constructed(3) ? readExplicitExtensions(reader) : new Map()
  reader.leave(enclosing)
  return {
    ...{ serialNumber, issuer: issuer.name, subject: subject.name, issuerDer: issuer.der, subjectDer: subject.der },
    ...{ notBefore, notAfter, publicKeyInfo, publicKeyBits: readKeyBits(publicKeyInfo), extensions },
  }
}

function readBoth(reader: DerReader): { readonly name: DistinguishedName; readonly der: Uint8Array } {
  const start = reader.position
  const name = readName(reader)
  return { name, der: reader.bytes.subarray(start, reader.position) }
}

function readKeyBits(publicKeyInfo: Uint8Array): Uint8Array {
  return readDer('SubjectPublicKeyInfo', publicKeyInfo, (reader) => {
    const enclosing = reader.enter(Tag.SEQUENCE)
    wholeElement(reader)
    // The first octet counts the unused bits.
    const bits = reader.contents(Tag.BIT_STRING).subarray(1)
    reader.leave(enclosing)
    return bits
  })
}

function readExplicitExtensions(reader: DerReader): ReadonlyMap<string, X509Extension> {
  const enclosing = reader.enter(constructed(3))
  const extensions = readExtensions(reader)
  reader.leave(enclosing)
  return extensions
}

/**
 * Reads extensions, of which there must be one of each kind: of two, one program would read the
 * first and another the second. Source: RFC 5280 section 4.2.
 */
export function readExtensions(reader: DerReader): ReadonlyMap<string, X509Extension> {
  const extensions = new Map<string, X509Extension>()
  eachOf(reader, Tag.SEQUENCE, () => {
    const enclosing = reader.enter(Tag.SEQUENCE)
    const oid = readOid(reader)
    const extension = { critical: readFlag(reader), value: reader.contents(Tag.OCTET_STRING) }
    reader.leave(enclosing)
    if (extensions.has(oid)) throw new DerFault(`one extension ${oid}`, 'two')
    extensions.set(oid, extension)
  })
  return extensions
}

import { DerFault, DerReader } from './asn1/der.js'
import { MalformedTokenError } from './errors.js'

/** Larger than any real certificate. */
const MAX_OCTETS = 1 << 16

/**
 * The user principal name among the subject alternative names of an X.509 certificate (DER): `alice@ad.test`. Undefined where there is
 * none. Nothing is verified: whoever calls this has done so, or a KDC will.
 *
 * @throws MalformedTokenError for what is not a certificate
 */
export function certificateUpn(certificate: Uint8Array): string | undefined {
  const altNames = readDer('Certificate', certificate, readCertificate)
  return altNames && readDer('SubjectAltName', altNames, readAltNames)
}

/** Certificate, tbsCertificate, [3] EXPLICIT Extensions: the contents of the one that is wanted. Source: RFC 5280 section 4.1. */
function readCertificate(reader: DerReader): Uint8Array | undefined {
  const whole = reader.enter(SEQUENCE)
  const tbsCertificate = reader.enter(SEQUENCE)
  while (reader.position < reader.end && reader.peek() !== EXTENSIONS) reader.skip()
  const altNames = reader.position < reader.end ? readExtensions(reader) : undefined
  reader.leave(tbsCertificate)
  while (reader.position < reader.end) reader.skip()
  reader.leave(whole)
  return altNames
}

/** `SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }`, each once. */
function readExtensions(reader: DerReader): Uint8Array | undefined {
  let altNames: Uint8Array | undefined
  const tagged = reader.enter(EXTENSIONS)
  const list = reader.enter(SEQUENCE)
  while (reader.position < reader.end) {
    const extension = reader.enter(SEQUENCE)
    const wanted = sameOctets(reader.contents(OBJECT_IDENTIFIER), SUBJECT_ALT_NAME)
    if (reader.peek() === BOOLEAN) reader.skip()
    const value = reader.contents(OCTET_STRING)
    // With two of them, one program would look at the first and another at the second.
    if (wanted && altNames !== undefined) throw new DerFault('one subjectAltName', 'a second one')
    if (wanted) altNames = value
    reader.leave(extension)
  }
  reader.leave(list)
  reader.leave(tagged)
  return altNames
}

/** GeneralNames: the first that is a user principal name. Source: RFC 5280 section 4.2.1.6. */
function readAltNames(reader: DerReader): string | undefined {
  let upn: string | undefined
  const list = reader.enter(SEQUENCE)
  while (reader.position < reader.end) {
    if (upn === undefined && reader.peek() === OTHER_NAME) upn = readOtherName(reader)
    else reader.skip()
  }
  reader.leave(list)
  return upn
}

/** `[0] SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }`, implicitly tagged; the value is a UTF8String. */
function readOtherName(reader: DerReader): string | undefined {
  let text: string | undefined
  const otherName = reader.enter(OTHER_NAME)
  const wanted = sameOctets(reader.contents(OBJECT_IDENTIFIER), NT_PRINCIPAL_NAME)
  const value = reader.enter(VALUE)
  if (wanted && reader.peek() === UTF8_STRING) text = textOf(reader.contents(UTF8_STRING))
  else reader.skip()
  reader.leave(value)
  reader.leave(otherName)
  return text
}

function textOf(octets: Uint8Array): string {
  try {
    return decoder.decode(octets)
  } catch {
    throw new DerFault('UTF-8', 'other octets')
  }
}

function readDer<T>(path: string, octets: Uint8Array, read: (reader: DerReader) => T): T {
  try {
    if (octets.length > MAX_OCTETS) throw new DerFault(`at most ${MAX_OCTETS} octets`, `${octets.length}`)
    const reader = new DerReader(octets)
    const value = read(reader)
    if (reader.position !== octets.length) throw new DerFault('the end', 'more octets')
    return value
  } catch (fault) {
    if (!(fault instanceof DerFault)) throw fault
    throw new MalformedTokenError({ path, expected: fault.expected, found: fault.found })
  }
}

function sameOctets(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((octet, index) => octet === right[index])
}

/** id-ce-subjectAltName, 2.5.29.17. Source: RFC 5280 section 4.2.1.6. */
const SUBJECT_ALT_NAME = Uint8Array.of(0x55, 0x1d, 0x11)

/** szOID_NT_PRINCIPAL_NAME, 1.3.6.1.4.1.311.20.2.3. Source: MS-WCCE section 2.2.2.7.5. */
const NT_PRINCIPAL_NAME = Uint8Array.of(0x2b, 6, 1, 4, 1, 0x82, 0x37, 0x14, 2, 3)

const SEQUENCE = 0x30
const OBJECT_IDENTIFIER = 0x06
const BOOLEAN = 0x01
const OCTET_STRING = 0x04
const EXTENSIONS = 0xa3
const OTHER_NAME = 0xa0
const VALUE = 0xa0
const UTF8_STRING = 0x0c

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

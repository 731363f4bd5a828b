import { Constructed, fromBER, ObjectIdentifier, OctetString, Sequence, Utf8String } from 'asn1js'
import { MalformedTokenError } from '../errors/errors.js'

/** Source: RFC 5280 section 4.2.1.6. */
const SUBJECT_ALT_NAME = '2.5.29.17'

/**
 * The object identifier of a user principal name, szOID_NT_PRINCIPAL_NAME. Source: MS-WCCE section
 * 2.2.2.7.5.
 */
const NT_PRINCIPAL_NAME = '1.3.6.1.4.1.311.20.2.3'

/**
 * Several times what certificates of public authorities need. asn1js makes an object of each
 * element and has a limit of ten thousand: for five thousand, in 10 KB, it took 89 ms.
 */
const LIMITS = { octets: 1 << 16, elements: 500, depth: 32 }

/** Does what `certificateUpn` says. @throws MalformedTokenError */
export function readCertificateUpn(certificate: Uint8Array): string | undefined {
  try {
    return findUpn(certificate)
  } catch (error) {
    if (error instanceof MalformedTokenError) throw error
    // asn1js reads lazily, and throws errors of its own from anywhere in its code.
    throw malformed('Certificate', 'DER', error)
  }
}

function findUpn(certificate: Uint8Array): string | undefined {
  const extensions = extensionsOf(read(certificate, 'Certificate'))
  const [extension, second] = extensions.filter(([oid]) => isOid(oid, SUBJECT_ALT_NAME))
  // With two of them, one program would read the first and another program the second.
  if (second !== undefined) throw malformed('Certificate', 'one subjectAltName')
  const altNames = extension?.at(-1)
  if (!(altNames instanceof OctetString)) return undefined
  for (const name of childrenOf(read(altNames.valueBlock.valueHexView, 'SubjectAltName'))) {
    const upn = otherName(name)
    if (upn !== undefined) return upn
  }
  return undefined
}

/**
 * Returns the extensions: Certificate, tbsCertificate, [3] EXPLICIT Extensions. Source: RFC 5280
 * section 4.1.
 */
function extensionsOf(certificate: unknown): readonly (readonly unknown[])[] {
  const [tbs] = childrenOf(certificate)
  if (!(tbs instanceof Sequence)) throw malformed('Certificate', 'a sequence of a sequence')
  const wrapper = childrenOf(tbs).find((child) => isContext(child, 3))
  return childrenOf(childrenOf(wrapper)[0]).map(childrenOf)
}

/**
 * Reads `[0] SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }`, which is implicitly
 * tagged. Source: RFC 5280 section 4.2.1.6.
 */
function otherName(name: unknown): string | undefined {
  if (!isContext(name, 0)) return undefined
  const [oid, value] = childrenOf(name)
  if (!isOid(oid, NT_PRINCIPAL_NAME)) return undefined
  const [text] = childrenOf(value)
  return text instanceof Utf8String ? textOf(text.valueBlock.valueHexView) : undefined
}

/** `getValue()` of asn1js is not used: it makes some text of octets that are not UTF-8. */
function textOf(octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch (cause) {
    throw malformed('SubjectAltName', 'UTF-8', cause)
  }
}

function childrenOf(node: unknown): readonly unknown[] {
  return node instanceof Sequence || node instanceof Constructed ? node.valueBlock.value : []
}

function isContext(node: unknown, number: number): boolean {
  return node instanceof Constructed && node.idBlock.tagClass === CONTEXT_SPECIFIC && node.idBlock.tagNumber === number
}

/** The number that asn1js gives to this class of tags. */
const CONTEXT_SPECIFIC = 3

function isOid(node: unknown, oid: string): boolean {
  return node instanceof ObjectIdentifier && node.getValue() === oid
}

function read(octets: Uint8Array, path: string): unknown {
  if (octets.length > LIMITS.octets) throw malformed(path, `at most ${LIMITS.octets} octets`)
  const { offset, result } = fromBER(new Uint8Array(octets), { maxNodes: LIMITS.elements, maxDepth: LIMITS.depth })
  if (offset !== octets.length || result.error !== '')
    throw malformed(path, `DER of at most ${LIMITS.elements} elements, ${LIMITS.depth} deep`)
  return result
}

function malformed(path: string, expected: string, cause?: unknown): MalformedTokenError {
  return new MalformedTokenError({ path, expected, found: 'something else', cause })
}

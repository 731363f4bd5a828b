import { constants, type KeyObject, verify } from 'node:crypto'
import { DerFault, type DerReader } from '@s4u/krb5'
import { constructed, readDer, readOid, Tag, wholeElement } from '../x509/read-der.js'

/** What somebody has signed: `tbs` with the algorithm, and the signature. */
export interface SignedData {
  readonly signed: Uint8Array
  /** AlgorithmIdentifier in DER. */
  readonly algorithm: Uint8Array
  readonly signature: Uint8Array
}

/**
 * Hashes of the algorithms that count. SHA-1 and MD5 do not: others can make a second text for one.
 */
const HASHES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.11', 'sha256'],
  ['1.2.840.113549.1.1.12', 'sha384'],
  ['1.2.840.113549.1.1.13', 'sha512'],
  ['1.2.840.10045.4.3.2', 'sha256'],
  ['1.2.840.10045.4.3.3', 'sha384'],
  ['1.2.840.10045.4.3.4', 'sha512'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
])

const RSASSA_PSS = '1.2.840.113549.1.1.10'
const ED25519 = '1.3.101.112'

/**
 * Returns whether a key has signed the data. An algorithm that is not trusted has signed nothing.
 */
export function isSignedBy({ signed, algorithm, signature }: SignedData, key: KeyObject): boolean {
  const chosen = readDer('AlgorithmIdentifier', algorithm, readAlgorithm)
  if (chosen === undefined) return false
  const { hash, isPss } = chosen
  // A key of another kind than the algorithm throws.
  try {
    if (!isPss) return verify(hash, signed, key, signature)
    const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_AUTO: saltLength } = constants
    return verify(hash, signed, { key, padding, saltLength }, signature)
  } catch {
    return false
  }
}

interface Algorithm {
  /** Null where the algorithm hashes by itself. */
  readonly hash: string | null
  readonly isPss: boolean
}

function readAlgorithm(reader: DerReader): Algorithm | undefined {
  const enclosing = reader.enter(Tag.SEQUENCE)
  const oid = readOid(reader)
  const pssHash = oid === RSASSA_PSS ? readPssHash(reader) : undefined
  reader.position = reader.end
  reader.leave(enclosing)
  if (oid === ED25519) return { hash: null, isPss: false }
  const hash = oid === RSASSA_PSS ? pssHash : oid.startsWith('1.2.840.') ? HASHES.get(oid) : undefined
  return hash === undefined ? undefined : { hash, isPss: oid === RSASSA_PSS }
}

/** Source: RFC 4055 section 3.1. Without a hash it is SHA-1. */
function readPssHash(reader: DerReader): string | undefined {
  const parameters = reader.enter(Tag.SEQUENCE)
  if (reader.peek() !== constructed(0)) return undefined
  const tagged = reader.enter(constructed(0))
  const inner = reader.enter(Tag.SEQUENCE)
  const hash = HASHES.get(readOid(reader))
  reader.position = reader.end
  reader.leave(inner)
  reader.leave(tagged)
  reader.position = reader.end
  reader.leave(parameters)
  return hash
}

/**
 * Reads `SEQUENCE { tbs, AlgorithmIdentifier, BIT STRING }`, the form of all that is signed in
 * X.509.
 */
export function readSigned(reader: DerReader): SignedData {
  const enclosing = reader.enter(Tag.SEQUENCE)
  const data = readSignedParts(reader)
  reader.leave(enclosing)
  return data
}

/** Reads the same three in a SEQUENCE that goes on behind them. */
export function readSignedParts(reader: DerReader): SignedData {
  const signed = wholeElement(reader)
  const algorithm = wholeElement(reader)
  const bits = reader.contents(Tag.BIT_STRING)
  if (bits[0] !== 0) throw new DerFault('a signature of whole octets', 'another')
  return { signed, algorithm, signature: bits.subarray(1) }
}

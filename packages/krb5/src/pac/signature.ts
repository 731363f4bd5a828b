import { ByteReader } from '../bytes/byte-reader.js'
import { ByteWriter } from '../bytes/byte-writer.js'
import type { Key } from '../crypto/key.js'
import { RejectedTokenError } from '../errors/errors.js'
import type { PlacedBuffer } from './container.js'
import { pacBufferTypeName } from './buffers/buffer-type.js'

/** PAC_SIGNATURE_DATA: the contents of the buffers 6, 7, 16 and 19. MS-PAC section 2.8. */
export interface PacSignature {
  /** The checksum type, as a signed number: -138, 15, 16, 19, 20. */
  readonly signatureType: number
  readonly signature: Uint8Array
  /** The number of the read-only domain controller that signed; undefined if a full one did. */
  readonly rodcIdentifier: number | undefined
}

/**
 * Reads PAC_SIGNATURE_DATA.
 *
 * @throws MalformedTokenError
 */
export function decodePacSignature(bytes: Uint8Array, path = 'PAC.SERVER_CHECKSUM'): PacSignature {
  const reader = new ByteReader(bytes, path)
  const signatureType = reader.i32le('SignatureType')
  // With an unknown type, everything that follows is the signature. Nobody can verify it anyway.
  const length = SIGNATURE_LENGTHS.get(signatureType) ?? reader.remaining
  const signature = reader.bytes(length, 'Signature')
  const rodcIdentifier = reader.remaining >= 2 ? reader.u16le('RODCIdentifier') : undefined
  reader.expectEnd()
  return { signatureType, signature, rodcIdentifier }
}

export function encodePacSignature({ signatureType, signature, rodcIdentifier }: PacSignature): Uint8Array {
  const writer = new ByteWriter(6 + signature.length).u32le(signatureType).bytes(signature)
  return (rodcIdentifier === undefined ? writer : writer.u16le(rodcIdentifier)).toBytes()
}

/**
 * Makes a signature of zeros, to be filled in later, of the length that signatures with this key
 * have.
 */
export function blankPacSignature(key: Key, rodcIdentifier?: number): PacSignature {
  const signatureType = key.checksumType
  const signature = new Uint8Array(SIGNATURE_LENGTHS.get(signatureType) ?? 0)
  return { signatureType, signature, rodcIdentifier }
}

/** Enough for a user in some hundred groups. */
const SPARE_SIZE = 8_192

/**
 * One buffer serves the PACs one after the other: allocating would cost each of them as much as
 * signing it.
 */
const spare = new Uint8Array(SPARE_SIZE)

/**
 * Returns the PAC with some signatures zeroed: everything behind the type, RODCIdentifier included.
 * The octets are valid until the next call. MS-PAC section 2.8.1.
 */
export function withSignaturesZeroed(
  pac: Uint8Array,
  buffers: readonly PlacedBuffer[],
  types: readonly number[],
): Uint8Array {
  const copy = pac.length > SPARE_SIZE ? new Uint8Array(pac.length) : spare.subarray(0, pac.length)
  copy.set(pac)
  for (const { type, offset, data } of buffers) {
    if (types.includes(type)) copy.fill(0, offset + SIGNATURE_TYPE_LENGTH, offset + data.length)
  }
  return copy
}

/**
 * Verifies one signature of a PAC over `data`.
 *
 * The key decides which checksum type it must be. A peer that may name the type may name one
 * without a key (CVE-2018-16860, CVE-2016-2126).
 *
 * @throws RejectedTokenError KRB_AP_ERR_MODIFIED; KRB_AP_ERR_INAPP_CKSUM for a checksum type that
 * does not belong to the key
 */
export function verifyPacSignature(key: Key, type: number, found: PacSignature | undefined, data: Uint8Array): void {
  const name = pacBufferTypeName(type)
  if (found === undefined) {
    throw new RejectedTokenError(`The PAC has no ${name}`, {
      code: 'KRB_AP_ERR_MODIFIED',
      hint: 'Every PAC of a KDC carries it; a PAC that lost it has been changed, or comes from a KDC without the updates of 2022.',
    })
  }
  if (found.signatureType !== key.checksumType) {
    const types = `${found.signatureType}, but the key signs with ${key.checksumType}`
    throw new RejectedTokenError(`The ${name} of the PAC is of checksum type ${types}`, {
      code: 'KRB_AP_ERR_INAPP_CKSUM',
      hint: 'Verify with the key that opened the ticket. If it was that key, the PAC has been forged.',
    })
  }
  try {
    key.verifyChecksum(PAC_KEY_USAGE, data, found.signature)
  } catch (cause) {
    if (!(cause instanceof RejectedTokenError)) throw cause
    throw new RejectedTokenError(`The ${name} of the PAC does not match`, {
      code: 'KRB_AP_ERR_MODIFIED',
      hint: 'The PAC has been changed after it was signed, or was signed with another key.',
      cause,
    })
  }
}

/** KERB_NON_KERB_CKSUM_SALT: the key usage of every signature of a PAC. MS-PAC section 2.8. */
export const PAC_KEY_USAGE = 17

const SIGNATURE_TYPE_LENGTH = 4

/**
 * The length of a signature by its checksum type: RFC 3961 section 6.1.3, RFC 3962 section 7, RFC
 * 6803 section 9, RFC 8009 section 8, RFC 4757 section 4.
 */
const SIGNATURE_LENGTHS: ReadonlyMap<number, number> = new Map([
  [15, 12],
  [16, 12],
  [17, 16],
  [18, 16],
  [19, 16],
  [20, 24],
  [-138, 16],
])

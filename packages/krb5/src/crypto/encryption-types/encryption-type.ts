import { RejectedTokenError } from '../../errors/errors.js'

/** Everything that is known about one encryption type (RFC 3961 section 3). Nothing else switches on the number. */
export interface EncryptionType {
  readonly etype: number
  /** As registered with IANA: `aes256-cts-hmac-sha1-96`. */
  readonly name: string
  readonly aliases: readonly string[]
  /** Too weak to be used unless a configuration names it (RFC 8429). */
  readonly weak: boolean
  /** Octets of a protocol key, and of the seed of one (random-to-key is the identity for every type here). */
  readonly keyLength: number
  readonly confounderLength: number
  /** Octets of the checksum, both in a ciphertext and alone. */
  readonly checksumLength: number
  /** The mandatory keyed checksum type (RFC 3961 section 4). */
  readonly checksumType: number
  /** PBKDF2 iterations when a KDC names none; undefined where string-to-key knows no iterations. */
  readonly defaultIterations: number | undefined
  /** `iterations` have been judged already; see string-to-key.ts. */
  stringToKey(password: string, salt: Uint8Array, iterations: number): Promise<Uint8Array>
  /** Copies what it keeps of `value`, which has the right length. */
  protocolKey(value: Uint8Array): ProtocolKey
}

/** A base key, from which the specific keys are derived (RFC 3961 section 3, "protocol key"). */
export interface ProtocolKey {
  specificKey(usage: number): SpecificKey
  /** The pseudo-random function of RFC 3961 section 3. */
  prf(input: Uint8Array): Uint8Array
  wipe(): void
}

/** What one key does for one key usage number (RFC 3961 section 3, "specific key"). */
export interface SpecificKey {
  seal(confounder: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** The plaintext, or a RejectedTokenError; nothing of a plaintext whose checksum is wrong. */
  open(ciphertext: Uint8Array): Uint8Array
  checksum(data: Uint8Array): Uint8Array
  wipe(): void
}

/** A ciphertext that this key did not make, or that somebody changed. Says no more: the reason would be an oracle. */
export function badIntegrity(): RejectedTokenError {
  return new RejectedTokenError('the ciphertext does not verify under this key', {
    code: 'KRB_AP_ERR_BAD_INTEGRITY',
    hint: 'The key is not the one it was sealed with (an old key version, or another account holds the name), or the octets were changed on the way.',
  })
}

/** The octets of a key usage number and of one more octet that tells what the derived key is for. */
export function usageConstant(usage: number, purpose: number): Uint8Array {
  const constant = new Uint8Array(5)
  for (let i = 0; i < 4; i++) constant[i] = usage >>> (24 - 8 * i)
  constant[4] = purpose
  return constant
}

/** RFC 3961 section 5.3: the last octet of the constants for Kc, Ke and Ki. */
export const CHECKSUM_KEY = 0x99
export const ENCRYPTION_KEY = 0xaa
export const INTEGRITY_KEY = 0x55

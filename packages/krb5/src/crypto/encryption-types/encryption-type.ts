import { RejectedTokenError } from '../../errors/errors.js'

/**
 * Everything that is known about one encryption type (RFC 3961 section 3). No other code switches
 * on the number.
 */
export interface EncryptionType {
  readonly etype: number
  /** The name that IANA has registered: `aes256-cts-hmac-sha1-96`. */
  readonly name: string
  readonly aliases: readonly string[]
  /** True for a type that is too weak to be used unless a configuration names it (RFC 8429). */
  readonly weak: boolean
  /**
   * The octets of a protocol key, and of the seed of one (random-to-key changes nothing for every
   * type here).
   */
  readonly keyLength: number
  readonly confounderLength: number
  /** The octets of the checksum, in a ciphertext and by itself. */
  readonly checksumLength: number
  /** The mandatory keyed checksum type (RFC 3961 section 4). */
  readonly checksumType: number
  /** Whether the checksum of a ciphertext may cover octets that go in clear (`Covered`). */
  readonly coversMore?: true
  /** The PBKDF2 iterations if a KDC names none; undefined if the type has no iterations. */
  readonly defaultIterations: number | undefined
  /**
   * Makes the octets of a key from a password. The caller has checked `iterations`
   * (string-to-key.ts).
   */
  stringToKey(password: string, salt: Uint8Array, iterations: number): Promise<Uint8Array>
  /** Makes a key from octets of the right length, and copies what it keeps of them. */
  protocolKey(value: Uint8Array): ProtocolKey
}

/** A base key, from which the specific keys are derived (RFC 3961 section 3, "protocol key"). */
export interface ProtocolKey {
  specificKey(usage: number): SpecificKey
  /** The pseudo-random function of RFC 3961 section 3. */
  prf(input: Uint8Array): Uint8Array
  wipe(): void
}

/**
 * Returns what a checksum covers in place of the plaintext: all of it, with octets between that go
 * in clear. The headers of DCE/RPC are signed so (MS-RPCE section 2.2.2.3).
 */
export type Covered = (plaintext: Uint8Array) => Uint8Array

/** What one key does for one key usage number (RFC 3961 section 3, "specific key"). */
export interface SpecificKey {
  seal(confounder: Uint8Array, plaintext: Uint8Array, covered?: Covered): Uint8Array
  /**
   * Returns the plaintext, or throws a RejectedTokenError. Nothing of a plaintext with a wrong
   * checksum gets out.
   */
  open(ciphertext: Uint8Array, covered?: Covered): Uint8Array
  checksum(data: Uint8Array): Uint8Array
  wipe(): void
}

/**
 * Makes the error for a ciphertext that was not made with this key, or was changed. It does not say
 * which: the reason would tell an attacker something about the plaintext (an oracle).
 */
export function badIntegrity(): RejectedTokenError {
  return new RejectedTokenError('the ciphertext does not verify under this key', {
    code: 'KRB_AP_ERR_BAD_INTEGRITY',
    hint: 'The key is not the one it was sealed with (an old key version, or another account holds the name), or the octets were changed on the way.',
  })
}

/**
 * Returns the octets of a key usage number, and one more octet that tells what the derived key is
 * for.
 */
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

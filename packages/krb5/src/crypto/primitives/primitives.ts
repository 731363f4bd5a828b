/**
 * The few primitives from which everything in the folder `crypto` is built.
 *
 * `#primitives` is `node.ts` on Node and `noble.ts` elsewhere. Both must give the same results,
 * octet for octet.
 */

export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'

/**
 * Hashes without a key. Some of them are used only in signatures of certificates, and by nothing in
 * Kerberos. FIPS 180-4, FIPS 202.
 */
export type DigestName =
  | HashName
  | 'sha224'
  | 'sha512-224'
  | 'sha512-256'
  | 'sha3-224'
  | 'sha3-256'
  | 'sha3-384'
  | 'sha3-512'

/**
 * Returns that many octets of fresh randomness. It is passed in wherever a confounder or a key is
 * made, so that tests can repeat themselves.
 */
export type RandomSource = (length: number) => Uint8Array

/** A 128-bit block cipher in CBC mode without padding, with one key. */
export interface CbcCipher {
  /** Encrypts whole blocks. The implementation may overwrite `blocks`. */
  encrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array
  /** Decrypts whole blocks. The result belongs to the caller; `blocks` stays as it was. */
  decrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array
  /** Forgets the key. */
  wipe(): void
}

export interface Primitives {
  /** Hashes data that is not secret: the platform may keep copies of the result. */
  digest(hash: DigestName, data: Uint8Array): Uint8Array
  /** Computes HMAC (RFC 2104) over `first`, followed by `second` if there is one. */
  hmac(hash: HashName, key: Uint8Array, first: Uint8Array, second?: Uint8Array): Uint8Array
  /**
   * Computes the same for a result that is sent, or compared with one that was received: the
   * platform may keep copies of it.
   */
  mac(hash: HashName, key: Uint8Array, first: Uint8Array, second?: Uint8Array): Uint8Array
  /**
   * Computes PBKDF2 (RFC 8018 section 5.2), outside of the event loop where the platform can do
   * that.
   */
  pbkdf2(
    hash: HashName,
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ): Promise<Uint8Array>
  randomBytes: RandomSource
  /** Compares two arrays of the same length in a time that does not depend on their octets. */
  sameOctets(a: Uint8Array, b: Uint8Array): boolean
  /** Returns AES with a key of 16 or 32 octets, which is copied. */
  aesCbc(key: Uint8Array): CbcCipher
  /** Returns Camellia (RFC 3713) with a key of 16 or 32 octets, which is copied. */
  camelliaCbc(key: Uint8Array): CbcCipher
}

/** The block size of AES and of Camellia, in octets. */
export const BLOCK = 16

/**
 * Kerberos starts every CBC chain from zero (RFC 3961 section 5.3); the confounder does what an IV
 * would do.
 */
export const ZERO_IV: Uint8Array = new Uint8Array(BLOCK)

/**
 * Throws if the octets are not whole blocks: CBC without padding takes no others. That would be a
 * mistake in this package, never one of the peer.
 */
export function requireWholeBlocks(blocks: Uint8Array): void {
  if (blocks.length === 0 || blocks.length % BLOCK !== 0) throw new RangeError('CBC takes whole blocks')
}

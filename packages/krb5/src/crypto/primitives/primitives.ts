/**
 * The few primitives that everything in this folder is built from.
 *
 * `#primitives` resolves to `node.ts` on Node and to `noble.ts` elsewhere; both must answer alike, octet for octet.
 */

export type HashName = 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'

/** Hashes that nothing of Kerberos is keyed with, and certificates are signed with. FIPS 180-4, FIPS 202. */
export type DigestName =
  | HashName
  | 'sha224'
  | 'sha512-224'
  | 'sha512-256'
  | 'sha3-224'
  | 'sha3-256'
  | 'sha3-384'
  | 'sha3-512'

/** Octets of fresh randomness. Passed in wherever a confounder or a key is made, so that tests can repeat themselves. */
export type RandomSource = (length: number) => Uint8Array

/** A 128-bit block cipher in CBC mode without padding, under one key. */
export interface CbcCipher {
  /** Encrypts whole blocks. `blocks` is scratch: the implementation may write over it. */
  encrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array
  /** Decrypts whole blocks. The result belongs to the caller; `blocks` is left as it was. */
  decrypt(iv: Uint8Array, blocks: Uint8Array): Uint8Array
  /** Forgets the key. */
  wipe(): void
}

export interface Primitives {
  /** Of what is no secret: the platform may keep copies of the result. */
  digest(hash: DigestName, data: Uint8Array): Uint8Array
  /** HMAC (RFC 2104) over `first`, followed by `second` when there is one. */
  hmac(hash: HashName, key: Uint8Array, first: Uint8Array, second?: Uint8Array): Uint8Array
  /** The same for what is sent, or compared with what came: the platform may keep copies of the result. */
  mac(hash: HashName, key: Uint8Array, first: Uint8Array, second?: Uint8Array): Uint8Array
  /** PBKDF2 (RFC 8018 section 5.2), away from the event loop where the platform can do that. */
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
  /** AES with a key of 16 or 32 octets, which is copied. */
  aesCbc(key: Uint8Array): CbcCipher
  /** Camellia (RFC 3713) with a key of 16 or 32 octets, which is copied. */
  camelliaCbc(key: Uint8Array): CbcCipher
}

/** The block size of AES and of Camellia. */
export const BLOCK = 16

/** Kerberos starts every CBC chain from zero (RFC 3961 section 5.3); the confounder does what an IV would. */
export const ZERO_IV: Uint8Array = new Uint8Array(BLOCK)

/** A programming error of this package, never one of the peer: CBC without padding takes whole blocks only. */
export function requireWholeBlocks(blocks: Uint8Array): void {
  if (blocks.length === 0 || blocks.length % BLOCK !== 0) throw new RangeError('CBC takes whole blocks')
}

import { primitives } from '#primitives'
import { ConfigurationError, MalformedTokenError, RejectedTokenError } from '../errors/errors.js'
import { equalInConstantTime, requireSameChecksum } from './algorithms/constant-time.js'
import { encryptionTypeName, findEncryptionType, requireEncryptionType } from './registry.js'
import { stringToKey } from './string-to-key.js'
import type { Covered, EncryptionType, ProtocolKey, SpecificKey } from './encryption-types/encryption-type.js'
import type { RandomSource } from './primitives/primitives.js'
import type { IterationLimits } from './string-to-key.js'

export type { RandomSource } from './primitives/primitives.js'

/**
 * The number of key usages for which a key keeps its derived keys; the oldest is dropped first. The
 * key of a service is used for usage 2, and 17 for the PAC; a session key for 11 and 12, and for
 * four more in a security context.
 */
const MAX_SPECIFIC_KEYS = 8

/** Most keys are made and never used: subkeys of contexts in which no messages are sent. */
const NONE: readonly never[] = []

/**
 * A Kerberos key (RFC 4120 section 5.2.9, EncryptionKey) and what can be done with it (RFC 3961
 * section 3).
 *
 * The octets are private: printing, JSON and structuredClone show only the encryption type.
 * Everything but the constructor, `etype`, `equals` and `exposeSecretBytes` throws
 * ConfigurationError KDC_ERR_ETYPE_NOSUPP for a type that is unknown or refused. After `wipe()`
 * everything throws ConfigurationError KRB5_KEY_WIPED.
 *
 * @example
 * ```ts
 * import { Key, KeyUsage } from '@s4u/krb5'
 *
 * const key = Key.random(18)
 * const sealed = key.seal(KeyUsage.TICKET, new TextEncoder().encode('hello'))
 * console.log(key, key.open(KeyUsage.TICKET, sealed).length) // Key(aes256-cts-hmac-sha1-96) 5
 * ```
 */
export class Key {
  readonly etype: number
  readonly #value: Uint8Array
  /** Oldest first. */
  #specificKeys: readonly { readonly usage: number; readonly key: SpecificKey }[] = NONE
  #protocolKey: ProtocolKey | undefined
  #wiped = false

  /**
   * Copies `value`. A key of an unknown type may be held (many keytabs have some), but not used.
   *
   * @throws MalformedTokenError if the length is not that of the encryption type
   */
  constructor(etype: number, value: Uint8Array) {
    const expected = findEncryptionType(etype)?.keyLength
    if (expected !== undefined && value.length !== expected) {
      throw new MalformedTokenError({
        path: 'EncryptionKey.keyvalue',
        expected: `${expected} octets for ${encryptionTypeName(etype)}`,
        found: `${value.length} octets`,
      })
    }
    this.etype = etype
    this.#value = new Uint8Array(value)
  }

  /** Makes a fresh key. */
  static random(etype: number, random: RandomSource = primitives.randomBytes): Key {
    return new Key(etype, random(requireEncryptionType(etype).keyLength))
  }

  /**
   * Makes the key that belongs to a password. On Node this does not block the event loop.
   *
   * @param s2kparams the octets of ETYPE-INFO2-ENTRY (RFC 4120 section 5.2.7.5)
   * @throws RejectedTokenError KRB5_ERR_BAD_S2K_PARAMS if they ask for fewer or more iterations
   * than `limits` allow
   */
  static async fromPassword(
    etype: number,
    password: string,
    salt: Uint8Array | string,
    s2kparams?: Uint8Array,
    limits?: IterationLimits,
  ): Promise<Key> {
    const value = await stringToKey(requireEncryptionType(etype), password, salt, s2kparams, limits)
    const key = new Key(etype, value)
    value.fill(0)
    return key
  }

  get encryptionType(): EncryptionType {
    return requireEncryptionType(this.etype)
  }

  /** The mandatory keyed checksum type of the encryption type: 15 for aes128-cts-hmac-sha1-96. */
  get checksumType(): number {
    return this.encryptionType.checksumType
  }

  /**
   * Encrypts (RFC 3961 section 3, "encrypt"). The ciphertext is longer than `plaintext` by
   * confounder and checksum.
   *
   * @param covered what the checksum covers in place of the plaintext; for AES with SHA-1 alone.
   * Others throw ConfigurationError KDC_ERR_ETYPE_NOSUPP
   */
  seal(
    usage: number,
    plaintext: Uint8Array,
    random: RandomSource = primitives.randomBytes,
    covered?: Covered,
  ): Uint8Array {
    const { confounderLength } = this.encryptionType
    const confounder = random(confounderLength)
    if (confounder.length !== confounderLength) throw new ConfigurationError('the random source gave too few octets')
    if (covered !== undefined) this.#requireCoversMore()
    return this.#specific(usage).seal(confounder, plaintext, covered)
  }

  /**
   * Decrypts and verifies a ciphertext, and returns the plaintext.
   *
   * @throws RejectedTokenError KRB_AP_ERR_BAD_INTEGRITY if the ciphertext was not made with this
   * key for this usage, or is too short
   * @param covered as it was sealed
   */
  open(usage: number, ciphertext: Uint8Array, covered?: Covered): Uint8Array {
    if (covered !== undefined) this.#requireCoversMore()
    return this.#specific(usage).open(ciphertext, covered)
  }

  /** Computes the keyed checksum of type `checksumType`. */
  checksum(usage: number, data: Uint8Array): Uint8Array {
    return this.#specific(usage).checksum(data)
  }

  /**
   * Throws unless `checksum` is the checksum of `data`.
   *
   * @throws RejectedTokenError KRB_AP_ERR_MODIFIED
   */
  verifyChecksum(usage: number, data: Uint8Array, checksum: Uint8Array): void {
    requireSameChecksum(this.checksum(usage, data), checksum, modified)
  }

  /**
   * Computes the pseudo-random function of RFC 3961 section 3. The number of octets depends on the
   * type.
   */
  prf(input: Uint8Array): Uint8Array {
    return this.#protocol().prf(input)
  }

  /** Tells whether both are the same key, in constant time. */
  equals(other: Key): boolean {
    return this.etype === other.etype && equalInConstantTime(this.#octets(), other.#octets())
  }

  /** Returns a copy of the secret octets. The caller is responsible for where they go. */
  exposeSecretBytes(): Uint8Array {
    return this.#octets().slice()
  }

  /**
   * Overwrites the key, and everything that was derived from it, with zeros. The key cannot be used
   * any more.
   */
  wipe(): void {
    this.#wiped = true
    this.#value.fill(0)
    for (const { key } of this.#specificKeys) key.wipe()
    this.#specificKeys = NONE
    this.#protocolKey?.wipe()
    this.#protocolKey = undefined
  }

  toString(): string {
    return `Key(${encryptionTypeName(this.etype)})`
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  #requireCoversMore(): void {
    if (this.encryptionType.coversMore === true) return
    throw new ConfigurationError(`keys of ${encryptionTypeName(this.etype)} do not sign headers of RPC`, {
      code: 'KDC_ERR_ETYPE_NOSUPP',
      hint: 'Ask for a ticket with a session key of aes256-cts-hmac-sha1-96.',
    })
  }

  #specific(usage: number): SpecificKey {
    for (const known of this.#specificKeys) if (known.usage === usage) return known.key
    const key = this.#protocol().specificKey(usage)
    const kept = this.#specificKeys
    if (kept.length === MAX_SPECIFIC_KEYS) kept[0].key.wipe()
    this.#specificKeys = [...(kept.length === MAX_SPECIFIC_KEYS ? kept.slice(1) : kept), { usage, key }]
    return key
  }

  #protocol(): ProtocolKey {
    return (this.#protocolKey ??= this.encryptionType.protocolKey(this.#octets()))
  }

  #octets(): Uint8Array {
    if (this.#wiped) throw new ConfigurationError('the key has been wiped', { code: 'KRB5_KEY_WIPED' })
    return this.#value
  }
}

export function modified(): RejectedTokenError {
  return new RejectedTokenError('the checksum is not that of the data under this key', {
    code: 'KRB_AP_ERR_MODIFIED',
    hint: 'The key is not the one it was made with, or the octets were changed on the way.',
  })
}

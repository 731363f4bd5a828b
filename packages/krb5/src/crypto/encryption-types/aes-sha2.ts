/**
 * aes128-cts-hmac-sha256-128 and aes256-cts-hmac-sha384-192 (RFC 8009): AES in CTS mode, and a
 * checksum over the initial cipher state and the ciphertext. So nothing is decrypted before it has
 * been verified.
 */
import { primitives } from '#primitives'
import { requireSameChecksum } from '../algorithms/constant-time.js'
import { decryptCts, encryptCts, padded } from '../algorithms/cts.js'
import { CHECKSUM_KEY, ENCRYPTION_KEY, INTEGRITY_KEY, badIntegrity, usageConstant } from './encryption-type.js'
import { HmacKey } from './hmac-key.js'
import { BLOCK, ZERO_IV } from '../primitives/primitives.js'
import { joinOctets, utf8 } from '../algorithms/octets.js'
import type { EncryptionType, ProtocolKey, SpecificKey } from './encryption-type.js'
import type { CbcCipher } from '../primitives/primitives.js'

interface Sizes {
  readonly hash: 'sha256' | 'sha384'
  readonly keyLength: number
  /** The octets of the checksum, and of the keys Kc and Ki. */
  readonly checksumLength: number
  /** The octets of the output of the PRF. */
  readonly prfLength: number
}

export const aes128Sha2: EncryptionType = {
  ...aesSha2Type('aes128-cts-hmac-sha256-128', { hash: 'sha256', keyLength: 16, checksumLength: 16, prfLength: 32 }),
  etype: 19,
  aliases: ['aes128-sha2'],
  checksumType: 19,
}

export const aes256Sha2: EncryptionType = {
  ...aesSha2Type('aes256-cts-hmac-sha384-192', { hash: 'sha384', keyLength: 32, checksumLength: 24, prfLength: 48 }),
  etype: 20,
  aliases: ['aes256-sha2'],
  checksumType: 20,
}

const NOTHING = new Uint8Array(0)

function aesSha2Type(name: string, sizes: Sizes): Omit<EncryptionType, 'etype' | 'aliases' | 'checksumType'> {
  return {
    name,
    weak: false,
    keyLength: sizes.keyLength,
    confounderLength: BLOCK,
    checksumLength: sizes.checksumLength,
    // RFC 8009 section 4.
    defaultIterations: 32768,
    async stringToKey(password, salt, iterations) {
      const saltWithName = joinOctets(utf8(name), Uint8Array.of(0), salt)
      const seed = await primitives.pbkdf2(sizes.hash, utf8(password), saltWithName, iterations, sizes.keyLength)
      const key = new AesSha2Key(seed, sizes)
      const derived = key.derive(utf8('kerberos'), sizes.keyLength)
      key.wipe()
      seed.fill(0)
      return derived
    },
    protocolKey: (value) => new AesSha2Key(value, sizes),
  }
}

export class AesSha2Key implements ProtocolKey {
  readonly sizes: Sizes
  readonly #base: HmacKey

  constructor(value: Uint8Array, sizes: Sizes) {
    this.sizes = sizes
    this.#base = new HmacKey(sizes.hash, value)
  }

  specificKey(usage: number): SpecificKey {
    return new AesSha2SpecificKey(this, usage)
  }

  /**
   * Computes KDF-HMAC-SHA2 (RFC 8009 section 3): the number of the step, the label, a zero, the
   * context, the length in bits. One step is enough, since no key is longer than the hash. The
   * returned array is the only copy of the key: filling it with zeros wipes the key.
   */
  derive(label: Uint8Array, length: number, context: Uint8Array = NOTHING): Uint8Array {
    const input = new Uint8Array(label.length + context.length + 9)
    input[3] = 1
    input.set(label, 4)
    input.set(context, label.length + 5)
    input[input.length - 2] = length >>> 5
    input[input.length - 1] = length << 3
    const hash = this.#base.derive(input)
    hash.fill(0, length)
    return hash.subarray(0, length)
  }

  /** RFC 8009 section 5. */
  prf(input: Uint8Array): Uint8Array {
    return this.derive(utf8('prf'), this.sizes.prfLength, input)
  }

  wipe(): void {
    this.#base.wipe()
  }
}

class AesSha2SpecificKey implements SpecificKey {
  readonly #base: AesSha2Key
  readonly #usage: number
  readonly #checksumLength: number
  #cipher: CbcCipher | undefined
  #integrity: HmacKey | undefined
  #checksum: HmacKey | undefined

  constructor(base: AesSha2Key, usage: number) {
    this.#base = base
    this.#usage = usage
    this.#checksumLength = base.sizes.checksumLength
  }

  seal(confounder: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const length = confounder.length + plaintext.length
    const output = encryptCts(this.#encryption(), padded(confounder, plaintext, this.#checksumLength), length)
    output.set(this.#mac(output.subarray(0, length)), length)
    return output.subarray(0, length + this.#checksumLength)
  }

  open(ciphertext: Uint8Array): Uint8Array {
    const length = ciphertext.length - this.#checksumLength
    if (length < BLOCK) throw badIntegrity()
    const sealed = ciphertext.subarray(0, length)
    requireSameChecksum(this.#mac(sealed), ciphertext.subarray(length), badIntegrity)
    return decryptCts(this.#encryption(), ciphertext, length).subarray(BLOCK)
  }

  checksum(data: Uint8Array): Uint8Array {
    this.#checksum ??= this.#hmacKey(CHECKSUM_KEY)
    return this.#checksum.compute(data).slice(0, this.#checksumLength)
  }

  wipe(): void {
    this.#cipher?.wipe()
    this.#integrity?.wipe()
    this.#checksum?.wipe()
    this.#cipher = this.#integrity = this.#checksum = undefined
  }

  #encryption(): CbcCipher {
    return (this.#cipher ??= this.#derived(ENCRYPTION_KEY, this.#base.sizes.keyLength, primitives.aesCbc))
  }

  /**
   * RFC 8009 section 5: the checksum begins with the cipher state, which is zero at the start of
   * every Kerberos message.
   */
  #mac(sealed: Uint8Array): Uint8Array {
    this.#integrity ??= this.#hmacKey(INTEGRITY_KEY)
    return this.#integrity.compute(ZERO_IV, sealed).subarray(0, this.#checksumLength)
  }

  #hmacKey(purpose: number): HmacKey {
    return this.#derived(purpose, this.#checksumLength, (key) => new HmacKey(this.#base.sizes.hash, key))
  }

  #derived<T>(purpose: number, length: number, use: (key: Uint8Array) => T): T {
    const key = this.#base.derive(usageConstant(this.#usage, purpose), length)
    const made = use(key)
    key.fill(0)
    return made
  }
}

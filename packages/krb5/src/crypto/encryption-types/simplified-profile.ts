import { requireSameChecksum } from '../algorithms/constant-time.js'
import { joinOctets } from '../algorithms/octets.js'
import { decryptCts, encryptCts, padded } from '../algorithms/cts.js'
import { CHECKSUM_KEY, ENCRYPTION_KEY, INTEGRITY_KEY, badIntegrity, usageConstant } from './encryption-type.js'
import { BLOCK } from '../primitives/primitives.js'
import type { Covered, SpecificKey } from './encryption-type.js'
import type { CbcCipher } from '../primitives/primitives.js'

/** A keyed checksum that has its key. */
export interface Mac {
  compute(data: Uint8Array): Uint8Array
  wipe(): void
}

/** What an encryption type adds to the simplified profile. */
export interface SimplifiedProfile {
  readonly checksumLength: number
  /** Computes DK(base key, constant). */
  derive(constant: Uint8Array): Uint8Array
  /** `cipher` and `mac` copy the key that they are given. */
  cipher(key: Uint8Array): CbcCipher
  mac(key: Uint8Array): Mac
}

/**
 * The simplified profile (RFC 3961 section 5.3). The checksum covers the plaintext, so `open`
 * decrypts first, compares, and only then returns. The three keys of a usage are derived when they
 * are first needed.
 */
export class SimplifiedSpecificKey implements SpecificKey {
  readonly #profile: SimplifiedProfile
  readonly #usage: number
  #cipher: CbcCipher | undefined
  #integrity: Mac | undefined
  #checksum: Mac | undefined

  constructor(profile: SimplifiedProfile, usage: number) {
    this.#profile = profile
    this.#usage = usage
  }

  seal(confounder: Uint8Array, plaintext: Uint8Array, covered?: Covered): Uint8Array {
    const { checksumLength } = this.#profile
    const blocks = padded(confounder, plaintext, checksumLength)
    const length = confounder.length + plaintext.length
    const mac = this.#macOver(blocks.subarray(0, length), covered)
    const output = encryptCts(this.#encryption(), blocks, length)
    output.set(mac.subarray(0, checksumLength), length)
    return output.subarray(0, length + checksumLength)
  }

  open(ciphertext: Uint8Array, covered?: Covered): Uint8Array {
    const length = ciphertext.length - this.#profile.checksumLength
    if (length < BLOCK) throw badIntegrity()
    const plaintext = decryptCts(this.#encryption(), ciphertext, length)
    const mac = this.#macOver(plaintext, covered).subarray(0, this.#profile.checksumLength)
    requireSameChecksum(mac, ciphertext.subarray(length), () => {
      plaintext.fill(0)
      return badIntegrity()
    })
    return plaintext.subarray(BLOCK)
  }

  checksum(data: Uint8Array): Uint8Array {
    this.#checksum ??= this.#mac(CHECKSUM_KEY)
    return this.#checksum.compute(data).slice(0, this.#profile.checksumLength)
  }

  wipe(): void {
    this.#cipher?.wipe()
    this.#integrity?.wipe()
    this.#checksum?.wipe()
    this.#cipher = this.#integrity = this.#checksum = undefined
  }

  /** @param octets the confounder and the plaintext */
  #macOver(octets: Uint8Array, covered: Covered | undefined): Uint8Array {
    const confounder = octets.subarray(0, BLOCK)
    const data = covered === undefined ? octets : joinOctets(confounder, covered(octets.subarray(BLOCK)))
    return this.#integrityMac().compute(data)
  }

  #encryption(): CbcCipher {
    return (this.#cipher ??= this.#derived(ENCRYPTION_KEY, (key) => this.#profile.cipher(key)))
  }

  #integrityMac(): Mac {
    return (this.#integrity ??= this.#mac(INTEGRITY_KEY))
  }

  #mac(purpose: number): Mac {
    return this.#derived(purpose, (key) => this.#profile.mac(key))
  }

  #derived<T>(purpose: number, use: (key: Uint8Array) => T): T {
    const key = this.#profile.derive(usageConstant(this.#usage, purpose))
    const made = use(key)
    key.fill(0)
    return made
  }
}

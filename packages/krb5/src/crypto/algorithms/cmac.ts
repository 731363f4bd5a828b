import { BLOCK, ZERO_IV } from '../primitives/primitives.js'
import type { CbcCipher } from '../primitives/primitives.js'

/** Computes CMAC (NIST SP 800-38B, RFC 4493) with any block cipher of 128 bits. */
export class Cmac {
  readonly #cipher: CbcCipher
  /** K1 and K2: what is added to a whole last block, and to a padded one. */
  readonly #whole: Uint8Array
  readonly #padded: Uint8Array

  constructor(cipher: CbcCipher) {
    this.#cipher = cipher
    this.#whole = doubled(cipher.encrypt(ZERO_IV, new Uint8Array(BLOCK)))
    this.#padded = doubled(this.#whole)
  }

  compute(data: Uint8Array): Uint8Array {
    const blocks = new Uint8Array(Math.max(1, Math.ceil(data.length / BLOCK)) * BLOCK)
    const last = blocks.length - BLOCK
    blocks.set(data)
    if (data.length < blocks.length) blocks[data.length] = 0x80
    const subkey = data.length < blocks.length ? this.#padded : this.#whole
    for (let i = 0; i < BLOCK; i++) blocks[last + i] ^= subkey[i]
    return this.#cipher.encrypt(ZERO_IV, blocks).slice(last)
  }

  wipe(): void {
    this.#cipher.wipe()
    this.#whole.fill(0)
    this.#padded.fill(0)
  }
}

/** Multiplies by x in GF(2^128), in a time that does not depend on the octets. */
function doubled(block: Uint8Array): Uint8Array {
  const carry = -(block[0] >> 7) & 0x87
  return block
    .map((octet, i) => (octet << 1) | (i + 1 < BLOCK ? block[i + 1] >> 7 : 0))
    .map((octet, i) => (i === BLOCK - 1 ? octet ^ carry : octet))
}

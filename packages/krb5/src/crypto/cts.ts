import { BLOCK, ZERO_IV } from './primitives/primitives.js'
import type { CbcCipher } from './primitives/primitives.js'

/*
 * CBC with ciphertext stealing, the last two blocks swapped (RFC 3962 section 5): the ciphertext is exactly as long
 * as the plaintext. One pass through the cipher each way.
 */

/**
 * Encrypts the first `length` octets of `padded`, the rest of which is zero up to a whole block. `padded` is scratch.
 * The result has `trailer` more octets at its end, for the checksum that follows.
 */
export function encryptCts(cipher: CbcCipher, padded: Uint8Array, length: number, trailer: number): Uint8Array {
  const blocks = cipher.encrypt(ZERO_IV, padded)
  const output = new Uint8Array(length + trailer)
  const last = blocks.length - BLOCK
  if (last === 0) {
    output.set(blocks)
    return output
  }
  output.set(blocks.subarray(0, last - BLOCK))
  output.set(blocks.subarray(last), last - BLOCK)
  output.set(blocks.subarray(last - BLOCK, length - BLOCK), last)
  return output
}

/**
 * Decrypts at least one block.
 *
 * The block before last on the wire is X(n), whose plaintext ends in the zeros of the padding. So D(X(n)) ends in the
 * octets that were stolen from X(n-1). It is fed at its place on the wire, after X(n-2), and what the chaining added
 * to it is taken off again.
 */
export function decryptCts(cipher: CbcCipher, ciphertext: Uint8Array): Uint8Array {
  if (ciphertext.length === BLOCK) return cipher.decrypt(ZERO_IV, ciphertext)
  const last = Math.ceil(ciphertext.length / BLOCK) * BLOCK - BLOCK
  const rest = ciphertext.length - last
  const chain = last === BLOCK ? ZERO_IV : ciphertext.subarray(last - 2 * BLOCK, last - BLOCK)
  const blocks = cipher.decrypt(ZERO_IV, ciphertext.subarray(0, last))

  const output = new Uint8Array(ciphertext.length)
  output.set(blocks)
  const stolen = new Uint8Array(BLOCK)
  for (let i = 0; i < BLOCK; i++) {
    const decrypted = blocks[last - BLOCK + i] ^ chain[i]
    if (i < rest) output[last + i] = decrypted ^ (stolen[i] = ciphertext[last + i])
    else stolen[i] = decrypted
  }
  output.set(cipher.decrypt(chain, stolen), last - BLOCK)
  return output
}

/** Confounder and plaintext in one array, with zeros up to a whole block. */
export function padded(confounder: Uint8Array, plaintext: Uint8Array): Uint8Array {
  const blocks = new Uint8Array(Math.ceil((confounder.length + plaintext.length) / BLOCK) * BLOCK)
  blocks.set(confounder)
  blocks.set(plaintext, confounder.length)
  return blocks
}

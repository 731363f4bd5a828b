import { BLOCK, ZERO_IV } from '../primitives/primitives.js'
import type { CbcCipher } from '../primitives/primitives.js'

/**
 * CBC with ciphertext stealing (CTS), the last two blocks swapped (RFC 3962 section 5): the
 * ciphertext is exactly as long as the plaintext. Each direction passes through the cipher once.
 */

/**
 * Encrypts the first `length` octets of what `padded` returned, and wipes that. The returned array
 * has room behind the ciphertext for the checksum that was asked for.
 */
export function encryptCts(cipher: CbcCipher, blocks: Uint8Array, length: number): Uint8Array {
  const output = cipher.encrypt(ZERO_IV, blocks)
  blocks.fill(0)
  const last = Math.ceil(length / BLOCK) * BLOCK - BLOCK
  if (last === 0) return output
  for (let i = 0; i < BLOCK; i++) {
    const stolen = output[last - BLOCK + i]
    output[last - BLOCK + i] = output[last + i]
    output[last + i] = stolen
  }
  return output
}

/**
 * Decrypts the first `length` octets, at least one block, of `wire`.
 *
 * The block before last on the wire is X(n), whose plaintext ends in the zeros of the padding. So
 * D(X(n)) ends in the octets that were stolen from X(n-1). It is fed at its place on the wire,
 * after X(n-2), and what the chaining added to it is taken off again.
 */
export function decryptCts(cipher: CbcCipher, wire: Uint8Array, length: number): Uint8Array {
  if (length === BLOCK) return cipher.decrypt(ZERO_IV, wire.subarray(0, BLOCK))
  const end = Math.ceil(length / BLOCK) * BLOCK
  const last = end - BLOCK
  const rest = length - last
  // All blocks but the last two are decrypted correctly; the last two are corrected below, in
  // place. The last one is decrypted only to get an array that is long enough, so it may include
  // octets of the checksum that follows.
  const output = cipher.decrypt(ZERO_IV, end <= wire.length ? wire.subarray(0, end) : lengthened(wire, end))
  const chain = last === BLOCK ? ZERO_IV : wire.subarray(last - 2 * BLOCK, last - BLOCK)
  const stolen = new Uint8Array(BLOCK)
  for (let i = 0; i < BLOCK; i++) {
    const decrypted = output[last - BLOCK + i] ^ chain[i]
    stolen[i] = i < rest ? wire[last + i] : decrypted
    output[last + i] = decrypted ^ stolen[i]
  }
  output.set(cipher.decrypt(chain, stolen), last - BLOCK)
  return output.subarray(0, length)
}

function lengthened(octets: Uint8Array, length: number): Uint8Array {
  const longer = new Uint8Array(length)
  longer.set(octets)
  return longer
}

/** Enough for an authenticator. */
const SPARE_SIZE = 2_048

/**
 * One buffer serves all encryptions one after the other: allocating would cost each of them more
 * than encrypting.
 */
const spare = new Uint8Array(SPARE_SIZE)

/**
 * Returns confounder and plaintext in one array, with zeros up to a whole block, and further blocks
 * for `more` octets. Encrypting those is cheaper than making a second array for a checksum behind
 * the ciphertext. The array is valid until the next call.
 */
export function padded(confounder: Uint8Array, plaintext: Uint8Array, more: number): Uint8Array {
  const length = confounder.length + plaintext.length
  const size = (Math.ceil(length / BLOCK) + Math.ceil(more / BLOCK)) * BLOCK
  const blocks = size > SPARE_SIZE ? new Uint8Array(size) : spare.subarray(0, size)
  blocks.set(confounder)
  blocks.set(plaintext, confounder.length)
  blocks.fill(0, length)
  return blocks
}

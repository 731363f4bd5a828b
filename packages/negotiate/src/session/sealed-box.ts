import { hkdfSync } from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'

/**
 * Seals with one key and opens with several: what goes out to clients comes back unchanged, or is
 * not opened.
 */
export interface SealedBox {
  seal(plaintext: Uint8Array): Uint8Array
  /** Returns undefined for what none of the keys has sealed. */
  open(sealed: Uint8Array): Uint8Array | undefined
}

/**
 * Creates a box with XChaCha20-Poly1305. Its nonces are long enough to be drawn at random for any
 * number of cookies on any number of instances; the 96 bits of AES-GCM would have to be counted.
 * Source: draft-irtf-cfrg-xchacha section 2.
 *
 * @param secrets the first one seals
 * @param purpose what is sealed: a box of another purpose does not open it, even with the same
 * secrets
 */
export function createSealedBox(
  secrets: readonly (string | Uint8Array)[],
  purpose: string,
  random: (length: number) => Uint8Array,
): SealedBox {
  const keys = secrets.map((secret) => new Uint8Array(hkdfSync('sha256', secret, '', purpose, KEY_OCTETS)))
  const additionalData = new TextEncoder().encode(purpose)
  return {
    seal(plaintext) {
      const nonce = random(NONCE_OCTETS)
      const sealed = xchacha20poly1305(keys[0], nonce, additionalData).encrypt(plaintext)
      const box = new Uint8Array(nonce.length + sealed.length)
      box.set(nonce)
      box.set(sealed, nonce.length)
      return box
    },
    open(box) {
      const nonce = box.subarray(0, NONCE_OCTETS)
      for (const key of keys) {
        try {
          return xchacha20poly1305(key, nonce, additionalData).decrypt(box.subarray(NONCE_OCTETS))
        } catch {
          // Sealed with another key, forged, or too short for a nonce and a tag: try the next key.
        }
      }
      return undefined
    },
  }
}

const KEY_OCTETS = 32
const NONCE_OCTETS = 24
const TAG_OCTETS = 16

/** The octets that sealing adds. */
export const BOX_OVERHEAD = NONCE_OCTETS + TAG_OCTETS

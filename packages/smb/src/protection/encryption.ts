import { createCipheriv, createDecipheriv } from 'node:crypto'
import { distrusted } from '../errors.js'
import { makeTransform, readTransform } from '../wire/header.js'
import type { Cipher } from '../wire/negotiate-message.js'

/** Seals what one session sends, and opens what is sent to it. MS-SMB2 section 3.1.4.3. */
export interface Sealer {
  /** Returns a transform header, and the message that follows it. */
  seal(message: Uint8Array, sessionId: bigint): readonly [header: Uint8Array, ciphertext: Uint8Array]
  /**
   * Returns the message of a transform header, whose tag is verified.
   * @throws RejectedTokenError STATUS_DECRYPTION_FAILED; MalformedTokenError
   */
  open(frame: Uint8Array): Uint8Array
}

export interface SealingKeys {
  readonly clientToServer: Uint8Array
  readonly serverToClient: Uint8Array
}

const TAG_OCTETS = 16

/**
 * Makes the sealer of a session. Nonces are counted and never random: with the same nonce twice,
 * GCM shows its key stream, and lets anybody forge.
 */
export function createSealer(cipher: Cipher, keys: SealingKeys): Sealer {
  let sent = 0n
  return {
    seal(message, sessionId) {
      const nonce = new Uint8Array(16)
      new DataView(nonce.buffer).setBigUint64(0, sent++, true)
      const header = makeTransform(nonce, message.length, sessionId)
      const associated = header.octets.subarray(20)
      const { ciphertext, tag } = encrypt(cipher, keys.clientToServer, nonce, associated, message)
      return [header.set(4, tag).octets, ciphertext]
    },
    open(frame) {
      const { tag, nonce, associated, ciphertext } = readTransform(frame)
      try {
        return decrypt(cipher, keys.serverToClient, { nonce, associated, ciphertext, tag })
      } catch (cause) {
        throw distrusted('STATUS_DECRYPTION_FAILED', `an encrypted answer does not open: ${String(cause)}`)
      }
    },
  }
}

const nonceOctets = (cipher: Cipher): number => (cipher.endsWith('ccm') ? 11 : 12)

function encrypt(
  cipher: Cipher,
  key: Uint8Array,
  nonce: Uint8Array,
  associated: Uint8Array,
  message: Uint8Array,
): { readonly ciphertext: Uint8Array; readonly tag: Uint8Array } {
  const used = nonce.subarray(0, nonceOctets(cipher))
  const sealing = isCcm(cipher)
    ? createCipheriv(cipher, key, used, { authTagLength: TAG_OCTETS })
    : createCipheriv(cipher, key, used, { authTagLength: TAG_OCTETS })
  sealing.setAAD(associated, { plaintextLength: message.length })
  const ciphertext = sealing.update(message)
  sealing.final()
  return { ciphertext, tag: sealing.getAuthTag() }
}

interface Sealed {
  readonly nonce: Uint8Array
  readonly associated: Uint8Array
  readonly ciphertext: Uint8Array
  readonly tag: Uint8Array
}

function decrypt(cipher: Cipher, key: Uint8Array, { nonce, associated, ciphertext, tag }: Sealed): Uint8Array {
  const used = nonce.subarray(0, nonceOctets(cipher))
  const opening = isCcm(cipher)
    ? createDecipheriv(cipher, key, used, { authTagLength: TAG_OCTETS })
    : createDecipheriv(cipher, key, used, { authTagLength: TAG_OCTETS })
  opening.setAuthTag(tag)
  opening.setAAD(associated, { plaintextLength: ciphertext.length })
  const message = opening.update(ciphertext)
  opening.final()
  // `slice` of a Buffer is a view, and that of Uint8Array a copy, which readers count on.
  return new Uint8Array(message.buffer, message.byteOffset, message.length)
}

type Ccm = Extract<Cipher, `${string}ccm`>
const isCcm = (cipher: Cipher): cipher is Ccm => cipher.endsWith('ccm')

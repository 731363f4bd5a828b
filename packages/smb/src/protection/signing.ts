import { createCipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { cmac } from '@noble/ciphers/aes.js'
import { Command, HeaderFlag, SIGNATURE_AT, SIGNATURE_OCTETS } from '../wire/header.js'
import type { SigningAlgorithm } from '../wire/negotiate-message.js'

/** Signs what one session sends, and verifies what is sent to it. MS-SMB2 section 3.1.4.1. */
export interface Signer {
  /** Writes the signature into the header of the message. */
  sign(message: Uint8Array): void
  /** Returns whether the signature is right. */
  verify(message: Uint8Array): boolean
}

/** Makes the signer of a session. */
export function createSigner(algorithm: SigningAlgorithm, key: Uint8Array): Signer {
  const compute = ALGORITHMS[algorithm]
  return {
    sign(message) {
      setFlag(message)
      message.set(compute(key, withoutSignature(message)), SIGNATURE_AT)
    },
    verify(message) {
      const found = message.slice(SIGNATURE_AT, SIGNATURE_AT + SIGNATURE_OCTETS)
      const expected = compute(key, withoutSignature(message))
      message.set(found, SIGNATURE_AT)
      return isSigned(message) && timingSafeEqual(expected, found)
    },
  }
}

const FLAGS_AT = 16

function setFlag(message: Uint8Array): void {
  message[FLAGS_AT] |= HeaderFlag.SIGNED
}

const isSigned = (message: Uint8Array): boolean => (message[FLAGS_AT] & HeaderFlag.SIGNED) !== 0

function withoutSignature(message: Uint8Array): Uint8Array {
  message.fill(0, SIGNATURE_AT, SIGNATURE_AT + SIGNATURE_OCTETS)
  return message
}

const ALGORITHMS: Readonly<Record<SigningAlgorithm, (key: Uint8Array, message: Uint8Array) => Uint8Array>> = {
  'hmac-sha256': (key, message) => createHmac('sha256', key).update(message).digest().subarray(0, SIGNATURE_OCTETS),
  'aes-128-cmac': (key, message) => cmac(message, key),
  'aes-128-gmac': (key, message) => {
    const cipher = createCipheriv('aes-128-gcm', key, gmacNonce(message))
    cipher.setAAD(message)
    cipher.final()
    return cipher.getAuthTag()
  },
}

/**
 * The message id and two bits: one for messages of the server, one for CANCEL, because a CANCEL has
 * the id of the request that it cancels.
 */
function gmacNonce(message: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(12)
  nonce.set(message.subarray(24, 32))
  const isCancel = message[12] === Command.CANCEL && message[13] === 0
  nonce[8] = (message[FLAGS_AT] & HeaderFlag.RESPONSE) | (isCancel ? 2 : 0)
  return nonce
}

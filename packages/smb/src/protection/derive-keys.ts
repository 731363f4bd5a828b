import { createHash, createHmac } from 'node:crypto'
import type { Cipher, Dialect } from '../wire/negotiate-message.js'
import { concat } from '../wire/octets.js'

/** The keys of a session. Each is used for one purpose and in one direction. */
export interface SessionKeys {
  readonly signing: Uint8Array
  /** Seals what the client sends; undefined where nothing is encrypted. */
  readonly clientToServer: Uint8Array | undefined
  readonly serverToClient: Uint8Array | undefined
}

export interface KeyInputs {
  readonly dialect: Dialect
  readonly cipher: Cipher | undefined
  /** The key of the security context, as long as it is. */
  readonly contextKey: Uint8Array
  /** Of the messages so far, for 3.1.1 alone. */
  readonly preauthenticationHash: Uint8Array
}

/** Octets of SessionKey. MS-SMB2 section 3.2.5.3.1. */
const SESSION_KEY_OCTETS = 16

/**
 * Derives the keys of a session. The signing key is made from 16 octets always; the cipher keys are
 * made from the whole key where they have 256 bits. MS-SMB2 section 3.2.5.3.1.
 */
export function deriveKeys({ dialect, cipher, contextKey, preauthenticationHash }: KeyInputs): SessionKeys {
  const sessionKey = new Uint8Array(SESSION_KEY_OCTETS)
  sessionKey.set(contextKey.subarray(0, SESSION_KEY_OCTETS))
  if (dialect === '2.1') return { signing: sessionKey, clientToServer: undefined, serverToClient: undefined }
  const labels = dialect === '3.1.1' ? LABELS_311 : LABELS_30
  const contextOf = (context: string): Uint8Array =>
    dialect === '3.1.1' ? preauthenticationHash : new TextEncoder().encode(context)
  const derive = (purpose: keyof typeof LABELS_30, key: Uint8Array, bits: 128 | 256): Uint8Array =>
    deriveKey(key, labels[purpose], contextOf(CONTEXTS_30[purpose]), bits)
  const bits = cipher?.startsWith('aes-256') ? 256 : 128
  const cipherSource = bits === 256 ? contextKey : sessionKey
  return {
    signing: derive('signing', sessionKey, 128),
    clientToServer: cipher && derive('clientToServer', cipherSource, bits),
    serverToClient: cipher && derive('serverToClient', cipherSource, bits),
  }
}

/** Labels have a NUL of their own; so have the contexts. "ServerIn " has a space. */
const LABELS_30 = { signing: 'SMB2AESCMAC\0', clientToServer: 'SMB2AESCCM\0', serverToClient: 'SMB2AESCCM\0' } as const
const CONTEXTS_30 = { signing: 'SmbSign\0', clientToServer: 'ServerIn \0', serverToClient: 'ServerOut\0' } as const
const LABELS_311 = {
  signing: 'SMBSigningKey\0',
  clientToServer: 'SMBC2SCipherKey\0',
  serverToClient: 'SMBS2CCipherKey\0',
} as const

/** SP 800-108 in counter mode with HMAC-SHA256: one block is enough. MS-SMB2 section 3.1.4.2. */
function deriveKey(key: Uint8Array, label: string, context: Uint8Array, bits: 128 | 256): Uint8Array {
  const length = Uint8Array.of(0, 0, bits >> 8, bits & 0xff)
  const input = concat(FIRST_BLOCK, new TextEncoder().encode(label), SEPARATOR, context, length)
  return new Uint8Array(
    createHmac('sha256', key)
      .update(input)
      .digest()
      .subarray(0, bits / 8),
  )
}

const FIRST_BLOCK = Uint8Array.of(0, 0, 0, 1)
const SEPARATOR = Uint8Array.of(0)

/** The hash before the first message. MS-SMB2 section 3.2.5.2. */
export const NO_MESSAGES: Uint8Array = new Uint8Array(64)

/** Adds a message to the hash of those before it, exactly as it is on the wire. */
export function addToHash(hash: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(hash).update(message).digest())
}

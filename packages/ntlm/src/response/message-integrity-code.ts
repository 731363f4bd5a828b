import { timingSafeEqual } from 'node:crypto'
import { MIC_END, MIC_OFFSET } from '../messages/authenticate-message.js'
import { hmacMd5 } from './ntlmv2-keys.js'

/** The three messages of a handshake, as they were sent. */
export interface HandshakeMessages {
  readonly negotiate: Uint8Array
  readonly challenge: Uint8Array
  readonly authenticate: Uint8Array
}

/**
 * Returns the message integrity code of a handshake: a digest of all messages, with zeros where it
 * stands itself. MS-NLMP section 3.1.5.1.2.
 */
export function messageIntegrityCode(sessionKey: Uint8Array, messages: HandshakeMessages): Uint8Array {
  const authenticate = messages.authenticate.slice().fill(0, MIC_OFFSET, MIC_END)
  return hmacMd5(sessionKey, messages.negotiate, messages.challenge, authenticate)
}

/** Returns whether a code is right, in a time that does not depend on where it differs. */
export function isIntact(mic: Uint8Array, sessionKey: Uint8Array, messages: HandshakeMessages): boolean {
  return mic.length === 16 && timingSafeEqual(mic, messageIntegrityCode(sessionKey, messages))
}

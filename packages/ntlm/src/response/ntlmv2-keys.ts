import { createHmac } from 'node:crypto'
import { asciiUpper, Key, rc4 } from '@s4u/krb5'
import { encodeText } from '../messages/text.js'
import { hasNtlmFlag, NtlmFlag } from '../messages/ntlm-flags.js'

/** Computes HMAC-MD5 over parts one after the other. RFC 2104. */
export function hmacMd5(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('md5', key)
  for (const part of parts) mac.update(part)
  return new Uint8Array(mac.digest())
}

/** Returns the NT hash of a password: MD4 of its UTF-16. It is the key of rc4-hmac as well. */
export async function ntHashOf(password: string): Promise<Uint8Array> {
  return (await Key.fromPassword(RC4_HMAC, password, '')).exposeSecretBytes()
}

/**
 * Returns NTOWFv2, the key of a user. MS-NLMP section 3.3.2.
 *
 * Windows raises letters by a table of its own; for names outside of ASCII that table and
 * JavaScript's differ in a few places. It matters in tests alone: the controller computes it.
 */
export function ntowfv2(ntHash: Uint8Array, user: string, domain: string): Uint8Array {
  const upper = /^[\0-\x7f]*$/.test(user) ? asciiUpper(user) : user.toUpperCase()
  return hmacMd5(ntHash, encodeText(upper + domain))
}

/** Returns NTProofStr. MS-NLMP section 3.3.2. */
export function ntProof(key: Uint8Array, serverChallenge: Uint8Array, blob: Uint8Array): Uint8Array {
  return hmacMd5(key, serverChallenge, blob)
}

/** Returns SessionBaseKey, which a controller tells the server. MS-NLMP section 3.3.2. */
export function sessionBaseKey(key: Uint8Array, proof: Uint8Array): Uint8Array {
  return hmacMd5(key, proof)
}

/**
 * Returns ExportedSessionKey: the base key, or what the client has sealed with it. MS-NLMP section
 * 3.1.5.1.2.
 */
export function exportedSessionKey(baseKey: Uint8Array, flags: number, encrypted: Uint8Array): Uint8Array {
  const exchanges = hasNtlmFlag(flags, NtlmFlag.KEY_EXCHANGE) && hasNtlmFlag(flags, NtlmFlag.SIGN | NtlmFlag.SEAL)
  return exchanges ? rc4(baseKey, encrypted) : baseKey.slice()
}

const RC4_HMAC = 23

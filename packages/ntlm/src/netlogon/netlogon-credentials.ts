import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto'
import { ConfigurationError, RejectedTokenError } from '@s4u/krb5'

/** Computes HMAC-SHA256 over parts one after the other. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return new Uint8Array(mac.digest())
}

/** Encrypts with AES-128 in CFB mode of 8 bits. FIPS 197, NIST SP 800-38A. */
export function sealCfb8(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createCipheriv('aes-128-cfb8', key, iv).update(data))
}

export function openCfb8(key: Uint8Array, iv: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createDecipheriv('aes-128-cfb8', key, iv).update(data))
}

/** Returns the session key of AES. MS-NRPC section 3.1.4.3.1. */
export function netlogonSessionKey(ntHash: Uint8Array, client: Uint8Array, server: Uint8Array): Uint8Array {
  return hmacSha256(ntHash, client, server).subarray(0, 16)
}

/** Returns the credential of a challenge. MS-NRPC section 3.1.4.4.1. */
export function netlogonCredential(sessionKey: Uint8Array, challenge: Uint8Array): Uint8Array {
  return sealCfb8(sessionKey, ZERO_IV, challenge)
}

/**
 * Draws a challenge. One whose first five octets are equal is drawn again: with an IV of zeros such
 * challenges make credentials that can be guessed (CVE-2020-1472), so controllers refuse them.
 *
 * @throws ConfigurationError where the source gives nothing else
 */
export function clientChallenge(random: (length: number) => Uint8Array): Uint8Array {
  for (let draw = 0; draw < MAX_DRAWS; draw++) {
    const challenge = random(8)
    if (challenge.length === 8 && !isWeak(challenge)) return challenge
  }
  throw new ConfigurationError('ntlm: random gives no random octets', {
    hint: 'Leave out the option random: the platform has a source.',
  })
}

/**
 * Requires that the controller knows the key too. A credential, or a challenge, that begins with
 * equal octets proves nothing, and neither does our own challenge: its credential is what we have
 * sent.
 *
 * @param client our challenge
 * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL
 */
export function requireServerCredential(
  sessionKey: Uint8Array,
  client: Uint8Array,
  server: Uint8Array,
  credential: Uint8Array,
): void {
  const expected = netlogonCredential(sessionKey, server)
  const isReflected = timingSafeEqual(client, server)
  if (!isReflected && !isWeak(server) && !isWeak(credential) && timingSafeEqual(expected, credential)) return
  throw unproven('its credential is wrong')
}

/** The proof of who calls, and of who answers. MS-NRPC section 3.1.4.5. */
export class Authenticator {
  readonly #sessionKey: Uint8Array
  #stored: Uint8Array

  /** @param credential that of the client at Authenticate3 */
  constructor(sessionKey: Uint8Array, credential: Uint8Array) {
    this.#sessionKey = sessionKey
    this.#stored = credential.slice()
  }

  /** Returns the 12 octets for a call. `seconds`: since 1970 */
  next(seconds: number): Uint8Array {
    this.#stored = plus(this.#stored, seconds)
    const octets = new Uint8Array(12)
    octets.set(netlogonCredential(this.#sessionKey, this.#stored))
    new DataView(octets.buffer).setUint32(8, seconds, true)
    return octets
  }

  /** @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL */
  verify(returned: Uint8Array): void {
    this.#stored = plus(this.#stored, 1)
    const expected = netlogonCredential(this.#sessionKey, this.#stored)
    if (!timingSafeEqual(expected, returned.subarray(0, 8))) throw unproven('its authenticator is wrong')
  }
}

function plus(credential: Uint8Array, seconds: number): Uint8Array {
  const sum = credential.slice()
  const view = new DataView(sum.buffer)
  view.setUint32(0, view.getUint32(0, true) + seconds, true)
  return sum
}

function isWeak(octets: Uint8Array): boolean {
  return octets.subarray(0, 5).every((octet) => octet === octets[0])
}

function unproven(what: string): RejectedTokenError {
  return new RejectedTokenError(`the domain controller did not prove that it knows the machine account: ${what}`, {
    code: 'KRB_AP_ERR_MUT_FAIL',
    status: 502,
    hint: 'Another machine answers under the address of the domain controller, or the password of the machine account is another one.',
  })
}

/** Of 2^32 challenges one is weak: after so many the source is at fault, and would be for ever. */
const MAX_DRAWS = 4
const ZERO_IV = new Uint8Array(16)

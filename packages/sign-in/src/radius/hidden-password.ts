/** How a password travels in an Access-Request. */

import { createHash } from 'node:crypto'
import { AUTHENTICATOR_OCTETS, type RadiusAttribute, RadiusAttributeType } from './radius-packet.js'

/** RFC 2865 section 5.2. */
export const MAX_PASSWORD_OCTETS = 128

/**
 * Hides a password in the way that PAP prescribes: padded to blocks of 16 octets, each added (XOR)
 * to MD5 over the secret and the block before it, which for the first is the authenticator of the
 * request. RFC 2865 section 5.2.
 *
 * @param password at most 128 octets, none of them zero
 */
export function papAttributes(
  password: Uint8Array,
  requestAuthenticator: Uint8Array,
  secret: Uint8Array,
): readonly RadiusAttribute[] {
  const blocks = Math.max(1, Math.ceil(password.length / AUTHENTICATOR_OCTETS))
  const hidden = new Uint8Array(blocks * AUTHENTICATOR_OCTETS)
  hidden.set(password)
  let before = requestAuthenticator
  for (let at = 0; at < hidden.length; at += AUTHENTICATOR_OCTETS) {
    const mask = createHash('md5').update(secret).update(before).digest()
    for (let index = 0; index < AUTHENTICATOR_OCTETS; index++) hidden[at + index] ^= mask[index]
    before = hidden.subarray(at, at + AUTHENTICATOR_OCTETS)
  }
  return [{ type: RadiusAttributeType.userPassword, value: hidden }]
}

/**
 * Answers a challenge of our own with MD5 over the identifier, the password and the challenge: the
 * server needs the password in clear text to check it. RFC 2865 sections 2.2, 5.3 and 5.40.
 *
 * @param identifier one octet
 * @param challenge 16 octets of fresh randomness
 */
export function chapAttributes(
  password: Uint8Array,
  identifier: number,
  challenge: Uint8Array,
): readonly RadiusAttribute[] {
  const answer = createHash('md5').update(Uint8Array.of(identifier)).update(password).update(challenge).digest()
  return [
    { type: RadiusAttributeType.chapPassword, value: Uint8Array.of(identifier, ...answer) },
    { type: RadiusAttributeType.chapChallenge, value: challenge },
  ]
}

/** The proofs of RADIUS that a packet comes from somebody who knows the shared secret. */

import { createHash, createHmac } from 'node:crypto'
import {
  AUTHENTICATOR_OCTETS,
  encodeRadiusPacket,
  type RadiusAttribute,
  RadiusAttributeType,
  type RadiusPacket,
} from './radius-packet.js'

/** Stands in the place of a Message-Authenticator while that is computed. */
export const NO_MESSAGE_AUTHENTICATOR: RadiusAttribute = {
  type: RadiusAttributeType.messageAuthenticator,
  value: new Uint8Array(AUTHENTICATOR_OCTETS),
}

/**
 * Computes the Message-Authenticator: HMAC-MD5 over the whole packet, in which its own value is
 * zero and the authenticator is that of the request. RFC 3579 section 3.2.
 */
export function messageAuthenticatorOf(
  packet: RadiusPacket,
  requestAuthenticator: Uint8Array,
  secret: Uint8Array,
): Uint8Array {
  const attributes = packet.attributes.map((attribute) =>
    attribute.type === RadiusAttributeType.messageAuthenticator ? NO_MESSAGE_AUTHENTICATOR : attribute,
  )
  const covered = encodeRadiusPacket({ ...packet, authenticator: requestAuthenticator, attributes })
  return createHmac('md5', secret).update(covered).digest()
}

/**
 * Computes the Response Authenticator: MD5 over the answer with the authenticator of the request,
 * and the secret. RFC 2865 section 3.
 */
export function responseAuthenticatorOf(
  answer: RadiusPacket,
  requestAuthenticator: Uint8Array,
  secret: Uint8Array,
): Uint8Array {
  const covered = encodeRadiusPacket({ ...answer, authenticator: requestAuthenticator })
  return createHash('md5').update(covered).update(secret).digest()
}

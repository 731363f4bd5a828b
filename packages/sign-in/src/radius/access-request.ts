import { messageAuthenticatorOf, NO_MESSAGE_AUTHENTICATOR } from './authenticators.js'
import { chapAttributes, papAttributes } from './hidden-password.js'
import {
  AUTHENTICATOR_OCTETS,
  encodeRadiusPacket,
  type RadiusAttribute,
  RadiusAttributeType,
  RadiusCode,
} from './radius-packet.js'

/** What is asked about whom; every text is within the limits of its attribute. */
export interface AccessRequest {
  readonly user: Uint8Array
  readonly password: Uint8Array
  readonly protocol: 'pap' | 'chap'
  readonly nasIdentifier: Uint8Array
  /** The address of the user's machine. */
  readonly callingStationId?: Uint8Array
  /** The State of the challenge that the password answers. */
  readonly state?: Uint8Array
}

/** A request as it is sent, and sent again: RFC 5080 section 2.2.1 wants the same octets. */
export interface SealedAccessRequest {
  readonly identifier: number
  readonly authenticator: Uint8Array
  readonly bytes: Uint8Array
}

/**
 * Writes an Access-Request, with the Message-Authenticator in front of everything that a user
 * chooses: behind it, an attacker on the network could prepare the collision of MD5 with which an
 * answer is forged (CVE-2024-3596).
 */
export function sealAccessRequest(
  request: AccessRequest,
  identifier: number,
  secret: Uint8Array,
  random: (length: number) => Uint8Array,
): SealedAccessRequest {
  const authenticator = random(AUTHENTICATOR_OCTETS)
  const { userName, nasIdentifier, callingStationId, state } = RadiusAttributeType
  const attributes: RadiusAttribute[] = [
    NO_MESSAGE_AUTHENTICATOR,
    { type: userName, value: request.user },
    ...(request.protocol === 'pap'
      ? papAttributes(request.password, authenticator, secret)
      : chapAttributes(request.password, random(1)[0], random(AUTHENTICATOR_OCTETS))),
    { type: nasIdentifier, value: request.nasIdentifier },
  ]
  if (request.callingStationId) attributes.push({ type: callingStationId, value: request.callingStationId })
  if (request.state) attributes.push({ type: state, value: request.state })
  const packet = { code: RadiusCode.accessRequest, identifier, authenticator, attributes }
  attributes[0] = { ...attributes[0], value: messageAuthenticatorOf(packet, authenticator, secret) }
  return { identifier, authenticator, bytes: encodeRadiusPacket(packet) }
}

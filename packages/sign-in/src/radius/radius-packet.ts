/** RADIUS packets as octets and as values. RFC 2865 sections 3 and 5. */

import { MalformedTokenError } from '@s4u/krb5'

/** Kinds of packets. RFC 2865 section 3. */
export const RadiusCode = { accessRequest: 1, accessAccept: 2, accessReject: 3, accessChallenge: 11 } as const

/** The attributes that this client writes or reads. RFC 2865 section 5, RFC 2869 section 5. */
export const RadiusAttributeType = {
  userName: 1,
  userPassword: 2,
  chapPassword: 3,
  replyMessage: 18,
  state: 24,
  callingStationId: 31,
  nasIdentifier: 32,
  chapChallenge: 60,
  messageAuthenticator: 80,
} as const

export interface RadiusAttribute {
  readonly type: number
  /** 1 to 253 octets. */
  readonly value: Uint8Array
}

export interface RadiusPacket {
  readonly code: number
  /** 0 to 255: ties an answer to its request. */
  readonly identifier: number
  /** 16 octets. */
  readonly authenticator: Uint8Array
  readonly attributes: readonly RadiusAttribute[]
}

/** Code, identifier, length and authenticator. */
const HEADER_OCTETS = 20
export const AUTHENTICATOR_OCTETS = 16
/** RFC 2865 section 3. */
const MAX_PACKET_OCTETS = 4_096
/** Its length is one octet, which counts type and length too. */
export const MAX_VALUE_OCTETS = 253

/** Writes a packet. Its fields are within their limits: what can exceed them is checked before. */
export function encodeRadiusPacket({ code, identifier, authenticator, attributes }: RadiusPacket): Uint8Array {
  const length = attributes.reduce((sum, { value }) => sum + 2 + value.length, HEADER_OCTETS)
  const bytes = new Uint8Array(length)
  bytes.set([code, identifier, length >> 8, length & 0xff])
  bytes.set(authenticator, 4)
  let at = HEADER_OCTETS
  for (const { type, value } of attributes) {
    bytes.set([type, 2 + value.length], at)
    bytes.set(value, at + 2)
    at += 2 + value.length
  }
  return bytes
}

/**
 * Reads a packet. Octets after the length that the packet states are padding, and are not read
 * (RFC 2865 section 3).
 *
 * @throws MalformedTokenError
 */
export function decodeRadiusPacket(bytes: Uint8Array): RadiusPacket {
  if (bytes.length < HEADER_OCTETS) throw malformed('length', `at least ${HEADER_OCTETS} octets`, bytes.length)
  const length = packetLengthOf(bytes) ?? 0
  if (length > bytes.length) throw malformed('length', `${length} octets, as the packet says`, bytes.length)
  return {
    code: bytes[0],
    identifier: bytes[1],
    authenticator: Uint8Array.from(bytes.subarray(4, HEADER_OCTETS)),
    attributes: decodeAttributes(bytes.subarray(HEADER_OCTETS, length)),
  }
}

/**
 * Returns the length of the packet that octets begin with; undefined while too few are there to
 * tell.
 *
 * @throws MalformedTokenError for a length that no packet has
 */
export function packetLengthOf(bytes: Uint8Array): number | undefined {
  if (bytes.length < LENGTH_END) return undefined
  const length = (bytes[2] << 8) | bytes[3]
  if (length >= HEADER_OCTETS && length <= MAX_PACKET_OCTETS) return length
  throw malformed('length', `${HEADER_OCTETS} to ${MAX_PACKET_OCTETS}`, length)
}

/** Code, identifier, and the two octets of the length. */
const LENGTH_END = 4

function decodeAttributes(bytes: Uint8Array): RadiusAttribute[] {
  const attributes: RadiusAttribute[] = []
  for (let at = 0; at < bytes.length;) {
    const [type, length = 0] = bytes.subarray(at, at + 2)
    const left = bytes.length - at
    // No type of value may be empty (RFC 8044 section 3), and one that runs over the end is a lie.
    if (length < 3 || length > left) throw malformed(`attributes[${attributes.length}].length`, `3 to ${left}`, length)
    attributes.push({ type, value: Uint8Array.from(bytes.subarray(at + 2, at + length)) })
    at += length
  }
  return attributes
}

function malformed(path: string, expected: string, found: number): MalformedTokenError {
  return new MalformedTokenError({ path: `RADIUS.${path}`, expected, found: String(found) })
}

/** The security layers of SASL, and the octets by which they are agreed upon. */

import { ContextFlag } from '@s4u/gssapi'
import { ConfigurationError, MalformedTokenError, requireOneOf } from '@s4u/krb5'

/** The mechanisms of Kerberos. RFC 4752; MS-SPNG with MS-ADTS section 5.1.1.1. */
export type SaslMechanism = 'GSSAPI' | 'GSS-SPNEGO'

export const MECHANISMS = ['GSSAPI', 'GSS-SPNEGO'] as const

/**
 * What is done to every message after the sign-in: nothing, a signature, or a signature and
 * encryption.
 */
export type SaslProtection = 'none' | 'integrity' | 'confidentiality'

const PROTECTIONS = ['none', 'integrity', 'confidentiality'] as const

/** RFC 4752 section 3.3. */
const BITS: Readonly<Record<SaslProtection, number>> = { none: 1, integrity: 2, confidentiality: 4 }

/**
 * Returns the protections of an option, the best first.
 * @throws ConfigurationError
 */
export function protectionsOf(
  name: string,
  given: SaslProtection | readonly SaslProtection[] = 'confidentiality',
): readonly SaslProtection[] {
  const list: readonly unknown[] = typeof given === 'string' ? [given] : given
  const known = list.map((one) => requireOneOf(name, one, PROTECTIONS)).filter((one) => one !== undefined)
  if (known.length === 0) throw new ConfigurationError(`${name} must name a protection`)
  return known.sort((a, b) => BITS[b] - BITS[a])
}

/** Returns the bits of `ContextFlag` that a context with one of these protections needs. */
export function contextFlagsFor(mechanism: SaslMechanism, protections: readonly SaslProtection[]): number {
  const { REPLAY, SEQUENCE, CONF, INTEG } = ContextFlag
  const [best] = protections
  const conf = best === 'confidentiality' ? CONF : 0
  // With GSSAPI the layers themselves are agreed upon in signed messages; with GSS-SPNEGO a flag is
  // a layer.
  const integ = best === 'none' && mechanism === 'GSS-SPNEGO' ? 0 : INTEG
  return REPLAY | SEQUENCE | conf | integ
}

/** Returns the protection that the flags of a context mean. MS-ADTS section 5.1.1.1.2. */
export function protectionOfFlags(flags: number): SaslProtection {
  if ((flags & ContextFlag.CONF) !== 0) return 'confidentiality'
  return (flags & ContextFlag.INTEG) === 0 ? 'none' : 'integrity'
}

/** What one side says in the last exchange. RFC 4752 section 3.1 and 3.2. */
export interface LayerMessage {
  readonly protections: readonly SaslProtection[]
  /** The longest Wrap token that this side takes, in octets. */
  readonly maxOctets: number
  /** As whom the client wants to act; only in the message of a client. */
  readonly authorizationId: Uint8Array
}

const LAYER_OCTETS = 4

/** The longest that three octets can say. */
export const MAX_LAYER_OCTETS = 0xff_ffff

export function encodeLayerMessage({ protections, maxOctets, authorizationId }: LayerMessage): Uint8Array {
  const message = new Uint8Array(LAYER_OCTETS + authorizationId.length)
  new DataView(message.buffer).setUint32(0, maxOctets)
  message[0] = protections.reduce((bits, one) => bits | BITS[one], 0)
  message.set(authorizationId, LAYER_OCTETS)
  return message
}

/** @throws MalformedTokenError */
export function decodeLayerMessage(message: Uint8Array): LayerMessage {
  if (message.length < LAYER_OCTETS) throw malformed('security layers', 'at least 4 octets', `${message.length} octets`)
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength)
  return {
    protections: PROTECTIONS.filter((one) => (message[0] & BITS[one]) !== 0),
    maxOctets: view.getUint32(0) & MAX_LAYER_OCTETS,
    authorizationId: message.subarray(LAYER_OCTETS),
  }
}

export function malformed(path: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: `SASL.${path}`, expected, found, status: 502 })
}

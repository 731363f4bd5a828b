/** Chooses the protocols by which a KDC is asked. Source: RFC 4120 section 7.2. */

import type { KdcAddress } from '../configuration/kdc-address.js'
import type { KdcHealth } from './kdc-health.js'
import type { KdcRequest } from './kdc-request.js'

export type Protocol = 'udp' | 'tcp' | 'https'

/**
 * Requests with more octets than this go by TCP first: IP fragments get lost, and firewalls drop
 * them. The figure is MIT's udp_preference_limit.
 */
export const UDP_PREFERENCE_LIMIT = 1_465

/**
 * Returns the protocols to try, in order. The second one is tried when the first gives no answer.
 */
export function protocolsFor(
  address: KdcAddress,
  { request, prefersTcp, settings: { udpPreferenceLimit } }: KdcRequest,
  health: KdcHealth,
): readonly Protocol[] {
  if (address.protocol) return [address.protocol]
  const isBetterByTcp = prefersTcp || request.length > udpPreferenceLimit || health.wantsTcp(address)
  return isBetterByTcp && !health.lacksTcp(address) ? ['tcp', 'udp'] : ['udp', 'tcp']
}

/** By which protocol a KDC is asked first, and by which then. Source: RFC 4120 section 7.2. */

import type { Errand } from './kdc-request.js'
import type { KdcAddress } from '../configuration/kdc-address.js'
import type { KdcNotes } from './kdc-health.js'

export type Protocol = 'udp' | 'tcp' | 'https'

/** Larger requests go by TCP first: fragments get lost, and firewalls drop them. The figure is MIT's udp_preference_limit. */
export const UDP_PREFERENCE_LIMIT = 1_465

/** The second is tried when the first brings nothing. */
export function protocolsFor(
  address: KdcAddress,
  { request, prefersTcp, manner: { udpPreferenceLimit } }: Errand,
  notes: KdcNotes,
): readonly Protocol[] {
  if (address.protocol) return [address.protocol]
  const isBetterByTcp = prefersTcp || request.length > udpPreferenceLimit || notes.wantsTcp(address)
  return isBetterByTcp && !notes.lacksTcp(address) ? ['tcp', 'udp'] : ['udp', 'tcp']
}

import { AceType, decodeSecurityDescriptor } from '../security-descriptor/security-descriptor.js'
import type { AllowedToAct } from '../interface/directory-account.js'

/**
 * Reads msDS-AllowedToActOnBehalfOfOtherIdentity. MS-ADA2 section 2.217.
 * @throws MalformedTokenError
 */
export function readAllowedToAct(octets: Uint8Array): AllowedToAct {
  const { dacl } = decodeSecurityDescriptor(octets)
  const entries = dacl ?? []
  const sidsOf = (type: number): string[] =>
    entries.flatMap((entry) => (entry.type === type && entry.plain !== undefined ? [entry.plain.sid] : []))
  return {
    sids: sidsOf(AceType.ACCESS_ALLOWED),
    deniedSids: sidsOf(AceType.ACCESS_DENIED),
    descriptor: octets,
    everybody: dacl === undefined,
    otherEntries: entries.filter(({ plain }) => plain === undefined).length,
  }
}

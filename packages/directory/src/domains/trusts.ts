import { asciiLower, asciiUpper, decodeSid } from '@s4u/krb5'
import type { DirectoryTrust, TrustKind } from '../interface/directory-trust.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'

/** What is read of a trusted domain. */
export const TRUST_ATTRIBUTES = [
  'trustPartner',
  'flatName',
  'securityIdentifier',
  'trustType',
  'trustDirection',
  'trustAttributes',
] as const

/** The trust that an entry of the class trustedDomain is; undefined where it names no partner. */
export function readTrust(entry: DirectoryEntry): DirectoryTrust | undefined {
  const partner = asciiLower(entry.text('trustPartner') ?? '')
  if (partner === '') return undefined
  const attributes = numberOf(entry, 'trustAttributes')
  const direction = numberOf(entry, 'trustDirection')
  const kind = kindOf(numberOf(entry, 'trustType'), attributes)
  const [flatName, sid] = [entry.text('flatName'), entry.octets('securityIdentifier')]
  return {
    partner,
    flatName: flatName && asciiUpper(flatName),
    sid: sid && decodeSid(sid, 'securityIdentifier'),
    kind,
    letsIn: (direction & Direction.OUTBOUND) !== 0,
    letsOut: (direction & Direction.INBOUND) !== 0,
    selectiveAuthentication: (attributes & TrustFlag.CROSS_ORGANIZATION) !== 0,
    sidFiltering: filteringOf(kind, attributes),
    attributes,
  }
}

/** MS-ADTS section 6.1.6.7.12. */
const Direction = { INBOUND: 1, OUTBOUND: 2 } as const

/** A trust of type 3 is with a realm that is no domain. MS-ADTS section 6.1.6.7.15. */
const TYPE_OF_REALMS = 3

/** MS-ADTS section 6.1.6.7.9. */
const TrustFlag = {
  QUARANTINED_DOMAIN: 0x4,
  FOREST_TRANSITIVE: 0x8,
  CROSS_ORGANIZATION: 0x10,
  WITHIN_FOREST: 0x20,
  TREAT_AS_EXTERNAL: 0x40,
} as const

function kindOf(type: number, attributes: number): TrustKind {
  if (type === TYPE_OF_REALMS) return 'realm'
  if ((attributes & TrustFlag.WITHIN_FOREST) !== 0) return 'withinForest'
  return (attributes & TrustFlag.FOREST_TRANSITIVE) === 0 ? 'external' : 'forest'
}

/**
 * SIDs of another forest are filtered unless the trust is to be treated as an external one; those
 * of an external domain only where it is quarantined. MS-PAC section 4.1.2.2.
 */
function filteringOf(kind: TrustKind, attributes: number): boolean | undefined {
  const isQuarantined = (attributes & TrustFlag.QUARANTINED_DOMAIN) !== 0
  if (kind === 'external') return isQuarantined
  if (kind === 'forest') return isQuarantined || (attributes & TrustFlag.TREAT_AS_EXTERNAL) === 0
  return undefined
}

function numberOf(entry: DirectoryEntry, name: string): number {
  const text = entry.text(name)
  return text !== undefined && /^-?\d{1,10}$/.test(text) ? Number(text) | 0 : 0
}

import type { ForeignStatement } from './foreign-statements.js'
import { domainOf } from './domain-sids.js'

/** Whether the KDC of a realm may say of its user that it has this SID. */
export type SidAuthority = (sid: string) => boolean

/** What a realm's own KDC, or another, may say. */
export interface Domains {
  /** The domain of the user's realm. */
  readonly user: string
  /** The domains of the realms that this service has keys of. */
  readonly own: ReadonlySet<string>
}

/**
 * A foreign realm speaks for its own domain, and for how it authenticated its user. Everything else
 * that is no domain's belongs to the machine or the KDC that makes a token of it (Everyone,
 * Network, Builtin\\Administrators, Local System, Enterprise Domain Controllers, logon sessions,
 * integrity levels): nobody else's word is needed for it. Source: MS-PAC section 4.1.2.2.
 */
export function foreignAuthority({ user, own }: Domains, believed: ReadonlySet<ForeignStatement>): SidAuthority {
  return (sid) => {
    const domain = domainOf(sid)
    if (domain === user) return true
    if (domain === undefined) {
      if (sid === COMPOUNDED_AUTHENTICATION) return believed.has('device')
      return sid === CLAIMS_VALID ? believed.has('claims') : AUTHENTICATION_SIDS.has(sid)
    }
    return believed.has(own.has(domain) ? 'ownDomain' : 'otherDomains')
  }
}

/**
 * The domain local groups of this service's domain, which its KDC adds last. Source: MS-PAC section
 * 4.1.2.1.
 */
export function resourceAuthority({ own }: Domains, believed: ReadonlySet<ForeignStatement>): SidAuthority {
  return (sid) => {
    const domain = domainOf(sid)
    if (domain === undefined || !own.has(domain) || !believed.has('resourceGroups')) return false
    return Number(sid.slice(domain.length + 1)) >= FIRST_ORDINARY_RID
  }
}

/**
 * One of several realms whose keys this service has speaks for everything but the domains of the
 * others.
 */
export function ownAuthority({ user, own }: Domains, everyDomainIsKnown: boolean): SidAuthority {
  return (sid) => {
    const domain = domainOf(sid)
    if (domain === undefined || domain === user) return true
    return everyDomainIsKnown && !own.has(domain)
  }
}

/**
 * Those below are the domain's own, its administrators among them; groups that people make begin
 * here. MS-ADTS section 6.1.1.6.
 */
const FIRST_ORDINARY_RID = 1000

/** MS-DTYP section 2.4.2.4. */
const COMPOUNDED_AUTHENTICATION = 'S-1-5-21-0-0-0-496'
const CLAIMS_VALID = 'S-1-5-21-0-0-0-497'

/**
 * How the realm authenticated its user: AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY and
 * SERVICE_ASSERTED_IDENTITY, FRESH_PUBLIC_KEY _IDENTITY, KEY_TRUST, MFA_KEY_PROPERTY,
 * ATTESTED_KEY_PROPERTY. And OTHER_ORGANIZATION, which our own KDC adds at a trust with selective
 * authentication: it only takes something away. MS-DTYP section 2.4.2.4.
 */
const AUTHENTICATION_SIDS: ReadonlySet<string> = new Set([
  'S-1-18-1',
  'S-1-18-2',
  'S-1-18-3',
  'S-1-18-4',
  'S-1-18-5',
  'S-1-18-6',
  'S-1-5-1000',
])

import type { ForeignStatement } from './foreign-statements.js'
import { domainOf } from './domain-sids.js'

/** Returns whether the KDC of a realm may say that its user has this SID. */
export type SidAuthority = (sid: string) => boolean

/** The domains of the user and of the service. */
export interface Domains {
  /** The domain of the user's realm. */
  readonly user: string
  /** The domains of the realms whose keys this service has. */
  readonly own: ReadonlySet<string>
}

/**
 * Returns the authority of another realm. It may name SIDs of its own domain, and the SIDs that say
 * how the user authenticated. SIDs without a domain (Everyone, Network, Builtin\Administrators,
 * Local System, Enterprise Domain Controllers, logon sessions, integrity levels) are set by the
 * machine or by its own KDC. Another realm may not set them. Source: MS-PAC section 4.1.2.2.
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
 * Returns the authority for resource groups: the domain local groups of this service's domain. The
 * KDC of the service adds them after all others. Source: MS-PAC section 4.1.2.1.
 */
export function resourceAuthority({ own }: Domains, believed: ReadonlySet<ForeignStatement>): SidAuthority {
  return (sid) => {
    const domain = domainOf(sid)
    if (domain === undefined || !own.has(domain) || !believed.has('resourceGroups')) return false
    return Number(sid.slice(domain.length + 1)) >= FIRST_ORDINARY_RID
  }
}

/**
 * Returns the authority of one of several own realms. It may name SIDs of the user's domain and
 * SIDs without a domain. It may name SIDs of other domains only if the domains of all own realms
 * are known, and only of domains that belong to no own realm.
 */
export function ownAuthority({ user, own }: Domains, everyDomainIsKnown: boolean): SidAuthority {
  return (sid) => {
    const domain = domainOf(sid)
    if (domain === undefined || domain === user) return true
    return everyDomainIsKnown && !own.has(domain)
  }
}

/**
 * The first RID of groups that administrators create. Lower RIDs belong to built-in groups, such as
 * Domain Admins: no realm may add them as resource groups. Source: MS-ADTS section 6.1.1.6.
 */
const FIRST_ORDINARY_RID = 1000

/** Source: MS-DTYP section 2.4.2.4. */
const COMPOUNDED_AUTHENTICATION = 'S-1-5-21-0-0-0-496'
const CLAIMS_VALID = 'S-1-5-21-0-0-0-497'

/**
 * SIDs that say how the realm authenticated its user: AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY,
 * SERVICE_ASSERTED_IDENTITY, FRESH_PUBLIC_KEY_IDENTITY, KEY_TRUST, MFA_KEY_PROPERTY,
 * ATTESTED_KEY_PROPERTY. The last one, OTHER_ORGANIZATION, is added by our own KDC at a trust with
 * selective authentication: it only takes rights away. Source: MS-DTYP section 2.4.2.4.
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

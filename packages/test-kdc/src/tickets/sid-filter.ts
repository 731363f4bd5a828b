import { type LogonInfo, type Pac, PacBufferType } from '@s4u/krb5'
import type { Directory, Trust } from '../directory/directory.js'
import { refuse } from '../kdc/refusal.js'

/**
 * Returns what may stay of a PAC that came over a trust: the SIDs of the domains behind the trust,
 * and how the user was authenticated. Without this, the KDC of a trusted realm could make its users
 * members of our groups. Resource groups are removed, because they belong to the other domain, and
 * so are claims, because no policy here transforms them.
 *
 * Source: MS-PAC section 4.1.2.2, a cross-forest trust.
 */
export function filteredPac(pac: Pac, trust: Trust, own: Directory): Pac {
  if (!trust.sidFiltering) return pac
  const { logonInfo, userSid } = pac
  const mayPass = behind(trust, own)
  if (logonInfo !== undefined && !mayPass(`${logonInfo.logonDomainId}-0`)) refuseDomain(logonInfo.logonDomainId)
  if (userSid !== undefined && !mayPass(userSid)) refuseDomain(userSid)
  return pac.excerpt({
    logonInfo: logonInfo && withoutOthers(logonInfo, mayPass),
    deviceInfo: undefined,
    without: [PacBufferType.CLIENT_CLAIMS, PacBufferType.DEVICE_CLAIMS],
    denyOnlySids: [],
  })
}

function behind(trust: Trust, own: Directory): (sid: string) => boolean {
  const there = trust.domainSids()
  return (sid) => {
    const domain = sid.slice(0, sid.lastIndexOf('-'))
    if (domain === own.domainSid) return false
    return there === undefined ? domain.startsWith('S-1-5-21-') : there.includes(domain)
  }
}

function withoutOthers(info: LogonInfo, mayPass: (sid: string) => boolean): LogonInfo {
  const extraSids = info.extraSids.filter(({ sid }) => mayPass(sid) || sid.startsWith(ASSERTED))
  return { ...info, extraSids, resourceGroupDomainSid: undefined, resourceGroups: [] }
}

function refuseDomain(sid: string): never {
  return refuse('KDC_ERR_POLICY', `the PAC speaks of ${sid}, which is not behind the trust that it came over`)
}

/**
 * AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY and SERVICE_ASSERTED_IDENTITY. MS-DTYP section
 * 2.4.2.4.
 */
const ASSERTED = 'S-1-18-'

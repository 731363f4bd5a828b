import { type LogonInfo, type Pac, PacBufferType } from '@s4u/krb5'
import type { Directory, Trust } from '../directory/directory.js'
import { refuse } from '../kdc/refusal.js'

/**
 * A PAC that came over a trust, as far as it may go on: SIDs of the domains behind the trust, and how the user was authenticated.
 * Resource groups belong to the domain that is left; claims need a policy that transforms them, which there is none of here.
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

/** AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY and SERVICE_ASSERTED_IDENTITY. MS-DTYP section 2.4.2.4. */
const ASSERTED = 'S-1-18-'

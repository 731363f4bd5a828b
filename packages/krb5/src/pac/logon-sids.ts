import { GroupAttribute } from './group-membership.js'
import type { LogonInfo } from './logon-info.js'
import { UserFlag } from './logon-info.js'

/** The SID of the user: the domain's and UserId, or the first extra SID if UserId is 0. MS-PAC section 2.5. */
export function userSidOf(info: LogonInfo): string | undefined {
  if (info.userId !== 0) return `${info.logonDomainId}-${info.userId}`
  return (info.userFlags & UserFlag.EXTRA_SIDS) === 0 ? undefined : info.extraSids[0]?.sid
}

/**
 * Every SID that may grant the user something, each once: user, primary group, groups of the domain, extra SIDs and
 * resource groups if `userFlags` declares them. Groups that may only deny are left out. MS-PAC section 2.5, MS-KILE section 3.4.5.3.
 */
export function logonSidsOf(info: LogonInfo): string[] {
  const sids = new Set<string>()
  const user = userSidOf(info)
  if (user !== undefined) sids.add(user)
  sids.add(`${info.logonDomainId}-${info.primaryGroupId}`)
  for (const { relativeId, attributes } of info.groupIds) {
    if (mayGrant(attributes)) sids.add(`${info.logonDomainId}-${relativeId}`)
  }
  if ((info.userFlags & UserFlag.EXTRA_SIDS) !== 0) {
    for (const { sid, attributes } of info.extraSids) if (mayGrant(attributes)) sids.add(sid)
  }
  if ((info.userFlags & UserFlag.RESOURCE_GROUPS) !== 0 && info.resourceGroupDomainSid !== undefined) {
    for (const { relativeId, attributes } of info.resourceGroups) {
      if (mayGrant(attributes)) sids.add(`${info.resourceGroupDomainSid}-${relativeId}`)
    }
  }
  return [...sids]
}

function mayGrant(attributes: number): boolean {
  return (attributes & GroupAttribute.USE_FOR_DENY_ONLY) === 0
}

import type { GroupMembership, SidAndAttributes } from './buffers/group-membership.js'
import { GroupAttribute } from './buffers/group-membership.js'
import type { LogonInfo } from './buffers/logon-info.js'
import { UserFlag } from './buffers/logon-info.js'

/**
 * Returns the SID of the user: that of the domain with UserId, or the first extra SID if UserId is
 * 0. MS-PAC section 2.5.
 */
export function userSidOf(info: LogonInfo): string | undefined {
  if (info.userId !== 0) return `${info.logonDomainId}-${info.userId}`
  return (info.userFlags & UserFlag.EXTRA_SIDS) === 0 ? undefined : info.extraSids[0]?.sid
}

/**
 * Returns every SID that may grant something to the user, each once: user, primary group, groups of
 * the domain, extra SIDs and resource groups if `userFlags` declares them. Groups that may only
 * deny are left out. MS-PAC section 2.5, MS-KILE section 3.4.5.3.
 */
export function logonSidsOf(info: LogonInfo): string[] {
  const user = userSidOf(info)
  const primary = `${info.logonDomainId}-${info.primaryGroupId}`
  const groups = groupsOf(info)
  const granting = groups.filter(mayGrant).map(({ sid }) => sid)
  const listed = groups.some(({ sid }) => sid === primary)
  const own = [...(user === undefined ? [] : [user]), ...(listed && !granting.includes(primary) ? [] : [primary])]
  return [...new Set([...own, ...granting])]
}

/**
 * Returns the groups that may deny something to the user and grant nothing, each once. MS-PAC
 * section 2.2.1.
 */
export function denyOnlySidsOf(info: LogonInfo): string[] {
  const granting = new Set(logonSidsOf(info))
  const denying = groupsOf(info).filter((group) => !mayGrant(group) && !granting.has(group.sid))
  return [...new Set(denying.map(({ sid }) => sid))]
}

function groupsOf(info: LogonInfo): readonly SidAndAttributes[] {
  const { logonDomainId, groupIds, userFlags, extraSids, resourceGroupDomainSid, resourceGroups } = info
  const domain = resourceGroupDomainSid
  return [
    ...inDomain(logonDomainId, groupIds),
    ...((userFlags & UserFlag.EXTRA_SIDS) === 0 ? [] : extraSids),
    ...((userFlags & UserFlag.RESOURCE_GROUPS) === 0 || domain === undefined ? [] : inDomain(domain, resourceGroups)),
  ]
}

function inDomain(domain: string, groups: readonly GroupMembership[]): readonly SidAndAttributes[] {
  return groups.map(({ relativeId, attributes }) => ({ sid: `${domain}-${relativeId}`, attributes }))
}

function mayGrant({ attributes }: SidAndAttributes): boolean {
  return (attributes & GroupAttribute.USE_FOR_DENY_ONLY) === 0
}

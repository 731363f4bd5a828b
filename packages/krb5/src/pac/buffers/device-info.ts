import type { GroupMembership, SidAndAttributes } from './group-membership.js'
import {
  readGroupMemberships,
  readSidsAndAttributes,
  writeGroupMemberships,
  writeSidsAndAttributes,
} from './group-membership.js'
import { NdrReader } from '../encoding/ndr-reader.js'
import { NdrWriter } from '../encoding/ndr-writer.js'

/**
 * PAC_DEVICE_INFO: the computer that the user works at, part of a compound identity. MS-PAC section
 * 2.12.
 */
export interface DeviceInfo {
  /** The relative identifier of the device in `accountDomainId`. */
  readonly userId: number
  readonly primaryGroupId: number
  readonly accountDomainId: string
  readonly accountGroupIds: readonly GroupMembership[]
  readonly extraSids: readonly SidAndAttributes[]
  readonly domainGroups: readonly DomainGroupMembership[]
}

/** DOMAIN_GROUP_MEMBERSHIP: groups of one other domain. MS-PAC section 2.2.3. */
export interface DomainGroupMembership {
  readonly domainId: string
  readonly groupIds: readonly GroupMembership[]
}

/**
 * Reads PAC_DEVICE_INFO.
 *
 * @throws MalformedTokenError
 */
export function decodeDeviceInfo(bytes: Uint8Array, path = 'PAC.DEVICE_INFO'): DeviceInfo {
  return NdrReader.decode(bytes, path, (ndr) => {
    const userId = ndr.u32('UserId')
    const primaryGroupId = ndr.u32('PrimaryGroupId')
    const domain = ndr.pointer('AccountDomainId')
    if (!domain) ndr.fail('AccountDomainId', 'a security identifier', 'a null pointer')
    const groups = ndr.countedPointer('AccountGroupIds')
    const sids = ndr.countedPointer('ExtraSids')
    const domainGroups = ndr.countedPointer('DomainGroup')
    return {
      userId,
      primaryGroupId,
      accountDomainId: ndr.sid('AccountDomainId'),
      accountGroupIds: groups.present ? readGroupMemberships(ndr, groups.count, 'AccountGroupIds') : [],
      extraSids: sids.present ? readSidsAndAttributes(ndr, sids.count, 'ExtraSids') : [],
      domainGroups: domainGroups.present ? readDomainGroups(ndr, domainGroups.count) : [],
    }
  })
}

export function encodeDeviceInfo(info: DeviceInfo): Uint8Array {
  return NdrWriter.encode((ndr) => {
    ndr.u32(info.userId).u32(info.primaryGroupId).pointer(true)
    ndr.countedPointer(info.accountGroupIds)
    ndr.countedPointer(info.extraSids)
    ndr.countedPointer(info.domainGroups)
    ndr.sid(info.accountDomainId)
    if (info.accountGroupIds.length > 0) writeGroupMemberships(ndr, info.accountGroupIds)
    if (info.extraSids.length > 0) writeSidsAndAttributes(ndr, info.extraSids)
    if (info.domainGroups.length > 0) writeDomainGroups(ndr, info.domainGroups)
  })
}

function readDomainGroups(ndr: NdrReader, count: number): DomainGroupMembership[] {
  ndr.conformance(count, 12, 'DomainGroup')
  const heads = []
  for (let i = 0; i < count; i++) {
    const field = `DomainGroup[${i}]`
    if (!ndr.pointer(field)) ndr.fail(`${field}.DomainId`, 'a security identifier', 'a null pointer')
    heads.push(ndr.countedPointer(`${field}.GroupIds`))
  }
  return heads.map((head, i) => ({
    domainId: ndr.sid(`DomainGroup[${i}].DomainId`),
    groupIds: head.present ? readGroupMemberships(ndr, head.count, `DomainGroup[${i}].GroupIds`) : [],
  }))
}

function writeDomainGroups(ndr: NdrWriter, memberships: readonly DomainGroupMembership[]): void {
  ndr.u32(memberships.length)
  for (const { groupIds } of memberships) {
    ndr.pointer(true)
    ndr.countedPointer(groupIds)
  }
  for (const { domainId, groupIds } of memberships) {
    ndr.sid(domainId)
    if (groupIds.length > 0) writeGroupMemberships(ndr, groupIds)
  }
}

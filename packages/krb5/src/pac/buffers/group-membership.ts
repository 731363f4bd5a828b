import type { NdrReader } from '../encoding/ndr-reader.js'
import type { NdrWriter } from '../encoding/ndr-writer.js'

/** GROUP_MEMBERSHIP: a group of the account's own domain. MS-PAC section 2.2.2. */
export interface GroupMembership {
  readonly relativeId: number
  /** Bits of `GroupAttribute`. */
  readonly attributes: number
}

/** KERB_SID_AND_ATTRIBUTES: a group of any domain. MS-PAC section 2.2.1. */
export interface SidAndAttributes {
  readonly sid: string
  readonly attributes: number
}

/** Bits of `attributes`. MS-PAC section 2.2.1. */
export const GroupAttribute = {
  MANDATORY: 0x1,
  ENABLED_BY_DEFAULT: 0x2,
  ENABLED: 0x4,
  OWNER: 0x8,
  /** The group may only be used to deny access, never to grant it. */
  USE_FOR_DENY_ONLY: 0x10,
  RESOURCE: 0x2000_0000,
} as const

/** Reads a deferred array of GROUP_MEMBERSHIP. */
export function readGroupMemberships(ndr: NdrReader, count: number, field: string): GroupMembership[] {
  ndr.conformance(count, 8, field)
  const groups: GroupMembership[] = []
  for (let i = 0; i < count; i++) groups.push({ relativeId: ndr.u32(field), attributes: ndr.u32(field) })
  return groups
}

export function writeGroupMemberships(ndr: NdrWriter, groups: readonly GroupMembership[]): void {
  ndr.u32(groups.length)
  for (const { relativeId, attributes } of groups) ndr.u32(relativeId).u32(attributes)
}

/** Reads a deferred array of KERB_SID_AND_ATTRIBUTES and the SIDs that it points to. */
export function readSidsAndAttributes(ndr: NdrReader, count: number, field: string): SidAndAttributes[] {
  ndr.conformance(count, 8, field)
  const attributes: number[] = []
  for (let i = 0; i < count; i++) {
    if (!ndr.pointer(field)) ndr.fail(`${field}[${i}].Sid`, 'a security identifier', 'a null pointer')
    attributes.push(ndr.u32(field))
  }
  return attributes.map((bits, i) => ({ sid: ndr.sid(`${field}[${i}].Sid`), attributes: bits }))
}

export function writeSidsAndAttributes(ndr: NdrWriter, sids: readonly SidAndAttributes[]): void {
  ndr.u32(sids.length)
  for (const { attributes } of sids) ndr.pointer(true).u32(attributes)
  for (const { sid } of sids) ndr.sid(sid)
}

/** NetrShareEnum of the server service: which shares there are. MS-SRVS section 3.1.4.8. */

import { NdrReader, NdrWriter } from '@s4u/krb5'

/** The server service. MS-SRVS section 1.9. */
export const SRVSVC = { interfaceId: '4b324fc8-1670-01d3-1278-5a47bf6ee188', version: 3 } as const

export const NETR_SHARE_ENUM = 15

/** SHARE_INFO_1: names, types and remarks, which every user may see. MS-SRVS section 2.2.4.23. */
const LEVEL = 1

/** As much as the server wants to send at once. */
const NO_LIMIT = 0xffff_ffff

/** Shares of one answer; Windows lets a server have 65,535. */
const MAX_SHARES = 65_535

/** A share as it is listed. */
export interface ListedShare {
  readonly name: string
  /** STYPE. MS-SRVS section 2.2.2.4. */
  readonly type: number
  readonly remark: string
}

export interface ShareEnumeration {
  readonly shares: readonly ListedShare[]
  /** 0, 234 where there are more, or why not: a Win32 code. MS-ERREF section 2.2. */
  readonly result: number
  /** Where to go on. */
  readonly resumeHandle: number
}

/** Writes the arguments. @param server `\\files.ad.test` */
export function shareEnumRequest(server: string, resumeHandle: number): Uint8Array {
  return NdrWriter.stub((ndr) => {
    ndr.pointer(true).terminatedString(server)
    ndr.u32(LEVEL).u32(LEVEL).pointer(true).u32(0).pointer(false)
    ndr.u32(NO_LIMIT).pointer(true).u32(resumeHandle)
  })
}

/** Reads the results. @throws MalformedTokenError */
export function readShareEnum(stub: Uint8Array): ShareEnumeration {
  return NdrReader.stub(stub, 'NetrShareEnum', (ndr) => {
    const [level, which] = [ndr.u32('Level'), ndr.u32('ShareInfo')]
    if (level !== LEVEL || which !== LEVEL) ndr.fail('Level', `${LEVEL}, as asked`, `${level}, ${which}`)
    const shares = ndr.pointer('ShareInfo') ? readContainer(ndr) : []
    ndr.u32('TotalEntries')
    const resumeHandle = ndr.pointer('ResumeHandle') ? ndr.u32('ResumeHandle') : 0
    return { shares, resumeHandle, result: ndr.u32('return') }
  })
}

/** SHARE_INFO_1_CONTAINER. MS-SRVS section 2.2.4.33. */
function readContainer(ndr: NdrReader): readonly ListedShare[] {
  const { count, present } = ndr.countedPointer('Buffer')
  if (count > MAX_SHARES) ndr.fail('EntriesRead', `at most ${MAX_SHARES}`, `${count}`)
  if (!present) return []
  ndr.conformance(count, ENTRY_OCTETS, 'Buffer')
  const entries = Array.from({ length: count }, () => ({
    hasName: ndr.pointer('netname'),
    type: ndr.u32('type'),
    hasRemark: ndr.pointer('remark'),
  }))
  return entries.map(({ hasName, type, hasRemark }) => ({
    name: hasName ? ndr.terminatedString('netname') : '',
    type,
    remark: hasRemark ? ndr.terminatedString('remark') : '',
  }))
}

const ENTRY_OCTETS = 12

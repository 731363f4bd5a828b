/** Signing in and out, and connecting to a share. */

import { concat, OctetReader, OctetWriter, utf16 } from './octets.js'
import { HEADER_OCTETS } from './header.js'
import { SIGNING_MODE } from './negotiate-message.js'

/** Flags of a session. MS-SMB2 section 2.2.6. */
export const SessionFlag = { GUEST: 1, NULL: 2, ENCRYPT: 4 } as const
/** Flags of a share. MS-SMB2 section 2.2.10. */
export const ShareFlag = { DFS: 0x1, DFS_ROOT: 0x2, ENCRYPT: 0x8000 } as const
/** Kinds of a share. */
export const ShareType = { DISK: 1, PIPE: 2, PRINT: 3 } as const

/** The body of a SESSION_SETUP request. MS-SMB2 section 2.2.5. */
export function sessionSetupRequest(token: Uint8Array, capabilities: number, previousSessionId: bigint): Uint8Array {
  const fixed = new OctetWriter(24)
    .u16(0, 25)
    .u8(3, SIGNING_MODE)
    .u32(4, capabilities)
    .u16(12, HEADER_OCTETS + 24)
    .u16(14, token.length)
    .u64(16, previousSessionId)
  return concat(fixed.octets, token)
}

export interface SessionSetupAnswer {
  readonly flags: number
  readonly token: Uint8Array | undefined
}

/** Reads a SESSION_SETUP response. MS-SMB2 section 2.2.6. @throws MalformedTokenError */
export function readSessionSetup(message: Uint8Array): SessionSetupAnswer {
  const reader = new OctetReader(message, 'SESSION_SETUP response')
  reader.requireStructureSize(64, 9)
  const token = reader.slice(reader.u16(68), reader.u16(70), 'SecurityBuffer')
  return { flags: reader.u16(66), token: token.length === 0 ? undefined : token }
}

/** The body of a TREE_CONNECT request. MS-SMB2 section 2.2.9. @param path `\\host\share` */
export function treeConnectRequest(path: string): Uint8Array {
  const name = utf16(path)
  const fixed = new OctetWriter(8)
    .u16(0, 9)
    .u16(4, HEADER_OCTETS + 8)
    .u16(6, name.length)
  return concat(fixed.octets, name)
}

export interface TreeConnectAnswer {
  readonly type: number
  readonly flags: number
  readonly maximalAccess: number
}

/** Reads a TREE_CONNECT response. MS-SMB2 section 2.2.10. @throws MalformedTokenError */
export function readTreeConnect(message: Uint8Array): TreeConnectAnswer {
  const reader = new OctetReader(message, 'TREE_CONNECT response')
  reader.requireStructureSize(64, 16)
  return { type: reader.u8(66), flags: reader.u32(68), maximalAccess: reader.u32(76) }
}

/** The body of LOGOFF, TREE_DISCONNECT, ECHO and CANCEL. */
export const emptyRequest = (): Uint8Array => Uint8Array.of(4, 0, 0, 0)

import { RpcAssociation } from '@s4u/krb5'
import { FileError } from '../errors.js'
import { NETR_SHARE_ENUM, readShareEnum, shareEnumRequest, SRVSVC } from '../formats/share-enumeration.js'
import type { Session } from '../connection/session.js'
import { Tree } from '../connection/tree.js'
import { refusalOf } from '../connection/attempt.js'
import { Status } from '../wire/status.js'
import { PipeTransport } from './pipe-transport.js'

/** A share of a file server. */
export interface ServerShare {
  readonly name: string
  readonly kind: 'files' | 'printer' | 'device' | 'pipes'
  /** Whether it is one of the server's own, such as `C$`, which are not shown to people. */
  readonly isHidden: boolean
  /** What its administrator says of it. */
  readonly remark: string
}

const KINDS = ['files', 'printer', 'device', 'pipes'] as const

/** STYPE_SPECIAL. MS-SRVS section 2.2.2.4. */
const SPECIAL = 0x8000_0000

const MORE_DATA = 234
const ACCESS_DENIED = 5

/** Answers that are asked for before a server that always has more is given up. */
const MAX_ANSWERS = 64

/**
 * Lists the shares of a server, those that the user may not open among them.
 * @throws FileError EACCES, ENOENT where the server has no such service; RpcFaultError
 */
export async function listShares(
  session: Session,
  host: string,
  encrypt: boolean,
  signal?: AbortSignal,
): Promise<readonly ServerShare[]> {
  const attempt = { syscall: 'shares', path: `\\\\${host}` }
  const tree = await Tree.connect(session, `\\\\${host}\\IPC$`, encrypt, signal)
  try {
    await using pipe = await PipeTransport.open(tree, 'srvsvc', attempt, signal)
    const service = await RpcAssociation.bind(pipe, SRVSVC)
    const shares: ServerShare[] = []
    let resumeHandle = 0
    for (let answers = 0; answers < MAX_ANSWERS; answers++) {
      const found = readShareEnum(await service.call(NETR_SHARE_ENUM, shareEnumRequest(`\\\\${host}`, resumeHandle)))
      for (const { name, type, remark } of found.shares)
        shares.push({ name, kind: KINDS[type & 3], isHidden: (type & SPECIAL) !== 0, remark })
      if (found.result === 0) return shares
      if (found.result === ACCESS_DENIED) throw refusalOf(Status.ACCESS_DENIED, attempt)
      if (found.result !== MORE_DATA || found.resumeHandle === resumeHandle) throw refused(found.result, attempt.path)
      resumeHandle = found.resumeHandle
    }
    throw refused(MORE_DATA, attempt.path)
  } finally {
    await tree.disconnect().catch(() => {})
  }
}

/** A code of Win32, in the NTSTATUS that carries one. MS-ERREF section 2.1, FACILITY_NTWIN32. */
function refused(result: number, path: string): FileError {
  const code = 0xc007_0000 + (result & 0xffff)
  return new FileError(
    'EIO',
    { ntStatus: `NTSTATUS 0x${code.toString(16)}`, ntStatusCode: code, syscall: 'shares', path },
    { hint: `The service that lists the shares answers with the code ${result} of Windows.` },
  )
}

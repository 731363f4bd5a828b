import { S4uError } from '../errors/errors.js'

/**
 * An RPC server refused a call or a bind. Nothing protects this answer: it is a reason to try again
 * on another connection, and never a verdict.
 *
 * @example
 * ```ts
 * import { RpcFaultError } from '@s4u/krb5'
 *
 * const refused = new RpcFaultError('RPC_FAULT', 5, 'NetrServerAuthenticate3')
 * console.log(refused.message) // the RPC server refused NetrServerAuthenticate3 with 0x00000005
 * ```
 */
export class RpcFaultError extends S4uError {
  override readonly name = 'RpcFaultError'
  /** The number that the server gave. C706 appendix E; NTSTATUS and Win32 codes occur as well. */
  readonly fault: number
  /**
   * Whether the server says that it did nothing for the call (PFC_DID_NOT_EXECUTE), which may be
   * made again then. C706 section 12.6.3.1.
   */
  readonly didNotExecute: boolean

  constructor(
    code: 'RPC_FAULT' | 'RPC_BIND_REFUSED',
    fault: number,
    what: string,
    didNotExecute = code === 'RPC_BIND_REFUSED',
  ) {
    super(`the RPC server refused ${what} with 0x${fault.toString(16).padStart(8, '0')}`, { code, status: 502 })
    this.fault = fault
    this.didNotExecute = didNotExecute
  }
}

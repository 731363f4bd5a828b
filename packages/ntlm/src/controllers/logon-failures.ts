import { ConfigurationError, MalformedTokenError, RejectedTokenError, RpcFaultError } from '@s4u/krb5'
import { NetlogonUnreachableError } from '../errors.js'
import type { NetlogonNames } from '../netlogon/netlogon-calls.js'

/** The controller says that it has not judged the response: it may be sent once more. */
export class NotJudged extends Error {
  readonly reason: unknown
  constructor(reason: unknown) {
    super('not judged')
    this.reason = reason
  }
}

/**
 * The response was sent, and no verdict has come. The controller may have judged it, and counted a
 * wrong password: it must be sent nowhere else.
 */
export class PerhapsJudged extends Error {
  readonly reason: unknown
  constructor(reason: unknown) {
    super('perhaps judged')
    this.reason = reason
  }
}

/** No verdict, but word that this association is not that of a machine account any more. */
export function notSignedIn({ server, computer }: NetlogonNames): ConfigurationError {
  return new ConfigurationError(`the domain controller ${server} gives ${computer}$ no verdicts`, {
    code: 'STATUS_ACCESS_DENIED',
    hint: 'Look whether the machine account is enabled. Each instance of a service needs a machine account of its own.',
  })
}

/** Whether a controller says, under the key, that the association is of no machine account. */
export function isNotSignedIn(error: unknown): boolean {
  return error instanceof ConfigurationError && error.code === 'STATUS_ACCESS_DENIED'
}

/** Whether a controller says that it does not know the key, or the ticket, of a channel. */
export function isForgotten(error: unknown): boolean {
  return error instanceof RpcFaultError
}

/**
 * Whether a call was refused before anything was done for it. Nothing protects a fault: who forges
 * it has a response judged twice, and not more often.
 */
export function isNotExecuted(error: unknown): boolean {
  return error instanceof RpcFaultError && (error.didNotExecute || error.fault === SEC_PKG_ERROR)
}

/** Whether another controller may do better: this one gave no answer, or none that can be read. */
export function isOutage(error: unknown): boolean {
  if (error instanceof NetlogonUnreachableError || error instanceof MalformedTokenError) return true
  return isForgotten(error) || (error instanceof RejectedTokenError && error.status === 502)
}

/** What came could not be opened: RPC_S_SEC_PKG_ERROR. MS-ERREF section 2.2. */
const SEC_PKG_ERROR = 0x721

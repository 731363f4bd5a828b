import { distrusted } from '../errors.js'
import type { Protection, RequestContext } from './request.js'

export interface Authenticity {
  readonly isInterim: boolean
  /** Whether it says that there is no such session, whose keys a server then does not have. */
  readonly isOfNoSession: boolean
  /** Whose key opened the answer, where it was encrypted. */
  readonly opened: Protection | undefined
  readonly context: RequestContext
  readonly sessionId: bigint
}

/**
 * An answer is believed when it was sealed or signed with the keys of the session that asked. Of an
 * interim answer, which comes unsigned, nothing is believed but that there is more to wait for; and
 * of one that says that the session is gone, no more than a reset connection says.
 */
export function requireAuthentic(message: Uint8Array, authenticity: Authenticity): void {
  const { isInterim, isOfNoSession, opened, context, sessionId } = authenticity
  const { protection, isSealed = false } = context
  if (protection === undefined) {
    if (opened !== undefined)
      throw distrusted('STATUS_INVALID_NETWORK_RESPONSE', 'an encrypted answer without a session')
    return
  }
  if (opened !== undefined && opened !== protection) {
    throw distrusted('STATUS_INVALID_NETWORK_RESPONSE', 'an answer that another session has encrypted')
  }
  if (sessionId !== protection.sessionId && !isInterim) {
    throw distrusted('STATUS_INVALID_NETWORK_RESPONSE', 'an answer of another session')
  }
  if (opened !== undefined) return
  if (isSealed) throw distrusted('STATUS_INVALID_NETWORK_RESPONSE', 'an answer in clear to an encrypted request')
  if (isInterim || isOfNoSession || protection.signer.verify(message)) return
  throw distrusted(
    'STATUS_INVALID_SIGNATURE',
    'the signature of an answer is missing or wrong',
    'Somebody changes what passes, or the server has lost the session. The connection is closed.',
  )
}

import { S4uError, type S4uErrorCode } from '@s4u/krb5'

/**
 * No domain controller has given a verdict: none could be reached, none answered in time, or what
 * came was no answer. The operator must act; a later try may succeed.
 *
 * @example
 * ```ts
 * import { NetlogonUnreachableError } from '@s4u/ntlm'
 *
 * // Whether no controller could be asked, so that nothing is said about the caller.
 * export const isUnknown = (error: unknown) => error instanceof NetlogonUnreachableError
 * ```
 */
export class NetlogonUnreachableError extends S4uError {
  override readonly name = 'NetlogonUnreachableError'

  constructor(
    message: string,
    details: { readonly code?: S4uErrorCode; readonly hint?: string; readonly cause?: unknown },
  ) {
    super(message, { code: 'ETIMEDOUT', status: 503, ...details })
  }
}

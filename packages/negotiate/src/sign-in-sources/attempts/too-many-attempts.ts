import { S4uError } from '@s4u/kdc-client'

/**
 * Too many attempts to sign in have failed, or too many are under way. The caller must wait.
 *
 * @example
 * ```ts
 * import { TooManyAttemptsError } from '@s4u/negotiate'
 *
 * export const secondsToWait = (error: unknown) =>
 *   error instanceof TooManyAttemptsError ? Math.ceil(error.retryAfter / 1_000) : undefined
 * ```
 */
export class TooManyAttemptsError extends S4uError {
  override readonly name = 'TooManyAttemptsError'
  /** How long to wait, milliseconds. */
  readonly retryAfter: number

  constructor(
    message: string,
    retryAfter: number,
    { code, hint }: { readonly code: 'S4U_TOO_MANY_ATTEMPTS' | 'S4U_SIGN_IN_BUSY'; readonly hint?: string },
  ) {
    super(message, { code, status: code === 'S4U_SIGN_IN_BUSY' ? 503 : 429, ...(hint !== undefined && { hint }) })
    this.retryAfter = retryAfter
  }
}

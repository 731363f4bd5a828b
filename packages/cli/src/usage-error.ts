import { S4uError } from '@s4u/krb5'

/**
 * The command line is wrong, and its author must correct it.
 *
 * @example
 * ```ts
 * import { EXIT, UsageError } from '@s4u/cli'
 *
 * export const exitCodeOf = (error: unknown) =>
 *   error instanceof UsageError ? EXIT.USAGE : EXIT.REFUSED
 * ```
 */
export class UsageError extends S4uError {
  override readonly name = 'UsageError'

  constructor(message: string, hint?: string) {
    super(message, { code: 'S4U_USAGE', ...(hint !== undefined && { hint }) })
  }
}

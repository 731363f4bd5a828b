import { S4uError } from '@s4u/krb5'

/**
 * The issuer does not answer, or not with what an issuer says of itself. The person who runs it, or
 * the network between, must act; a later try may succeed.
 *
 * @example
 * ```ts
 * import { IssuerUnreachableError } from '@s4u/sign-in'
 *
 * // Whether the page of the issuer is down, and not the sign-in of this user.
 * export const isIssuer = (error: unknown) => error instanceof IssuerUnreachableError
 * ```
 */
export class IssuerUnreachableError extends S4uError {
  override readonly name = 'IssuerUnreachableError'

  constructor(issuer: string, cause: unknown) {
    super(`the issuer ${issuer} cannot be asked: ${reasonOf(cause)}`, {
      code: 'temporarily_unavailable',
      status: 503,
      hint: 'Look whether this machine reaches the issuer, knows the authority of its certificate (NODE_EXTRA_CA_CERTS), and whether `issuer` is what the issuer calls itself.',
      cause,
    })
  }
}

/** A failed `fetch` has its reason in `cause`. */
export function reasonOf(error: unknown): string {
  const { message, code, cause }: { message?: unknown; code?: unknown; cause?: unknown } = Object(error)
  const { message: inner, code: innerCode }: { message?: unknown; code?: unknown } = Object(cause)
  const parts = [message, code, inner, innerCode].filter((one) => typeof one === 'string' && one !== '')
  return [...new Set(parts)].join(': ') || 'no reason is known'
}

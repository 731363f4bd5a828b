import { S4uError } from '@s4u/krb5'

/**
 * What went wrong, in the words of npm `kerberos`, which are those of MIT's library: programs
 * search its messages for them. `cause` is the error of s4u, whose class says who must act; `code`,
 * `hint` and `status` are the same.
 *
 * @example
 * ```ts
 * import { initializeClient, KerberosError } from '@s4u/kerberos'
 *
 * const client = await initializeClient('HTTP@web.ad.test')
 * const token = await client.step('').catch((error: unknown) => {
 *   if (error instanceof KerberosError) console.error(error.code, error.hint)
 *   throw error
 * })
 * console.log(`Negotiate ${token}`)
 * ```
 */
export class KerberosError extends S4uError {
  override readonly name = 'KerberosError'

  constructor(message: string, cause: S4uError) {
    const { code, hint, status } = cause
    super(message, { code, status, cause, ...(hint !== undefined && { hint }) })
  }
}

import { ERROR_MEANINGS } from './error-codes.js'

/**
 * The page that explains each code, with a heading for each. It is a page of the repository, so
 * that it can be read wherever the repository can.
 */
export const ERROR_HELP = 'https://github.com/s4u/s4u/blob/main/docs/error-codes.md'

/**
 * Returns the address of what a code means and what to do about it. A code that ends with a number
 * has no heading of its own: the address is that of the page.
 *
 * @example
 * ```ts
 * import { helpOf } from '@s4u/krb5'
 *
 * console.log(helpOf('KRB_AP_ERR_SKEW')) // https://github.com/s4u/s4u/blob/main/docs/error-codes.md#krb_ap_err_skew
 * ```
 */
export function helpOf(code: string): string {
  return code in ERROR_MEANINGS ? `${ERROR_HELP}#${code.toLowerCase()}` : ERROR_HELP
}

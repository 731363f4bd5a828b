/**
 * Returns a hint for the case that two copies of a package are in one process, and one copy does
 * not know what the other has made.
 *
 * @example
 * ```ts
 * import { hintOfCopies } from '@s4u/krb5'
 *
 * console.log(hintOfCopies('@s4u/krb5'))
 * ```
 */
export function hintOfCopies(name: string): string {
  return `If it is one, another copy of ${name} in this process has made it: npm ls ${name} shows them, and npm dedupe makes them one.`
}

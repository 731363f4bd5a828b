/** Options that have a new name, and whose old name still works. */

import { ConfigurationError } from '../errors/errors.js'
import type { Notice } from './notice.js'

/** The new name of each old one: `{ ticketCacheSize: 'openedTicketCacheSize' }`. */
export type RenamedOptions<T extends object> = Readonly<Partial<Record<keyof T & string, keyof T & string>>>

/**
 * Gives the options under their new names only, and a notice for each old name that is in use. The
 * owner publishes the notices once it knows the logger.
 *
 * @param owner the function that takes the options: `parseKrb5Conf`
 * @throws ConfigurationError when an option is given under both of its names: they could differ
 *
 * @example
 * ```ts
 * import { underNewNames } from '@s4u/krb5'
 *
 * interface Options {
 *   readonly size?: number
 *   readonly maxEntries?: number
 * }
 * const given: Options = { size: 100 }
 * const { options, notices } = underNewNames('createCache', given, { size: 'maxEntries' })
 * console.log(options.maxEntries, notices[0]?.message)
 * ```
 */
export function underNewNames<T extends object>(
  owner: string,
  options: T,
  renamed: RenamedOptions<T>,
): { readonly options: T; readonly notices: readonly Notice[] } {
  const used = Object.entries<string | undefined>(renamed).filter(([old]) => Reflect.get(options, old) !== undefined)
  if (used.length === 0) return { options, notices: [] }
  const copy: T = Object.assign(Object.create(null), options)
  for (const [old, name = old] of used) {
    if (Reflect.get(options, name) !== undefined)
      throw new ConfigurationError(`${owner}: ${old} is the old name of ${name}, and both are given`, {
        hint: `Leave ${old} out.`,
      })
    Reflect.set(copy, name, Reflect.get(options, old))
    Reflect.deleteProperty(copy, old)
  }
  return { options: Object.freeze(copy), notices: used.map(([old, name = old]) => noticeOfOldName(owner, old, name)) }
}

/**
 * Tells that an option has been given under its old name. @param name may be a path:
 * `kdc.timeLimit`
 *
 * @example
 * ```ts
 * import { noticeOfOldName } from '@s4u/krb5'
 *
 * console.log(noticeOfOldName('openShop', 'hosts', 'origins').code) // S4U_OLD_NAME_HOSTS
 * ```
 */
export function noticeOfOldName(owner: string, old: string, name: string): Notice {
  return {
    kind: 'notice',
    level: 'warn',
    code: `S4U_OLD_NAME_${old.replace(/[A-Z]/g, '_$&').toUpperCase()}`,
    message: `${owner}: the option ${old} is now called ${name}`,
    hint: `Write ${name}. The old name works in 0.2, and no longer after it.`,
  }
}

import { ConfigurationError } from '../errors/errors.js'

/**
 * Returns the path in the name of a keytab: `FILE:/etc/web.keytab`, `WRFILE:…` or the path.
 *
 * @throws ConfigurationError KRB5_KT_UNKNOWN_TYPE for keytabs of other types than files
 *
 * @example
 * ```ts
 * import { keytabFilePath } from '@s4u/krb5'
 *
 * console.log(keytabFilePath('FILE:/etc/web.keytab')) // /etc/web.keytab
 * ```
 */
export function keytabFilePath(name: string): string {
  const type = /^([A-Za-z][A-Za-z\d]+):/.exec(name)?.[1]
  if (type === undefined) return name
  if (type === 'FILE' || type === 'WRFILE') return name.slice(type.length + 1)
  const which = OTHER_TYPES.includes(type) ? `of type ${type}` : 'of another type than FILE'
  throw new ConfigurationError(`keytab: keytabs ${which} cannot be read`, {
    code: 'KRB5_KT_UNKNOWN_TYPE',
    hint: 'Name a file, with or without FILE: in front.',
  })
}

/**
 * The keytab types of MIT and Heimdal beside files. Another word before a colon may be anything, so
 * it is not shown.
 */
const OTHER_TYPES: readonly string[] = ['MEMORY', 'ANY', 'SRVTAB', 'JAVA14', 'AFSKEYFILE', 'HDBGET', 'KEYRING', 'DIR']

/**
 * Returns the error for a keytab file that the system does not read: it is not there, a folder, or
 * may not be read.
 *
 * @param name the path, as it may be shown
 * @param failure what the system threw; its `code` decides
 * @param options.isNameShown whether the failure, which contains the path, may be the cause
 *
 * @example
 * ```ts
 * import { unreadableKeytab } from '@s4u/krb5'
 *
 * const failure = Object.assign(new Error('no such file'), { code: 'ENOENT' })
 * console.log(unreadableKeytab('web.keytab', failure).code) // KRB5_KT_NOTFOUND
 * ```
 */
export function unreadableKeytab(
  name: string,
  failure: unknown,
  { isNameShown = true }: { readonly isNameShown?: boolean } = {},
): ConfigurationError {
  const errno = failure instanceof Error && 'code' in failure ? String(failure.code) : 'unknown error'
  const cause = isNameShown ? failure : undefined
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new ConfigurationError(`the keytab ${name} does not exist`, {
      code: 'KRB5_KT_NOTFOUND',
      hint: 'Name the file in the option keytab or in KRB5_KTNAME. s4u keytab create, samba-tool domain exportkeytab, ktpass and kadmin ktadd write one.',
      cause,
    })
  if (errno === 'EISDIR')
    return new ConfigurationError(`the keytab ${name} is a folder`, {
      code: 'KRB5_KT_IOERR',
      hint: `Name the file in it: ${name.replace(/\/$/, '')}/NAME.keytab.`,
      cause,
    })
  const isDenied = errno === 'EACCES' || errno === 'EPERM'
  return new ConfigurationError(`the keytab ${name} cannot be read: ${errno}`, {
    code: 'KRB5_KT_IOERR',
    hint: isDenied
      ? `Give the user that runs this process the right to read ${name}, and nobody else.`
      : `Look at the file system: it says ${errno}.`,
    cause,
  })
}

import { type Keytab, requireGiven } from '@s4u/krb5'
import type { Directory } from '../interface/directory.js'

/**
 * Gives the keys of a group managed service account, for the option `keytab`: no keytab file is
 * needed, and a change of the password is followed by itself. An acceptor asks once a minute while
 * requests come, and at once when a ticket does not open.
 *
 * @example
 * ```ts
 * import { createKdcClient } from '@s4u/kdc-client'
 * import { managedKeytab, openDirectory } from '@s4u/directory'
 *
 * const client = createKdcClient({ credentials: { keytab: '/etc/krb5.keytab' } })
 * const directory = openDirectory({ client })
 * // app.use(negotiate({ keytab: managedKeytab(directory, 'web-gmsa$') }))
 * export const keytab = managedKeytab(directory, 'web-gmsa$')
 * ```
 *
 * @throws ConfigurationError for what is no directory or no name
 */
export function managedKeytab(
  directory: Pick<Directory, 'managedPassword'>,
  account: string,
): (signal?: AbortSignal) => Promise<Keytab> {
  requireGiven('managedKeytab: the directory', directory, ['managedPassword'], 'Give what openDirectory returns.')
  requireGiven('managedKeytab: the account', account, 'text', "Write its name: 'web-gmsa$'.")
  return async (signal) => (await directory.managedPassword(account, { signal })).keytab
}

/**
 * The keytab and the credential cache that are used if the app names none. The environment comes
 * first, then krb5.conf, then what MIT's library is built with. Source: MIT krb5 documentation,
 * "krb5.conf", "keytab", "ccache" and "Parameter expansion".
 */

import { ConfigurationError } from '../errors/errors.js'
import type { Krb5Conf } from './krb5-conf.js'
import { expandParameters, temporaryFolder, windowsFolder } from './name-parameters.js'
import type { Machine } from '../platform/machine.js'

/**
 * Returns the name of the keytab of services, such as `FILE:/etc/krb5.keytab`: KRB5_KTNAME, then
 * default_keytab_name, then /etc/krb5.keytab, or krb5kt in the folder of Windows.
 *
 * @throws ConfigurationError for a parameter in the name that is not known
 * @throws ConfigurationError KRB5_KT_NOTFOUND on Windows, if the environment does not name its
 * folder
 *
 * @example
 * ```ts
 * import { defaultKeytabName, type Machine } from '@s4u/krb5'
 *
 * export const keytabOf = (machine: Machine) => defaultKeytabName(undefined, machine)
 * ```
 */
export function defaultKeytabName(conf: Krb5Conf | undefined, machine: Machine): string {
  return (
    machine.environment['KRB5_KTNAME'] ||
    configuredName(conf, 'default_keytab_name', machine) ||
    builtInKeytabName(machine)
  )
}

function builtInKeytabName(machine: Machine): string {
  if (!machine.isWindows) return 'FILE:/etc/krb5.keytab'
  const folder = windowsFolder('WINDOWS', machine)
  if (folder !== undefined) return `FILE:${folder}\\krb5kt`
  throw new ConfigurationError('no keytab is named, and the environment does not name the folder of Windows', {
    code: 'KRB5_KT_NOTFOUND',
    hint: 'Name the file in KRB5_KTNAME, in krb5.conf (default_keytab_name), or in the options; or set SystemRoot.',
  })
}

/**
 * Returns the name of the keytab with which a client signs in: KRB5_CLIENT_KTNAME, then
 * default_client_keytab_name. Undefined if neither is set: the built-in name differs from system to
 * system.
 *
 * @throws ConfigurationError for a parameter in the name that is not known
 *
 * @example
 * ```ts
 * import { defaultClientKeytabName, type Krb5Conf, type Machine } from '@s4u/krb5'
 *
 * export const keytabOf = (conf: Krb5Conf, machine: Machine) =>
 *   defaultClientKeytabName(conf, machine)
 * ```
 */
export function defaultClientKeytabName(conf: Krb5Conf | undefined, machine: Machine): string | undefined {
  return machine.environment['KRB5_CLIENT_KTNAME'] || configuredName(conf, 'default_client_keytab_name', machine)
}

/** The settings of krb5.conf that name a keytab or a cache. */
export type NameSetting = 'default_keytab_name' | 'default_client_keytab_name' | 'default_ccache_name'

/**
 * Returns the name that krb5.conf sets, with the parameters for the user and the machine replaced;
 * undefined if it sets none.
 *
 * @throws ConfigurationError for a parameter in the name that is not known
 *
 * @example
 * ```ts
 * import { configuredName, type Krb5Conf, type Machine } from '@s4u/krb5'
 *
 * export const cacheOf = (conf: Krb5Conf, machine: Machine) =>
 *   configuredName(conf, 'default_ccache_name', machine)
 * ```
 */
export function configuredName(conf: Krb5Conf | undefined, setting: NameSetting, machine: Machine): string | undefined {
  const name = conf?.string('libdefaults', setting)
  return name === undefined || name === '' ? undefined : expandParameters(name, machine, setting)
}

/**
 * Returns the name of the credential cache where neither the environment nor krb5.conf names one:
 * `FILE:/tmp/krb5cc_1000`, and on Windows krb5cc in the temporary folder of the user.
 *
 * @throws ConfigurationError KRB5_CC_BADNAME if the user has no such file: users have no numbers
 * there, or the temporary folder is missing or shared by all services
 *
 * @example
 * ```ts
 * import { builtInCacheName, type Machine } from '@s4u/krb5'
 *
 * export const cacheOf = (machine: Machine) => builtInCacheName(machine)
 * ```
 */
export function builtInCacheName(machine: Machine): string {
  if (machine.isWindows) return `FILE:${ownTemporaryFolder(machine)}\\krb5cc`
  if (machine.uid !== undefined) return `FILE:/tmp/krb5cc_${machine.uid}`
  throw noCacheOfUser('users have no numbers on this platform')
}

/** Services of the system share a temporary folder inside that of Windows. */
function ownTemporaryFolder(machine: Machine): string {
  const folder = temporaryFolder(machine)
  if (folder === undefined) throw noCacheOfUser('neither TEMP nor TMP is set')
  const shared = windowsFolder('WINDOWS', machine)
  if (shared !== undefined && `${folder}\\`.toLowerCase().startsWith(`${shared}\\`.toLowerCase()))
    throw noCacheOfUser('the temporary folder is that of Windows, which all services share')
  return folder
}

function noCacheOfUser(why: string): ConfigurationError {
  return new ConfigurationError(`no credential cache is named, and this user has no default: ${why}`, {
    code: 'KRB5_CC_BADNAME',
    hint: 'Name the cache in KRB5CCNAME, as in FILE:path, in krb5.conf (default_ccache_name), or in the options.',
  })
}

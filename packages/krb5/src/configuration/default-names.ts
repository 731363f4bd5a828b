/**
 * The keytab and the credential cache that are used if the app names none. The environment comes
 * first, then krb5.conf, then what MIT's library is built with. Source: MIT krb5 documentation,
 * "krb5.conf", "keytab", "ccache" and "Parameter expansion".
 */

import { ConfigurationError } from '../errors/errors.js'
import { shownName } from '../errors/shown-input.js'
import type { Krb5Conf } from './krb5-conf.js'
import type { Machine } from '../platform/machine.js'

/**
 * Returns the name of the keytab of services, such as `FILE:/etc/krb5.keytab`: KRB5_KTNAME, then
 * default_keytab_name, then /etc/krb5.keytab.
 *
 * @throws ConfigurationError for a parameter in the name that is not known
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
    'FILE:/etc/krb5.keytab'
  )
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
  return name === undefined || name === '' ? undefined : expandTokens(name, machine, setting)
}

/**
 * Replaces `%{uid}`, `%{euid}`, `%{username}`, `%{TEMP}` and `%{null}`.
 *
 * @throws ConfigurationError for other parameters, as MIT does
 */
function expandTokens(text: string, machine: Machine, setting: string): string {
  return text.replace(/%\{([^}]*)\}?/g, (written, token: string) => {
    const value = written.endsWith('}') ? valueOf(token, machine) : undefined
    if (value !== undefined) return value
    throw new ConfigurationError(`krb5.conf, ${setting}: %{${shownName(token)}} is not known here`, {
      code: 'KRB5_CONFIG_BADFORMAT',
      hint: `Known are ${TOKENS.map((known) => `%{${known}}`).join(', ')}. Write the path itself in place of others, or name the file in the options.`,
    })
  })
}

const TOKENS = ['uid', 'USERID', 'euid', 'username', 'TEMP', 'null'] as const

function valueOf(token: string, machine: Machine): string | undefined {
  switch (token) {
    case 'uid':
    case 'USERID':
      return machine.uid?.toString()
    case 'euid':
      return machine.euid?.toString()
    case 'username':
      return nameOfUser(machine)
    case 'TEMP':
      return machine.environment['TMPDIR'] ?? '/tmp'
    case 'null':
      return ''
    default:
      return undefined
  }
}

function nameOfUser(machine: Machine): string | undefined {
  try {
    return machine.username()
  } catch {
    return undefined
  }
}

/**
 * What krb5.conf says about which tickets are accepted, and with which keys. Options have
 * precedence.
 */

import {
  ConfigurationError,
  defaultKeytabName,
  findEncryptionType,
  Krb5Conf,
  readConfigurationFiles,
  shownInput,
  thisMachine,
} from '@s4u/krb5'
import type { EtypePermission } from '../checks/ap-req-checks.js'
import type { AcceptorOptions } from './acceptor-options.js'

/**
 * Reads krb5.conf.
 * @throws ConfigurationError for a file that is named and cannot be read, or has a line that cannot
 */
export function krb5ConfOf({ krb5Config, localNames }: Pick<AcceptorOptions, 'krb5Config' | 'localNames'>): Krb5Conf {
  if (krb5Config !== undefined && typeof krb5Config !== 'string')
    throw new ConfigurationError(`krb5Config must be a text, not ${shownInput(krb5Config)}`)
  if (krb5Config !== undefined) return readConfigurationFiles(krb5Config, thisMachine)
  try {
    return readConfigurationFiles(process.env['KRB5_CONFIG'], thisMachine)
  } catch (error) {
    // The file that KRB5_CONFIG names may be meant only for KDC clients: an app that takes nothing
    // from it does not need it.
    if (localNames !== 'krb5.conf' && error instanceof ConfigurationError && error.code === 'KRB5_CONFIG_CANTOPEN')
      return Krb5Conf.merge([])
    throw error
  }
}

/**
 * Returns the default keytab: KRB5_KTNAME, `default_keytab_name`, /etc/krb5.keytab.
 * @throws ConfigurationError
 */
export function keytabNameOf(conf: Krb5Conf): string {
  return defaultKeytabName(conf, thisMachine)
}

/**
 * Returns `clockskew` in milliseconds; undefined if the file does not have it.
 * @throws ConfigurationError
 */
export function clockSkewOf(conf: Krb5Conf): number | undefined {
  return conf.duration('libdefaults', 'clockskew')
}

/**
 * Returns which encryption types keys may have: keys of the service, session keys, keys of clients.
 * @throws ConfigurationError
 */
export function etypePermissionOf(options: AcceptorOptions, conf: Krb5Conf): EtypePermission {
  const { permittedEncryptionTypes, allowWeakEncryption = false } = options
  requireEtypes(permittedEncryptionTypes)
  const listed = permittedEncryptionTypes ?? conf.encryptionTypes('permitted_enctypes')
  const permitted = listed && new Set(listed)
  return (etype) => {
    const type = findEncryptionType(etype)
    if (type === undefined) return false
    if (type.weak && allowWeakEncryption) return true
    return permitted === undefined ? !type.weak : permitted.has(etype)
  }
}

/**
 * Returns whether a host in `service` stands for every host.
 * @throws ConfigurationError
 */
export function ignoresHostOf({ ignoreAcceptorHostname }: AcceptorOptions, conf: Krb5Conf): boolean {
  return ignoreAcceptorHostname ?? conf.boolean('libdefaults', 'ignore_acceptor_hostname') ?? false
}

/** Requires a list of numbers: an empty list would refuse every caller. */
function requireEtypes(value: unknown): void {
  if (value === undefined) return
  if (Array.isArray(value) && value.length > 0 && value.every((one) => Number.isInteger(one))) return
  throw new ConfigurationError(`permittedEncryptionTypes must be a list of numbers, not ${shownInput(value)}`, {
    hint: 'Numbers of encryption types: [18, 17, 20, 19] for AES.',
  })
}

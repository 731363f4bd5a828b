import {
  builtInCacheName,
  ConfigurationError,
  configuredName,
  type Krb5Conf,
  type Machine,
  thisMachine,
} from '@s4u/krb5'

export interface DefaultCacheSources {
  /** Default: the one that this process runs on. */
  readonly machine?: Machine
  /** The value of `default_ccache_name` in krb5.conf, with its `%{…}` replaced. */
  readonly configured?: string | undefined
}

/**
 * Returns the name of the user's credential cache: KRB5CCNAME, then what the configuration says,
 * then the file that all Kerberos programs share. Source: MIT krb5 documentation, "Credential
 * cache", "Default ccache name".
 *
 * @throws ConfigurationError KRB5_CC_BADNAME if KRB5CCNAME is set and empty, which kinit and klist
 * refuse as well; also if nothing names a cache and the user has no default
 */
export function defaultCacheName({ machine = thisMachine, configured }: DefaultCacheSources = {}): string {
  const { KRB5CCNAME } = machine.environment
  if (KRB5CCNAME === '')
    throw new ConfigurationError('KRB5CCNAME is set and empty, and so names no credential cache', {
      code: 'KRB5_CC_BADNAME',
      hint: 'Unset KRB5CCNAME for the default cache of this user, or set it to FILE:/path, DIR:/path or KCM:.',
    })
  return KRB5CCNAME ?? (configured || builtInCacheName(machine))
}

/**
 * Returns the name in krb5.conf. The file is not read if KRB5CCNAME is set: on a machine with a
 * broken krb5.conf, that cache still works.
 *
 * @throws ConfigurationError
 */
export function configuredCacheName(conf: () => Krb5Conf): string | undefined {
  if (process.env['KRB5CCNAME'] !== undefined) return undefined
  return configuredName(conf(), 'default_ccache_name', thisMachine)
}

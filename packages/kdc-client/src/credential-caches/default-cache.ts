import { ConfigurationError, configuredName, type Krb5Conf, thisMachine } from '@s4u/krb5'

export interface DefaultCacheSources {
  /** Default: that of this process. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** `default_ccache_name` of the krb5.conf, with its `%{…}` replaced. */
  readonly configured?: string | undefined
}

/**
 * The name of the user's credential cache: KRB5CCNAME, else what the configuration says, else the file that all Kerberos programs share.
 * Source: MIT krb5 documentation, "Credential cache", "Default ccache name".
 * @throws ConfigurationError KRB5_CC_BADNAME where KRB5CCNAME is set and empty, which names none for kinit and klist either
 */
export function defaultCacheName({ environment = process.env, configured }: DefaultCacheSources = {}): string {
  const { KRB5CCNAME } = environment
  if (KRB5CCNAME === '')
    throw new ConfigurationError('KRB5CCNAME is set and empty, and so names no credential cache', {
      code: 'KRB5_CC_BADNAME',
      hint: 'Unset KRB5CCNAME for the default cache of this user, or set it to FILE:/path, DIR:/path or KCM:.',
    })
  return KRB5CCNAME ?? (configured || `FILE:/tmp/krb5cc_${process.getuid?.() ?? 0}`)
}

/**
 * What krb5.conf says, which is not read where KRB5CCNAME goes first: a machine whose krb5.conf is broken has that cache all the same.
 * @throws ConfigurationError
 */
export function configuredCacheName(conf: () => Krb5Conf): string | undefined {
  if (process.env['KRB5CCNAME'] !== undefined) return undefined
  return configuredName(conf(), 'default_ccache_name', thisMachine)
}

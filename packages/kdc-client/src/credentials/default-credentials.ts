import { ConfigurationError, defaultClientKeytabName, type Krb5Conf, thisMachine } from '@s4u/krb5'
import { configuredCacheName, defaultCacheName } from '../credential-caches/default-cache.js'
import { cacheNamed } from '../credential-caches/open-credential-cache.js'
import type { KdcCredentials, NamedCredentials } from './credentials.js'
import type { Krb5Configuration } from '../configuration/krb5-configuration.js'

/**
 * Replaces `true` in credentials by what the environment and krb5.conf name: the cache of
 * KRB5CCNAME or default_ccache_name, the keytab of KRB5_CLIENT_KTNAME or
 * default_client_keytab_name. The option `kdc` does not change that.
 *
 * @throws ConfigurationError
 */
export function namedCredentials(credentials: KdcCredentials, configuration: Krb5Configuration): NamedCredentials {
  if ('ccache' in credentials) {
    const { ccache } = credentials
    const conf = (): Krb5Conf => configuration.conf
    const name = ccache === true ? defaultCacheName({ configured: configuredCacheName(conf) }) : ccache
    return { ccache: typeof name === 'string' ? cacheNamed(name, conf) : name }
  }
  if (!('keytab' in credentials)) return credentials
  const keytab = credentials.keytab === true ? clientKeytab(configuration) : credentials.keytab
  return { ...credentials, keytab }
}

function clientKeytab(configuration: Krb5Configuration): string {
  const conf = process.env['KRB5_CLIENT_KTNAME'] ? undefined : configuration.conf
  const name = defaultClientKeytabName(conf, thisMachine)
  if (name === undefined) throw noClientKeytab()
  return name
}

function noClientKeytab(): ConfigurationError {
  return new ConfigurationError('credentials: keytab is true, and no keytab for clients is named on this machine', {
    code: 'KRB5_KT_NOTFOUND',
    hint: 'Name the file in KRB5_CLIENT_KTNAME, in krb5.conf (default_client_keytab_name), or in the option itself.',
  })
}

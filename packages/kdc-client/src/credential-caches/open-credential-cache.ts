import {
  type Krb5Conf,
  type OptionTableOf,
  readConfigurationFiles,
  requireGiven,
  requireKnownOptions,
  thisMachine,
} from '@s4u/krb5'
import { parseCacheName } from './cache-name.js'
import { configuredCacheName, defaultCacheName } from './default-cache.js'
import { FileCache } from './file-cache.js'
import { cachesOfFolder, FolderCache, memberOfFolder } from './folder-cache.js'
import { cachesOfKcm, KcmCache, kcmSocketOf } from './kcm-cache.js'
import type { NamedCredentialCache } from './named-cache.js'

/** Options of `openCredentialCache`. */
export interface CredentialCacheOptions {
  /**
   * The krb5.conf with `default_ccache_name` and `kcm_socket`; several paths are separated by
   * colons. Default: KRB5_CONFIG, or else /etc/krb5.conf.
   */
  readonly krb5Config?: string
}

const OPTIONS = { krb5Config: 'value' } as const satisfies OptionTableOf<CredentialCacheOptions>

/**
 * Returns the credential cache of a name: `FILE:/tmp/krb5cc_1000`, `/tmp/krb5cc_1000`,
 * `DIR:/run/user/1000/krb5cc`, `KCM:`. Without a name, returns the user's default cache. Nothing is
 * read yet, so a cache that is going to be written need not exist.
 *
 * @throws ConfigurationError KRB5_CC_BADNAME, KRB5_CC_UNKNOWN_TYPE
 *
 * @example
 * ```ts
 * import { openCredentialCache } from '@s4u/kdc-client'
 *
 * const cache = openCredentialCache()
 * const { principal, credentials } = await cache.read()
 * console.log(principal, credentials.length)
 * ```
 */
export function openCredentialCache(name?: string, given?: CredentialCacheOptions): NamedCredentialCache {
  const conf = confOf('openCredentialCache', given)
  requireName(name)
  return cacheNamed(name ?? defaultCacheName({ configured: configuredCacheName(conf) }), conf)
}

/**
 * Returns all caches in the same place as the named one, that one included, as `klist -l` does:
 * those of the folder, or those of the user. The current one comes first.
 *
 * @throws ConfigurationError as `openCredentialCache` does, and if the folder or the KCM cannot be
 * read
 *
 * @example
 * ```ts
 * import { listCredentialCaches } from '@s4u/kdc-client'
 *
 * for (const { name } of await listCredentialCaches()) console.log(name)
 * ```
 */
export async function listCredentialCaches(
  name?: string,
  given?: CredentialCacheOptions,
): Promise<readonly NamedCredentialCache[]> {
  const conf = confOf('listCredentialCaches', given)
  requireName(name)
  const whole = name ?? defaultCacheName({ configured: configuredCacheName(conf) })
  const parsed = parseCacheName(whole)
  if (parsed.type === 'DIR') return cachesOfFolder(parsed.folder)
  if (parsed.type === 'KCM' && parsed.cache === '') return cachesOfKcm(kcmSocketOf(conf()))
  return [cacheNamed(whole, conf)]
}

/**
 * Throws if the name is not a text. Otherwise `${name}` would be taken for the path of a file.
 *
 * @throws ConfigurationError
 */
function requireName(name: unknown): void {
  if (name === undefined) return
  requireGiven(
    'the name of a credential cache',
    name,
    'text',
    'Write FILE:/path, DIR:/folder or KCM:, or leave it out.',
  )
}

/**
 * Returns the cache of a name.
 *
 * @throws ConfigurationError as `openCredentialCache` does
 */
export function cacheNamed(name: string, conf: () => Krb5Conf): NamedCredentialCache {
  const parsed = parseCacheName(name)
  switch (parsed.type) {
    case 'FILE':
      return new FileCache(parsed.path)
    case 'DIR':
      return new FolderCache(parsed.folder)
    case 'DIR:':
      return memberOfFolder(parsed.path)
    case 'KCM':
      return new KcmCache(parsed.cache, kcmSocketOf(conf()))
  }
}

function confOf(call: string, given: CredentialCacheOptions | undefined): () => Krb5Conf {
  const { krb5Config = process.env['KRB5_CONFIG'] } = requireKnownOptions(call, given, OPTIONS)
  return () => readConfigurationFiles(krb5Config, thisMachine)
}

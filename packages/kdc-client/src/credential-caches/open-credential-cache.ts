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

export interface CredentialCacheOptions {
  /**
   * The krb5.conf that says `default_ccache_name` and `kcm_socket`; several with a colon between them. Default: KRB5_CONFIG, else
   * /etc/krb5.conf.
   */
  readonly krb5Config?: string
}

const OPTIONS = { krb5Config: 'value' } as const satisfies OptionTableOf<CredentialCacheOptions>

/**
 * The credential cache of a name: `FILE:/tmp/krb5cc_1000`, `/tmp/krb5cc_1000`, `DIR:/run/user/1000/krb5cc`, `KCM:`; without a name the
 * user's default one.
 *
 *     const cache = openCredentialCache()
 *     const { principal, credentials } = await cache.read()
 *
 * Nothing is read yet, so that one that is to be written need not be there.
 * @throws ConfigurationError KRB5_CC_BADNAME, KRB5_CC_UNKNOWN_TYPE
 */
export function openCredentialCache(name?: string, given?: CredentialCacheOptions): NamedCredentialCache {
  const conf = confOf('openCredentialCache', given)
  requireName(name)
  return cacheNamed(name ?? defaultCacheName({ configured: configuredCacheName(conf) }), conf)
}

/**
 * All caches that there are beside the one of this name, the current one first: those of the folder, or of the user. As `klist -l`.
 * @throws ConfigurationError as `openCredentialCache`; where the folder or the KCM cannot be asked
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

/** Refuses what is no text: a number or an object would become the path of a file. @throws ConfigurationError */
function requireName(name: unknown): void {
  if (name === undefined) return
  requireGiven(
    'the name of a credential cache',
    name,
    'text',
    'Write FILE:/path, DIR:/folder or KCM:, or leave it out.',
  )
}

/** @throws ConfigurationError as `openCredentialCache` */
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

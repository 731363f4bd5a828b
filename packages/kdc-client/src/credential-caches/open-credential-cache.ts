import { ConfigurationError, type Krb5Conf, readConfigurationFiles } from '@s4u/krb5'
import { thisMachine } from '../machine.js'
import { parseCacheName } from './cache-name.js'
import { configuredCacheName, defaultCacheName, type DefaultCacheSources } from './default-cache.js'
import { FileCache } from './file-cache.js'
import { FolderCache, memberOfFolder } from './folder-cache.js'
import type { NamedCredentialCache } from './named-cache.js'

/**
 * The credential cache of a name: `FILE:/tmp/krb5cc_1000`, `/tmp/krb5cc_1000`, `DIR:/run/user/1000/krb5cc`; without a name the user's
 * default one.
 *
 *     const cache = openCredentialCache()
 *     const { principal, credentials } = await cache.read()
 *
 * Nothing is read yet, so that one that is to be written need not be there.
 * @throws ConfigurationError KRB5_CC_BADNAME, KRB5_CC_UNKNOWN_TYPE
 */
export function openCredentialCache(name?: string, sources?: DefaultCacheSources): NamedCredentialCache {
  const parsed = parseCacheName(
    name ?? defaultCacheName(sources ?? { configured: configuredCacheName(confOfThisMachine) }),
  )
  switch (parsed.type) {
    case 'FILE':
      return new FileCache(parsed.path)
    case 'DIR':
      return new FolderCache(parsed.folder)
    case 'DIR:':
      return memberOfFolder(parsed.path)
    case 'KCM':
      throw new ConfigurationError('credential caches of type KCM cannot be read', { code: 'KRB5_CC_UNKNOWN_TYPE' })
  }
}

function confOfThisMachine(): Krb5Conf {
  return readConfigurationFiles(process.env['KRB5_CONFIG'], thisMachine)
}

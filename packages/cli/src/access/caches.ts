import { listCredentialCaches, type NamedCredentialCache, openCredentialCache } from '@s4u/kdc-client'

export type CacheWhere = { readonly cache: string | undefined; readonly krb5Config: string | undefined }

/** The credential cache that the user has named, or the default one. */
export function cacheOf({ cache, krb5Config }: CacheWhere): NamedCredentialCache {
  return openCredentialCache(cache, { ...(krb5Config !== undefined && { krb5Config }) })
}

/** The caches beside it, the current one first. */
export function cachesOf({ cache, krb5Config }: CacheWhere): Promise<readonly NamedCredentialCache[]> {
  return listCredentialCaches(cache, { ...(krb5Config !== undefined && { krb5Config }) })
}

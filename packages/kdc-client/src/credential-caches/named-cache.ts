import type { CacheContents, CachedCredential, CredentialCache } from '@s4u/krb5'

/** One credential cache, wherever it is stored. Nothing is read before the first call. */
export interface NamedCredentialCache {
  /**
   * The name that other programs use in KRB5CCNAME: `FILE:/tmp/krb5cc_1000`,
   * `DIR::/run/user/1000/krb5cc/tkt`, `KCM:1000:4711`.
   */
  readonly name: string
  /**
   * Reads the cache.
   *
   * @throws ConfigurationError KRB5_FCC_NOFILE if there is none, KRB5_CC_FORMAT if it cannot be
   * read
   */
  read(): Promise<CredentialCache>
  /**
   * Reads the cache while the thread waits, for what must be known at once.
   *
   * @throws as `read` does
   */
  readNow(): CredentialCache
  /** Tells whether the cache may differ from the one that was read last. */
  hasChanged(): boolean
  /**
   * Does what kinit does: replaces everything in the cache. A missing cache is created, for this
   * user only.
   *
   * @throws ConfigurationError
   */
  replace(contents: CacheContents): Promise<void>
  /**
   * Does what kvno does: adds one ticket, in place of an older one for the same service.
   *
   * @throws ConfigurationError
   */
  store(credential: CachedCredential): Promise<void>
  /**
   * Does what kdestroy does: deletes the cache. Resolves with false if there was none.
   *
   * @throws ConfigurationError
   */
  destroy(): Promise<boolean>
}

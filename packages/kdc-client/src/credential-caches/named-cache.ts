import type { CacheContents, CachedCredential, CredentialCache } from '@s4u/krb5'

/** One credential cache, wherever it is. Nothing is looked at before the first call. */
export interface NamedCredentialCache {
  /** As other programs take it in KRB5CCNAME: `FILE:/tmp/krb5cc_1000`, `DIR::/run/user/1000/krb5cc/tkt`, `KCM:1000:4711`. */
  readonly name: string
  /** @throws ConfigurationError KRB5_FCC_NOFILE where there is none, KRB5_CC_FORMAT where it cannot be read */
  read(): Promise<CredentialCache>
  /** The same while the process stands still, for what has to be known at once. @throws as `read` */
  readNow(): CredentialCache
  /** Whether it may be another one than was read last. */
  hasChanged(): boolean
  /** As kinit does: what was in it is gone. It is made where it is not there, for this user alone. @throws ConfigurationError */
  replace(contents: CacheContents): Promise<void>
  /** As kvno does: one ticket more, in place of an older one for the same service. @throws ConfigurationError */
  store(credential: CachedCredential): Promise<void>
  /** As kdestroy does. False where there was none. @throws ConfigurationError */
  destroy(): Promise<boolean>
}

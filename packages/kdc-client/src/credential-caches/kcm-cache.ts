import {
  type CacheContents,
  type CachedCredential,
  ConfigurationError,
  type CredentialCache,
  type Krb5Conf,
} from '@s4u/krb5'
import { destroyCache, listCaches, readCache, replaceCache, storeCredential } from './kcm-dialogue.js'
import { converse, converseNow } from './kcm-line.js'
import type { NamedCredentialCache } from './named-cache.js'

/** The socket that MIT, Heimdal and sssd use. */
const USUAL_SOCKET = '/var/run/.heim_org.h5l.kcm-socket'

/**
 * Returns the path of the socket: `kcm_socket` of krb5.conf, or the usual one.
 *
 * @throws ConfigurationError KRB5_KCM_NO_SERVER if krb5.conf says that there is none
 */
export function kcmSocketOf(conf: Krb5Conf): string {
  const socket = conf.string('libdefaults', 'kcm_socket') ?? USUAL_SOCKET
  if (socket !== '-') return socket
  throw new ConfigurationError(
    'the credential cache is in a KCM, and krb5.conf says that there is none (kcm_socket = -)',
    {
      code: 'KRB5_KCM_NO_SERVER',
      hint: 'Have the tickets in a file: kinit -c FILE:/path, and FILE:/path here or in KRB5CCNAME.',
    },
  )
}

/** A cache in the memory of a KCM, a daemon that gives each user only the user's own caches. */
export class KcmCache implements NamedCredentialCache {
  readonly name: string
  readonly #cache: string
  readonly #socket: string

  /** @param cache the name of the cache; empty for the user's current one */
  constructor(cache: string, socket: string) {
    this.name = `KCM:${cache}`
    this.#cache = cache
    this.#socket = socket
  }

  read(): Promise<CredentialCache> {
    return converse(this.#socket, readCache(this.#cache))
  }

  readNow(): CredentialCache {
    return converseNow(this.#socket, readCache(this.#cache))
  }

  /** Always true: a KCM does not tell of changes. */
  hasChanged(): boolean {
    return true
  }

  replace(contents: CacheContents): Promise<void> {
    return converse(this.#socket, replaceCache(this.#cache, contents))
  }

  store(credential: CachedCredential): Promise<void> {
    return converse(this.#socket, storeCredential(this.#cache, credential))
  }

  destroy(): Promise<boolean> {
    return converse(this.#socket, destroyCache(this.#cache))
  }
}

/**
 * Returns the caches of this user, the current one first.
 *
 * @throws ConfigurationError
 */
export async function cachesOfKcm(socket: string): Promise<readonly NamedCredentialCache[]> {
  return (await converse(socket, listCaches())).map((name) => new KcmCache(name, socket))
}

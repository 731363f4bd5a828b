import {
  addToCcache,
  type CacheContents,
  type CachedCredential,
  type CredentialCache,
  decodeCcache,
  encodeCcache,
  shownPath,
} from '@s4u/krb5'
import { existsSync } from 'node:fs'
import type { NamedCredentialCache } from './named-cache.js'
import { readOwnFile, removeOwnFile, stampOfFile, writeOwnFile } from './own-file.js'

/** A cache in a file: one named `FILE:…`, or a member of a `DIR:` cache. */
export class FileCache implements NamedCredentialCache {
  readonly name: string
  readonly #path: string
  /**
   * The path for messages. What is not the path of a file may be a key or a password, so it is
   * shown only if it looks like a path.
   */
  readonly #shown: string
  #stamp = ''

  /** @param name the name that other programs use */
  constructor(path: string, name = `FILE:${path}`) {
    this.name = name
    this.#path = path
    this.#shown = existsSync(path) ? path : shownPath(path)
  }

  async read(): Promise<CredentialCache> {
    return this.readNow()
  }

  readNow(): CredentialCache {
    const { octets, stamp } = readOwnFile(this.#path, this.#shown)
    this.#stamp = stamp
    return decodeCcache(octets, this.#shown)
  }

  hasChanged(): boolean {
    try {
      return stampOfFile(this.#path) !== this.#stamp
    } catch {
      // A file that is missing at the moment has not changed.
      return false
    }
  }

  async replace(contents: CacheContents): Promise<void> {
    writeOwnFile(this.#path, encodeCcache(contents), this.#shown)
  }

  async store(credential: CachedCredential): Promise<void> {
    const { octets } = readOwnFile(this.#path, this.#shown)
    writeOwnFile(this.#path, addToCcache(octets, credential, this.#shown), this.#shown)
  }

  async destroy(): Promise<boolean> {
    return removeOwnFile(this.#path, this.#shown)
  }
}

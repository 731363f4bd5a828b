import { ConfigurationError, keytabFilePath, shownPath, unreadableKeytab } from '@s4u/krb5'
import { existsSync, readFileSync, statSync } from 'node:fs'

/** A keytab on disk, which other programs may rewrite. */
export class KeytabFile {
  /**
   * The path for messages. A text that names no file may be a key or a password, and appears only
   * if it looks like a path.
   */
  readonly name: string
  readonly #path: string
  #stamp = ''

  /**
   * @param name the path, with or without `FILE:`
   * @throws ConfigurationError KRB5_KT_NOTFOUND for a type without a path,
   * KRB5_KT_UNKNOWN_TYPE for another type than a file
   */
  constructor(name: string) {
    this.#path = keytabFilePath(name)
    if (this.#path === '')
      throw new ConfigurationError(name === '' ? 'the path of the keytab is empty' : `${name} names no keytab`, {
        code: 'KRB5_KT_NOTFOUND',
        hint: 'Write the path of the file, with or without FILE: in front.',
      })
    this.name = existsSync(this.#path) ? this.#path : shownPath(this.#path)
  }

  /** @throws ConfigurationError KRB5_KT_NOTFOUND or KRB5_KT_IOERR, with the path */
  read(): Uint8Array {
    try {
      this.#stamp = stampOf(this.#path)
      return readFileSync(this.#path)
    } catch (error) {
      throw unreadableKeytab(this.name, error, { isNameShown: this.name === this.#path })
    }
  }

  /**
   * Returns whether the file has changed since it was read. A file that is missing at the moment
   * has not changed.
   */
  hasChanged(): boolean {
    try {
      return stampOf(this.#path) !== this.#stamp
    } catch {
      return false
    }
  }
}

function stampOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path)
  return `${mtimeMs},${size},${ino}`
}

import { ConfigurationError, shownPath } from '@s4u/krb5'
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
   * @throws ConfigurationError KRB5_KT_NOTFOUND for a type without a path
   */
  constructor(name: string) {
    this.#path = name.replace(/^(FILE|WRFILE):/, '')
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
      const errno = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
      throw unreadable(this.name, errno, this.name === this.#path ? error : undefined)
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

/** @param cause contains the path; undefined if the path must not appear */
function unreadable(name: string, errno: string, cause: unknown): ConfigurationError {
  if (errno === 'ENOENT' || errno === 'ENOTDIR')
    return new ConfigurationError(`cannot read the keytab ${name}: it is not there`, {
      code: 'KRB5_KT_NOTFOUND',
      hint: 'Check the path. samba-tool domain exportkeytab, ktpass and kadmin ktadd write such a file.',
      cause,
    })
  if (errno === 'EISDIR')
    return new ConfigurationError(`the keytab ${name} is a folder`, {
      code: 'KRB5_KT_NOTFOUND',
      hint: 'Name the file in it.',
      cause,
    })
  const isDenied = errno === 'EACCES' || errno === 'EPERM'
  return new ConfigurationError(`cannot read the keytab ${name}: ${errno}`, {
    code: 'KRB5_KT_IOERR',
    hint: isDenied
      ? `Give the user that runs this process the right to read ${name}, and nobody else.`
      : `Look at the file system: it says ${errno}.`,
    cause,
  })
}

function stampOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path)
  return `${mtimeMs},${size},${ino}`
}

import { ConfigurationError, shownPath } from '@s4u/krb5'
import { existsSync, readFileSync, statSync } from 'node:fs'

type Kind = 'keytab' | 'credential cache'

/** As MIT krb5 calls it when there is no such file. */
const NO_FILE: Readonly<Record<Kind, string>> = { keytab: 'KRB5_KT_NOTFOUND', 'credential cache': 'KRB5_FCC_NOFILE' }

/** A keytab or credential cache on disk, which other programs rewrite. */
export class CredentialFile {
  /** The path, for messages: what names no file may be a key or a password, and is shown only where it looks like a path. */
  readonly name: string
  private readonly path: string
  private readonly what: Kind
  private stamp = ''

  constructor(path: string, what: Kind) {
    this.path = path
    this.name = existsSync(path) ? path : shownPath(path)
    this.what = what
  }

  /** @throws ConfigurationError KRB5_KT_NOTFOUND or KRB5_FCC_NOFILE with the path */
  read(): Uint8Array {
    try {
      this.stamp = stampOf(this.path)
      return readFileSync(this.path)
    } catch (error) {
      // Errors of the file system hold the path.
      const cause = this.name === this.path ? error : undefined
      if (error instanceof Error && 'code' in error && error.code === 'EISDIR')
        throw new ConfigurationError(`the ${this.what} ${this.name} is a folder`, {
          code: NO_FILE[this.what],
          hint: 'Name the file in it.',
          cause,
        })
      throw new ConfigurationError(`cannot read the ${this.what} ${this.name}`, {
        code: NO_FILE[this.what],
        hint: 'Check that the file exists and that this process may read it.',
        cause,
      })
    }
  }

  /** Whether the file is another one than was read. A file that is gone for the moment has not changed. */
  hasChanged(): boolean {
    try {
      return stampOf(this.path) !== this.stamp
    } catch {
      return false
    }
  }
}

function stampOf(path: string): string {
  const { mtimeMs, size, ino } = statSync(path)
  return `${mtimeMs},${size},${ino}`
}

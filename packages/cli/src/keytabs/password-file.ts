import { closeSync, existsSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { ConfigurationError } from '@s4u/krb5'

/**
 * The file beside a keytab that keeps a new password until its keys are written. If the machine or
 * the network fails between the two steps, the password would be lost without this file.
 */
export class PasswordFile {
  readonly path: string

  constructor(keytabPath: string) {
    this.path = `${keytabPath}.new-password`
  }

  /**
   * @throws ConfigurationError where an earlier run has left one, or the folder cannot be written
   */
  save(password: string): void {
    if (existsSync(this.path)) throw unfinished(this.path)
    let file: number
    try {
      file = openSync(this.path, 'wx', 0o600)
    } catch (cause) {
      throw new ConfigurationError(`${this.path} cannot be written`, {
        code: 'KRB5_KT_IOERR',
        hint: 'Name a keytab in a folder that is there and that this user may write to.',
        cause,
      })
    }
    try {
      writeSync(file, `${password}\n`)
      // After a power failure the password must be there, since the directory has it.
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }

  discard(): void {
    rmSync(this.path, { force: true })
  }
}

function unfinished(path: string): ConfigurationError {
  return new ConfigurationError(`an earlier run has not ended: ${path} is still there`, {
    code: 'KRB5_KT_IOERR',
    hint: 'It may hold the present password of the account. If s4u keytab check finds the keys of the keytab current, remove it. If not, make a keytab with it: s4u keytab create, with the file as standard input.',
  })
}

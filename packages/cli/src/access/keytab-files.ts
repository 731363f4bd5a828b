import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readKrb5Conf, thisMachine } from '@s4u/kdc-client'
import { ConfigurationError, defaultKeytabName, Keytab, shownPath } from '@s4u/krb5'

/**
 * The name of the keytab that the user has named, or of the default one: KRB5_KTNAME, then
 * krb5.conf.
 */
export function keytabPath(name: string | undefined, krb5Config?: string): string {
  const whole = name ?? defaultKeytabName(readKrb5Conf(krb5Config), thisMachine)
  return whole.replace(/^(?:WR)?FILE:/, '')
}

/** @throws ConfigurationError where it is not there, may not be read, or is none */
export function readKeytab(path: string): Keytab {
  return Keytab.decode(octetsOf(path), path)
}

/** An empty one where there is none yet. @throws ConfigurationError as `readKeytab` */
export function readKeytabIfAny(path: string): Keytab {
  try {
    return readKeytab(path)
  } catch (error) {
    if (error instanceof ConfigurationError && error.code === 'KRB5_KT_NOTFOUND') return new Keytab([], path)
    throw error
  }
}

/**
 * Writes beside the old file and puts the new one in its place: a program that reads it meanwhile
 * has the one or the other, and nobody but this user may read the keys.
 *
 * @throws ConfigurationError
 */
export function writeKeytab(path: string, keytab: Keytab): void {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(draft, keytab.encode(), { mode: 0o600, flag: 'wx' })
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw new ConfigurationError(`${shownPath(path)} cannot be written: ${reasonOf(error)}`, {
      code: 'KRB5_KT_IOERR',
      hint: 'Name a file in a folder that is there and that this user may write to.',
      cause: error,
    })
  }
}

function octetsOf(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    const isAbsent = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    throw new ConfigurationError(`the keytab ${shownPath(path)} cannot be read: ${reasonOf(error)}`, {
      code: isAbsent ? 'KRB5_KT_NOTFOUND' : 'KRB5_KT_IOERR',
      hint: isAbsent
        ? 'Name another file, or make one with s4u keytab create.'
        : 'Give this user the right to read the file, or run the command as its owner.',
      cause: error,
    })
  }
}

/** `ENOENT: no such file or directory`, without the path that Node puts behind it. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, \w+ '.*$/s, '') : String(error)
}

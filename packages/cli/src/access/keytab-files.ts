import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { readKrb5Conf, thisMachine } from '@s4u/kdc-client'
import { ConfigurationError, defaultKeytabName, Keytab, keytabFilePath, shownPath, unreadableKeytab } from '@s4u/krb5'

/**
 * The name of the keytab that the user has named, or of the default one: KRB5_KTNAME, then
 * krb5.conf.
 */
export function keytabPath(name: string | undefined, krb5Config?: string): string {
  const whole = name ?? defaultKeytabName(readKrb5Conf(krb5Config), thisMachine)
  return keytabFilePath(whole)
}

/** @throws ConfigurationError if the file does not exist, may not be read, or is not a keytab */
export function readKeytab(path: string): Keytab {
  return Keytab.decode(octetsOf(path), path)
}

/**
 * Reads a keytab; returns an empty keytab if the file does not exist. @throws ConfigurationError
 * as `readKeytab`
 */
export function readKeytabIfAny(path: string): Keytab {
  try {
    return readKeytab(path)
  } catch (error) {
    if (error instanceof ConfigurationError && error.code === 'KRB5_KT_NOTFOUND') return new Keytab([], path)
    throw error
  }
}

/**
 * Writes a new file and renames it to the old name, so that a program that reads meanwhile gets
 * either file whole. The new file has the owner and the rights of the old one, so that the service
 * can still read it, but never rights for all users. A file that did not exist before is for this
 * user only. A link stays a link.
 *
 * @param replace whether a file that is there may be replaced; default: yes
 * @throws ConfigurationError
 */
export function writeKeytab(
  path: string,
  keytab: Keytab,
  { replace = true }: { readonly replace?: boolean } = {},
): void {
  const target = existsSync(path) ? realpathSync(path) : path
  const draft = `${target}.${randomBytes(6).toString('hex')}`
  try {
    writeDraft(draft, keytab, replace && existsSync(target) ? target : undefined)
    if (replace) renameSync(draft, target)
    else {
      // Unlike a rename it fails where a file has come up meanwhile.
      linkSync(draft, target)
      rmSync(draft)
    }
  } catch (error) {
    rmSync(draft, { force: true })
    throw new ConfigurationError(`${shownPath(path)} cannot be written: ${reasonOf(error)}`, {
      code: 'KRB5_KT_IOERR',
      hint: 'Name a file in a folder that is there and that this user may write to.',
      cause: error,
    })
  }
}

/** The rights of everybody, which no keytab may have. */
const OTHERS = 0o007

function writeDraft(draft: string, keytab: Keytab, like: string | undefined): void {
  const file = openSync(draft, 'wx', 0o600)
  try {
    if (like !== undefined && process.platform !== 'win32') {
      const { uid, gid, mode } = statSync(like)
      const isOwn = uid === process.geteuid?.() && gid === process.getegid?.()
      if (!isOwn) fchownSync(file, uid, gid)
      fchmodSync(file, mode & 0o777 & ~OTHERS)
    }
    writeSync(file, keytab.encode())
    // What held the password is removed next.
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

function octetsOf(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (error) {
    throw unreadableKeytab(shownPath(path), error)
  }
}

/** `ENOENT: no such file or directory`, without the path that Node puts behind it. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, \w+ '.*$/s, '') : String(error)
}

import { ConfigurationError, Keytab, shownPath } from '@s4u/krb5'
import { readFile, stat } from 'node:fs/promises'

/** A keytab, and where it came from. */
export interface KeytabFile {
  readonly keytab: Keytab
  /** Undefined for octets that an app handed over. */
  readonly path?: string
  /** The permission bits of the file: `0o600`. Undefined if the system has no permission bits. */
  readonly mode?: number
}

/**
 * Reads the keytab of a service.
 * @throws ConfigurationError for a file that cannot be read, is no keytab, or is of another type
 * than FILE
 */
export async function readKeytabFile(source: string | Uint8Array | Keytab): Promise<KeytabFile> {
  if (source instanceof Keytab) return { keytab: source }
  if (typeof source !== 'string') return { keytab: Keytab.decode(source) }
  const path = pathOf(source)
  try {
    const [octets, { mode }] = await Promise.all([readFile(path), stat(path)])
    const keytab = Keytab.decode(octets, path)
    return { keytab, path, ...(process.platform !== 'win32' && { mode: mode & 0o777 }) }
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause
    throw unreadable(path, cause)
  }
}

function pathOf(name: string): string {
  const [, type, path] = /^([A-Z]+):(.*)$/s.exec(name) ?? [undefined, 'FILE', name]
  if (type === 'FILE' || type === 'WRFILE') return path
  throw new ConfigurationError(`the keytab ${shownPath(name)} is no file`, {
    hint: 'Only keytabs in files can be read: write FILE:/path, or the path.',
  })
}

function unreadable(path: string, cause: unknown): ConfigurationError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'EIO'
  const hints: Readonly<Record<string, string>> = {
    ENOENT: 'Name the keytab with --keytab or KRB5_KTNAME, or make one: s4u keytab create, or s4u join.',
    EACCES: 'Run as the user of the service, or let that user read the file: chown USER FILE; chmod 600 FILE.',
    EISDIR: 'That is a folder. Name the file in it.',
  }
  return new ConfigurationError(`the keytab ${shownPath(path)} cannot be read (${code})`, {
    code: 'KRB5_KT_IOERR',
    hint: hints[code],
    cause,
  })
}

import { ConfigurationError, Keytab, keytabFilePath, shownPath, unreadableKeytab } from '@s4u/krb5'
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
  const path = keytabFilePath(source)
  try {
    const [octets, { mode }] = await Promise.all([readFile(path), stat(path)])
    const keytab = Keytab.decode(octets, path)
    return { keytab, path, ...(process.platform !== 'win32' && { mode: mode & 0o777 }) }
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause
    throw unreadableKeytab(shownPath(path), cause)
  }
}

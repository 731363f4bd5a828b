import { existsSync, readFileSync } from 'node:fs'
import {
  defaultKeytabName,
  Keytab,
  keytabFilePath,
  readConfigurationFiles,
  S4uError,
  shownPath,
  thisMachine,
  unreadableKeytab,
} from '@s4u/krb5'

/**
 * Returns the name of the keytab of this machine: KRB5_KTNAME, else default_keytab_name of
 * krb5.conf, else /etc/krb5.keytab.
 */
export function keytabName(krb5Config: string | undefined = process.env['KRB5_CONFIG']): string {
  const conf = process.env['KRB5_KTNAME'] ? undefined : readConfigurationFiles(krb5Config, thisMachine)
  return defaultKeytabName(conf, thisMachine)
}

/**
 * Reads a keytab.
 *
 * @param source a path, octets, base64, or a `Keytab`. Default: the keytab of this machine
 * @throws ConfigurationError KRB5_KT_NOTFOUND among others
 */
export function readKeytab(source: string | Uint8Array | Keytab | undefined, krb5Config?: string): Keytab {
  const given = source ?? keytabName(krb5Config)
  if (given instanceof Uint8Array) return Keytab.decode(given)
  const keytab = typeof given === 'string' ? Keytab.fromBase64(given) : Keytab.from(given)
  return keytab ?? readFile(keytabFilePath(String(given)))
}

function readFile(path: string): Keytab {
  // Text that is no path may be the keys themselves.
  const name = existsSync(path) ? path : shownPath(path)
  try {
    return Keytab.decode(readFileSync(path), name)
  } catch (error) {
    if (S4uError.is(error)) throw error
    throw unreadableKeytab(name, error, { isNameShown: name === path })
  }
}

/** Where the service's keys come from: the option `keytab`. */

import { fileURLToPath } from 'node:url'
import { ConfigurationError, Keytab, keytabFilePath } from '@s4u/krb5'
import { KeytabFile } from './keytab-file.js'
import { KeytabInMemory, type KeytabLocation } from './keytab-location.js'
import { type KeytabProvider, ProvidedKeytab } from './keytab-provider.js'

/**
 * Where the keys of the service are. Text that does not name a file is not shown in errors unless
 * it looks like a path: it may be a key.
 *
 * - a path, with or without `FILE:` or `WRFILE:` in front
 * - the octets of a keytab, or a keytab in base64 (as text or in a file)
 * - a `Keytab`
 * - a function that fetches one of these
 * - a list of all these
 */
export type KeytabSource = string | URL | Uint8Array | Keytab | KeytabProvider | readonly KeytabSource[]

/**
 * Returns the locations to read, one for each source in a list.
 * @throws ConfigurationError for a source of an unknown kind
 */
export function keytabLocations(source: KeytabSource): KeytabLocation[] {
  if (Array.isArray(source)) return source.flatMap((one: KeytabSource) => keytabLocations(one))
  if (typeof source === 'function') return [new ProvidedKeytab(source)]
  if (typeof source === 'string') return [locationOfText(source)]
  if (source instanceof URL) return [new KeytabFile(fileURLToPath(source))]
  const keytab = source instanceof Uint8Array ? source : Keytab.from(source)
  if (keytab !== undefined) return [new KeytabInMemory(keytab)]
  throw new ConfigurationError('keytab must be a path, octets, a Keytab, a function that gives one, or a list of these')
}

function locationOfText(text: string): KeytabLocation {
  const keytab = Keytab.fromBase64(text)
  return keytab === undefined ? new KeytabFile(keytabFilePath(text)) : new KeytabInMemory(keytab)
}

/** Where the service's keys come from: the option `keytab`. */

import { fileURLToPath } from 'node:url'
import { ConfigurationError, Keytab } from '@s4u/krb5'
import { KeytabFile, pathOf } from './keytab-file.js'
import { KeytabInMemory, type KeytabLocation } from './keytab-location.js'
import { type KeytabProvider, ProvidedKeytab } from './keytab-provider.js'

/**
 * A path (`FILE:` and `WRFILE:` in front of it are understood), the octets of a keytab, a keytab in
 * base64 (as a text or in a file), a `Keytab`, a function that fetches one of those from elsewhere,
 * or several of all these. A text that names no file is not shown in errors unless it looks like a
 * path: it may be a key.
 */
export type KeytabSource = string | URL | Uint8Array | Keytab | KeytabProvider | readonly KeytabSource[]

/** @throws ConfigurationError for a source of no known kind */
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
  return keytab === undefined ? new KeytabFile(pathOf(text)) : new KeytabInMemory(keytab)
}

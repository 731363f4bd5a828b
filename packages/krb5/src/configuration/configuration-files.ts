/**
 * Finds the files that are the krb5.conf of a machine. Source: MIT krb5 documentation, "krb5.conf",
 * and KRB5_CONFIG in "kerberos".
 */

import { ConfigurationError } from '../errors/errors.js'
import { shownPath } from '../errors/shown-input.js'
import { Krb5Conf, parseKrb5Conf } from './krb5-conf.js'
import type { IncludeReader } from './include-directives.js'

/** The file that every Kerberos program reads if no other is named. */
const DEFAULT_FILE = '/etc/krb5.conf'

/**
 * Returns the paths in a value of KRB5_CONFIG, which colons separate; without a value, the path of
 * the machine's own file. Where the value begins with a drive of Windows (`C:\krb5.conf`),
 * semicolons separate the paths.
 *
 * @example
 * ```ts
 * import { configurationPaths } from '@s4u/krb5'
 *
 * configurationPaths('/a/krb5.conf:/b/krb5.conf') // ['/a/krb5.conf', '/b/krb5.conf']
 * ```
 */
export function configurationPaths(named: string | undefined): readonly string[] {
  const value = named || DEFAULT_FILE
  return value.split(/^[A-Za-z]:[\\/]/.test(value) ? ';' : ':').filter((path) => path !== '')
}

/**
 * Reads these files as one configuration. A missing file is no error, unless it was the only one
 * that was named.
 *
 * @param named a value of KRB5_CONFIG
 * @throws ConfigurationError KRB5_CONFIG_CANTOPEN, KRB5_CONFIG_BADFORMAT
 *
 * @example
 * ```ts
 * import { readdirSync, readFileSync } from 'node:fs'
 * import { readConfigurationFiles } from '@s4u/krb5'
 *
 * const readFile = (path: string) => readFileSync(path, 'utf8')
 * const listFolder = (path: string) => readdirSync(path)
 * readConfigurationFiles(process.env.KRB5_CONFIG, { readFile, listFolder })
 * ```
 */
export function readConfigurationFiles(named: string | undefined, reader: IncludeReader): Krb5Conf {
  const paths = configurationPaths(named)
  const isNeeded = Boolean(named) && paths.length === 1
  return Krb5Conf.merge(paths.flatMap((path) => readOne(path, isNeeded, reader)))
}

function readOne(path: string, isNeeded: boolean, reader: IncludeReader): Krb5Conf[] {
  try {
    return [parseKrb5Conf(reader.readFile(path), { source: path, include: reader })]
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause
    if (!isNeeded) return []
    const shown = shownPath(path)
    throw new ConfigurationError(`cannot read ${shown}, which is named as krb5.conf`, {
      code: 'KRB5_CONFIG_CANTOPEN',
      hint: 'Check the path in KRB5_CONFIG or krb5Config, and that this process may read the file.',
      cause: shown === path ? cause : undefined,
    })
  }
}

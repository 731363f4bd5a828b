/** Which files are the krb5.conf of a machine. Source: MIT krb5 documentation, "krb5.conf", and KRB5_CONFIG in "kerberos". */

import { ConfigurationError } from '../errors/errors.js'
import { shownPath } from '../errors/shown-input.js'
import { Krb5Conf, parseKrb5Conf } from './krb5-conf.js'
import type { IncludeReader } from './profile.js'

/** Where every Kerberos program looks when nothing is named. */
const DEFAULT_FILE = '/etc/krb5.conf'

/** The paths in a value of KRB5_CONFIG, which a colon separates; without one that of the machine. */
export function configurationPaths(named: string | undefined): readonly string[] {
  return (named || DEFAULT_FILE).split(':').filter((path) => path !== '')
}

/**
 * The contents of these files, as one. Those that are missing do no harm, as long as another is named or none. @throws ConfigurationError
 * KRB5_CONFIG_CANTOPEN, KRB5_CONFIG_BADFORMAT
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

import {
  configurationPaths,
  type Krb5Conf,
  readConfigurationFiles,
  sameRealmIgnoringCase,
  thisMachine,
} from '@s4u/krb5'
import { statSync } from 'node:fs'

/** The shortest time between two checks of the files for changes; milliseconds. */
const FRESH_FOR = 10_000

/**
 * The krb5.conf of this machine: the files given (with a colon between them), or /etc/krb5.conf if
 * it exists. A file that has changed is read again.
 */
export class Krb5Configuration {
  readonly #files: string | undefined
  readonly #now: () => number
  #read: { readonly conf: Krb5Conf; readonly stamp: string } | undefined
  #checkedAt = -Infinity

  /** @param files as in KRB5_CONFIG */
  constructor(files: string | undefined, now: () => number) {
    this.#files = files
    this.#now = now
  }

  /**
   * @throws ConfigurationError if a file, or a line in it, cannot be read
   */
  get conf(): Krb5Conf {
    const read = this.#read
    if (read && this.#now() - this.#checkedAt < FRESH_FOR && this.#now() >= this.#checkedAt) return read.conf
    const stamp = configurationPaths(this.#files).map(stampOf).join('|')
    this.#checkedAt = this.#now()
    if (read?.stamp === stamp) return read.conf
    const conf = readConfigurationFiles(this.#files, thisMachine)
    this.#read = { conf, stamp }
    return conf
  }

  /**
   * Returns a realm of [realms] that differs from this one in letter case only. Realms are
   * case-sensitive.
   */
  otherSpelling(realm: string): string | undefined {
    const names = this.conf.names('realms')
    return names.includes(realm) ? undefined : names.find((name) => sameRealmIgnoringCase(name, realm))
  }
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs},${size},${ino}`
  } catch {
    return 'none'
  }
}

/**
 * Reads the krb5.conf of this machine.
 *
 * @param files as in KRB5_CONFIG. Default: KRB5_CONFIG, else /etc/krb5.conf
 * @throws ConfigurationError KRB5_CONFIG_CANTOPEN, KRB5_CONFIG_BADFORMAT
 *
 * @example
 * ```ts
 * import { readKrb5Conf } from '@s4u/kdc-client'
 * import { settingsNotRead } from '@s4u/krb5'
 *
 * const conf = readKrb5Conf()
 * console.log(conf.defaultRealm)
 * for (const { path, line, why } of settingsNotRead(conf)) console.log(path.join(' '), line, why)
 * ```
 */
export function readKrb5Conf(files: string | undefined = process.env['KRB5_CONFIG']): Krb5Conf {
  return readConfigurationFiles(files, thisMachine)
}

import {
  configurationPaths,
  type Krb5Conf,
  readConfigurationFiles,
  sameRealmIgnoringCase,
  thisMachine,
} from '@s4u/krb5'
import { statSync } from 'node:fs'

/** How long the files are believed to be as they were read; milliseconds. */
const FRESH_FOR = 10_000

/**
 * The krb5.conf of this machine: `KRB5_CONFIG` (several files with a colon between them), else /etc/krb5.conf if there is one. Read
 * again when a file has changed.
 */
export class Krb5Configuration {
  private readonly files: string | undefined
  private readonly now: () => number
  private read: { readonly conf: Krb5Conf; readonly stamp: string } | undefined
  private checkedAt = -Infinity

  /** `files` as in KRB5_CONFIG. */
  constructor(files: string | undefined, now: () => number) {
    this.files = files
    this.now = now
  }

  /** @throws ConfigurationError for a file that cannot be read, or has a line that cannot */
  get conf(): Krb5Conf {
    const { read } = this
    if (read && this.now() - this.checkedAt < FRESH_FOR && this.now() >= this.checkedAt) return read.conf
    const stamp = configurationPaths(this.files).map(stampOf).join('|')
    this.checkedAt = this.now()
    if (read?.stamp === stamp) return read.conf
    const conf = readConfigurationFiles(this.files, thisMachine)
    this.read = { conf, stamp }
    return conf
  }

  /** A realm of [realms] that is called the same but for letter case, which tells realms apart. */
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
 * The krb5.conf of this machine, `files` as in KRB5_CONFIG: for whoever wants to look into it, as with `settingsNotRead`. Default:
 * KRB5_CONFIG, else /etc/krb5.conf. @throws ConfigurationError KRB5_CONFIG_CANTOPEN, KRB5_CONFIG_BADFORMAT
 */
export function readKrb5Conf(files: string | undefined = process.env['KRB5_CONFIG']): Krb5Conf {
  return readConfigurationFiles(files, thisMachine)
}

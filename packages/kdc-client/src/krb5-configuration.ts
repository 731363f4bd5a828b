import { ConfigurationError, Krb5Conf, parseKrb5Conf, sameRealmIgnoringCase, shownPath } from '@s4u/krb5'
import { readdirSync, readFileSync, statSync } from 'node:fs'

/** Where every Kerberos program looks when KRB5_CONFIG names nothing. */
const DEFAULT_FILE = '/etc/krb5.conf'

/** How long the files are believed to be as they were read; milliseconds. */
const FRESH_FOR = 10_000

/**
 * The krb5.conf of this machine: `KRB5_CONFIG` (several files with a colon between them), else /etc/krb5.conf if there is one. Read
 * again when a file has changed.
 */
export class Krb5Configuration {
  private readonly files: string
  private readonly named: boolean
  private readonly now: () => number
  private read: { readonly conf: Krb5Conf; readonly stamp: string } | undefined
  private checkedAt = -Infinity

  /** `files` as in KRB5_CONFIG. */
  constructor(files: string | undefined, now: () => number) {
    this.named = files !== undefined && files !== ''
    this.files = files || DEFAULT_FILE
    this.now = now
  }

  /** @throws ConfigurationError for a file that cannot be read, or has a line that cannot */
  get conf(): Krb5Conf {
    const { read } = this
    if (read && this.now() - this.checkedAt < FRESH_FOR && this.now() >= this.checkedAt) return read.conf
    const paths = this.files.split(':').filter((path) => path !== '')
    const stamp = paths.map(stampOf).join('|')
    this.checkedAt = this.now()
    if (read?.stamp === stamp) return read.conf
    const conf = Krb5Conf.merge(paths.flatMap((path) => this.load(path)))
    this.read = { conf, stamp }
    return conf
  }

  /** A realm of [realms] that is called the same but for letter case, which tells realms apart. */
  otherSpelling(realm: string): string | undefined {
    const names = this.conf.names('realms')
    return names.includes(realm) ? undefined : names.find((name) => sameRealmIgnoringCase(name, realm))
  }

  /** Of several files those that are missing do no harm, as long as there is one. */
  private load(path: string): Krb5Conf[] {
    try {
      return [parseKrb5Conf(readFileSync(path, 'utf8'), { source: path, include })]
    } catch (cause) {
      if (cause instanceof ConfigurationError) throw cause
      if (!this.named || this.files.includes(':')) return []
      const shown = shownPath(path)
      throw new ConfigurationError(`cannot read ${shown}, which is named as krb5.conf`, {
        code: 'KRB5_CONFIG_CANTOPEN',
        hint: 'Check the path in KRB5_CONFIG or krb5Config, and that this process may read the file.',
        cause: shown === path ? cause : undefined,
      })
    }
  }
}

const include = {
  readFile: (path: string): string => readFileSync(path, 'utf8'),
  listFolder: (path: string): readonly string[] => readdirSync(path),
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs},${size},${ino}`
  } catch {
    return 'none'
  }
}

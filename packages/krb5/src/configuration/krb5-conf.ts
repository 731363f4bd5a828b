/**
 * krb5.conf: the realm of a host, the KDCs of a realm, and the realms over which trust leads there.
 * Source: MIT krb5 documentation, "krb5.conf".
 */

import type { ConfigurationError } from '../errors/errors.js'
import { requireGiven } from '../options/given.js'
import { asciiLower } from '../names/principal.js'
import { shownInput } from '../errors/shown-input.js'
import { secondsOfDuration } from './duration.js'
import { readEncryptionTypeList } from './encryption-type-list.js'
import { type ConfiguredKdc, KDC_LOCATION_FORMS, kdcLocationOf } from './kdc-location.js'
import type { IncludeReader } from './include-directives.js'
import { badLine, parseProfile, type ProfileNode } from './profile.js'

export type { ConfiguredKdc } from './kdc-location.js'
export type { IncludeReader } from './include-directives.js'

/** How a krb5.conf is read. */
export interface Krb5ConfOptions {
  /** The name of the file, for errors. */
  readonly source?: string
  /** Reads the files that `include` and `includedir` name. Without it, these lines are refused. */
  readonly include?: IncludeReader
}

/**
 * Reads the text of a krb5.conf.
 *
 * @throws ConfigurationError KRB5_CONFIG_BADFORMAT, with file and line
 *
 * @example
 * ```ts
 * import { parseKrb5Conf } from '@s4u/krb5'
 *
 * const conf = parseKrb5Conf('[realms]\n  AD.TEST = {\n    kdc = dc1.ad.test\n  }\n')
 * console.log(conf.kdcsOf('AD.TEST')) // [ { host: 'dc1.ad.test', port: 88 } ]
 * ```
 */
export function parseKrb5Conf(text: string, options: Krb5ConfOptions = {}): Krb5Conf {
  requireGiven('a krb5.conf', text, 'text', "Give what is in the file: readFileSync('/etc/krb5.conf', 'utf8').")
  const { source = 'krb5.conf', include } = options
  return new Krb5Conf([parseProfile(text, { source, ...(include && { include }) })])
}

/**
 * The contents of one krb5.conf, or of several files in the order in which they count.
 *
 * @example
 * ```ts
 * import { parseKrb5Conf } from '@s4u/krb5'
 *
 * const conf = parseKrb5Conf('[libdefaults]\n  default_realm = AD.TEST\n')
 * console.log(conf.string('libdefaults', 'default_realm')) // AD.TEST
 * ```
 */
export class Krb5Conf {
  readonly #files: readonly ProfileNode[]

  /** @internal Use `parseKrb5Conf`. */
  constructor(files: readonly ProfileNode[]) {
    this.#files = files
  }

  /** Joins several files, as in `KRB5_CONFIG=a:b`: the first file that sets something counts. */
  static merge(files: readonly Krb5Conf[]): Krb5Conf {
    return new Krb5Conf(files.flatMap((file) => file.#files))
  }

  get defaultRealm(): string | undefined {
    return this.string('libdefaults', 'default_realm')
  }

  /**
   * Returns the realm that [domain_realm] names for a host: first by its own name, then by its
   * domains, the nearest first.
   */
  realmOf(host: string): string | undefined {
    const mappings = new Map<string, string>()
    for (const { name, value } of this.#find(['domain_realm']).flat()) {
      const key = asciiLower(name)
      if (value !== undefined && !mappings.has(key)) mappings.set(key, value)
    }
    const name = asciiLower(host).replace(/\.$/, '')
    // An address has no domains: 10.0.0.1 is not in the domain "1".
    if (/^[\d.]+$|:/.test(name)) return mappings.get(name)
    for (
      let rest = name;
      rest !== '';
      rest = rest.startsWith('.') ? rest.slice(1) : rest.slice(indexOrEnd(rest, '.'))
    ) {
      const realm = mappings.get(rest)
      if (realm !== undefined) return realm
    }
    return undefined
  }

  /**
   * Returns the KDCs of a realm in the order of the file; an empty list if it names none.
   *
   * @throws ConfigurationError KRB5_CONFIG_BADFORMAT, with file and line
   */
  kdcsOf(realm: string): readonly ConfiguredKdc[] {
    return this.#values('realms', realm, 'kdc').map((relation) => kdcOf(relation))
  }

  /**
   * Returns the password servers of a realm: `kpasswd_server`, or else the hosts of `admin_server`;
   * an empty list if it names none. The port is 464, unless `kpasswd_server` says another.
   *
   * @throws ConfigurationError KRB5_CONFIG_BADFORMAT, with file and line
   */
  passwordServersOf(realm: string): readonly ConfiguredKdc[] {
    const servers = this.#values('realms', realm, 'kpasswd_server').map((relation) => kdcOf(relation, KPASSWD_PORT))
    if (servers.length > 0) return servers
    const administrators = this.#values('realms', realm, 'admin_server').map((relation) => kdcOf(relation))
    return administrators.map(({ host }) => ({ host, port: KPASSWD_PORT }))
  }

  /**
   * Returns the realms between two realms, in the order in which a client passes through them; an
   * empty list if the two trust each other directly, undefined if [capaths] does not name them.
   */
  capath(clientRealm: string, serverRealm: string): readonly string[] | undefined {
    const path = this.strings('capaths', clientRealm, serverRealm)
    if (path.length === 0) return undefined
    return path[0] === '.' ? [] : path
  }

  /** Returns the first value of a setting: `string('libdefaults', 'default_realm')`. */
  string(...path: readonly string[]): string | undefined {
    return this.#values(...path)[0]?.value
  }

  /** Returns all values of a setting that may be repeated. */
  strings(...path: readonly string[]): readonly string[] {
    return this.#values(...path).map(({ value }) => value)
  }

  /**
   * Returns a setting that is on (y, yes, true, t, 1, on) or off (n, no, false, nil, 0, off).
   *
   * @throws ConfigurationError KRB5_CONFIG_BADFORMAT for anything else
   */
  boolean(...path: readonly string[]): boolean | undefined {
    return this.#typed(path, 'yes or no', (value) => {
      const word = asciiLower(value)
      return YES.has(word) ? true : NO.has(word) ? false : undefined
    })
  }

  /**
   * Returns a setting that is a whole number.
   *
   * @throws ConfigurationError KRB5_CONFIG_BADFORMAT for anything else
   */
  integer(...path: readonly string[]): number | undefined {
    return this.#typed(path, 'a whole number', (value) => (/^[+-]?\d{1,15}$/.test(value) ? Number(value) : undefined))
  }

  /**
   * Returns a duration in milliseconds. The file has it as `300`, `5m`, `1d12h`, `-5m`, `10:30`,
   * `10:30:00` or `1-10:30:00`.
   *
   * @throws ConfigurationError KRB5_CONFIG_BADFORMAT for anything else
   */
  duration(...path: readonly string[]): number | undefined {
    return this.#typed(path, 'a duration such as 300, 5m, 1d12h or 10:30:00', (value) => {
      const seconds = secondsOfDuration(value)
      return seconds === undefined ? undefined : seconds * 1000
    })
  }

  /**
   * Returns the numbers of encryption types in `permitted_enctypes`, `default_tkt_enctypes` or
   * `default_tgs_enctypes`, best first. The first of these settings is used for the others where
   * they are not set. rc4-hmac is in the list only if `allow_rc4` is on as well.
   *
   * @throws ConfigurationError KRB5_CONFIG_BADFORMAT if no type of the list can be used
   */
  encryptionTypes(setting: EncryptionTypeSetting): readonly number[] | undefined {
    const weak = this.boolean('libdefaults', 'allow_rc4') ?? false
    const relation = this.#values('libdefaults', setting)[0] ?? this.#values('libdefaults', 'permitted_enctypes')[0]
    if (relation === undefined) return undefined
    const { etypes } = readEncryptionTypeList(relation.value, { weak })
    if (etypes.length > 0) return etypes
    throw badLine(relation, 'no encryption type of the list can be used', undefined, WHICH_TYPES)
  }

  /** @internal The sections of each file, for a diagnosis of the settings that are not read. */
  sections(): readonly ProfileNode[] {
    return this.#files.flatMap(({ children }) => children)
  }

  /** Returns the names in a section or subsection, each once: `names('realms')`. */
  names(...path: readonly string[]): readonly string[] {
    return [
      ...new Set(
        this.#find(path)
          .flat()
          .map(({ name }) => name),
      ),
    ]
  }

  /**
   * Returns what is in the sections of this path, for each file, up to a file that declares the
   * path final.
   */
  #find(path: readonly string[]): ProfileNode[][] {
    const found: ProfileNode[][] = []
    for (const file of this.#files) {
      let level = [file]
      let final = false
      for (const step of path) {
        level = level
          .flatMap(({ children }) => children)
          .filter(({ name, value }) => name === step && value === undefined)
        final ||= level.some((node) => node.final)
      }
      found.push(level.flatMap(({ children }) => children))
      if (final) break
    }
    return found
  }

  /** Returns the values of the files up to one in which the setting itself is final. */
  #values(...path: readonly string[]): Relation[] {
    const name = path[path.length - 1]
    const found: ProfileNode[] = []
    for (const inFile of this.#find(path.slice(0, -1))) {
      const relations = inFile.filter((node) => node.name === name && node.value !== undefined)
      found.push(...relations)
      if (relations.some((node) => node.final)) break
    }
    return found.map(({ value = '', source, line }) => ({ value, source, line }))
  }

  #typed<T>(path: readonly string[], expected: string, read: (value: string) => T | undefined): T | undefined {
    const relation = this.#values(...path)[0]
    if (relation === undefined) return undefined
    const value = read(relation.value)
    if (value === undefined) throw notA(expected, relation)
    return value
  }
}

export type EncryptionTypeSetting = 'permitted_enctypes' | 'default_tkt_enctypes' | 'default_tgs_enctypes'

const WHICH_TYPES =
  'Take the setting out of krb5.conf, or name AES types: aes256-cts aes128-cts. rc4-hmac counts where allow_rc4 = true stands beside it; DES does nowhere.'

interface Relation {
  readonly value: string
  readonly source: string
  readonly line: number
}

const YES: ReadonlySet<string> = new Set(['y', 'yes', 'true', 't', '1', 'on'])
/** Source: RFC 3244 section 2. */
const KPASSWD_PORT = 464

const NO: ReadonlySet<string> = new Set(['n', 'no', 'false', 'nil', '0', 'off'])

/** A comment behind a KDC on its line, which MIT skips too. */
const COMMENT = /\s+[#;].*$/

function kdcOf(relation: Relation, standardPort?: number): ConfiguredKdc {
  const location = kdcLocationOf(relation.value.replace(COMMENT, ''), standardPort)
  if (location !== undefined) return location
  throw notA(
    /^\d+$/.test(relation.value) ? `a host before the port: ${KDC_LOCATION_FORMS}` : KDC_LOCATION_FORMS,
    relation,
  )
}

function indexOrEnd(text: string, part: string): number {
  const index = text.indexOf(part)
  return index < 0 ? text.length : index
}

function notA(expected: string, { value, source, line }: Relation): ConfigurationError {
  return badLine({ source, line }, `expected ${expected}, found ${shownInput(value)}`)
}

/**
 * krb5.conf: which realm a host is in, where its KDCs are, and over which realms trust leads there.
 * Source: MIT krb5 documentation, "krb5.conf".
 */

import type { ConfigurationError } from './errors.js'
import { asciiLower } from './principal.js'
import { shownInput } from './shown-input.js'
import { badLine, type IncludeReader, parseProfile, type ProfileNode } from './profile.js'

export type { IncludeReader } from './profile.js'

export interface Krb5ConfOptions {
  /** The name of the file, for errors. */
  readonly source?: string
  /** Reads what `include` and `includedir` name. Without it they are refused. */
  readonly include?: IncludeReader
}

/** One `kdc` relation: `kdc1.ad.test`, `kdc1.ad.test:88`, `[::1]:88`, `tcp/kdc1.ad.test`, `https://kdc1.ad.test/KdcProxy`. */
export interface ConfiguredKdc {
  readonly host: string
  readonly port: number
  /** Only this protocol; without it whatever the client prefers. `https` is a KDC proxy (MS-KKDCP). */
  readonly protocol?: 'udp' | 'tcp' | 'https'
  /** Of an `https` address, with its slash. */
  readonly path?: string
}

/** Reads a krb5.conf. @throws ConfigurationError KRB5_CONFIG_BADFORMAT with file and line */
export function parseKrb5Conf(text: string, options: Krb5ConfOptions = {}): Krb5Conf {
  const { source = 'krb5.conf', include } = options
  return new Krb5Conf([parseProfile(text, { source, ...(include && { include }) })])
}

/** The contents of one krb5.conf, or of several that are asked one after the other. */
export class Krb5Conf {
  readonly #files: readonly ProfileNode[]

  /** @internal Use `parseKrb5Conf`. */
  constructor(files: readonly ProfileNode[]) {
    this.#files = files
  }

  /** Several files as one, as in `KRB5_CONFIG=a:b`: the first that knows something is right. */
  static merge(files: readonly Krb5Conf[]): Krb5Conf {
    return new Krb5Conf(files.flatMap((file) => file.#files))
  }

  get defaultRealm(): string | undefined {
    return this.string('libdefaults', 'default_realm')
  }

  /** The realm that [domain_realm] names for a host: by its own name, then by its domains, the nearest first. */
  realmOf(host: string): string | undefined {
    const mappings = new Map<string, string>()
    for (const { name, value } of this.#find(['domain_realm'])) {
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

  /** The KDCs of a realm in the order of the file; empty when it names none. @throws ConfigurationError with file and line */
  kdcsOf(realm: string): readonly ConfiguredKdc[] {
    return this.#values('realms', realm, 'kdc').map(kdcOf)
  }

  /**
   * The realms between two realms, in the order in which a client passes them; empty when they trust each other directly,
   * undefined when [capaths] does not say.
   */
  capath(clientRealm: string, serverRealm: string): readonly string[] | undefined {
    const path = this.strings('capaths', clientRealm, serverRealm)
    if (path.length === 0) return undefined
    return path[0] === '.' ? [] : path
  }

  /** The first value of a relation: `string('libdefaults', 'default_realm')`. */
  string(...path: readonly string[]): string | undefined {
    return this.#values(...path)[0]?.value
  }

  /** All values of a relation that may be repeated. */
  strings(...path: readonly string[]): readonly string[] {
    return this.#values(...path).map(({ value }) => value)
  }

  /** y, yes, true, t, 1 and on; n, no, false, nil, 0 and off. @throws ConfigurationError for anything else */
  boolean(...path: readonly string[]): boolean | undefined {
    return this.#typed(path, 'yes or no', (value) => {
      const word = asciiLower(value)
      return YES.has(word) ? true : NO.has(word) ? false : undefined
    })
  }

  /** @throws ConfigurationError for what is no whole number */
  integer(...path: readonly string[]): number | undefined {
    return this.#typed(path, 'a whole number', (value) => (/^[+-]?\d{1,15}$/.test(value) ? Number(value) : undefined))
  }

  /** Milliseconds: `300`, `5m`, `1d12h`, `10:30`, `10:30:00`, `1-10:30:00` in the file. @throws ConfigurationError */
  duration(...path: readonly string[]): number | undefined {
    return this.#typed(path, 'a duration such as 300, 5m, 1d12h or 10:30:00', (value) => {
      const seconds = secondsOf(value)
      return seconds === undefined ? undefined : seconds * 1000
    })
  }

  /** The names in a section or subsection, each once: `names('realms')`. */
  names(...path: readonly string[]): readonly string[] {
    return [...new Set(this.#find(path).map(({ name }) => name))]
  }

  /** What is in the sections of this path, file after file, up to one that declares the path final. */
  #find(path: readonly string[]): ProfileNode[] {
    const found: ProfileNode[] = []
    for (const file of this.#files) {
      let level = [file]
      let final = false
      for (const step of path) {
        level = level
          .flatMap(({ children }) => children)
          .filter(({ name, value }) => name === step && value === undefined)
        final ||= level.some((node) => node.final)
      }
      found.push(...level.flatMap(({ children }) => children))
      if (final) break
    }
    return found
  }

  #values(...path: readonly string[]): Relation[] {
    const name = path[path.length - 1]
    const found = this.#find(path.slice(0, -1)).filter((node) => node.name === name && node.value !== undefined)
    const last = found.find((node) => node.final)?.source
    const until = last === undefined ? found.length : found.findLastIndex(({ source }) => source === last) + 1
    return found.slice(0, until).map(({ value = '', source, line }) => ({ value, source, line }))
  }

  #typed<T>(path: readonly string[], expected: string, read: (value: string) => T | undefined): T | undefined {
    const relation = this.#values(...path)[0]
    if (relation === undefined) return undefined
    const value = read(relation.value)
    if (value === undefined) throw notA(expected, relation)
    return value
  }
}

interface Relation {
  readonly value: string
  readonly source: string
  readonly line: number
}

const YES: ReadonlySet<string> = new Set(['y', 'yes', 'true', 't', '1', 'on'])
const NO: ReadonlySet<string> = new Set(['n', 'no', 'false', 'nil', '0', 'off'])

const KERBEROS_PORT = 88
const HTTPS_PORT = 443

function kdcOf(relation: Relation): ConfiguredKdc {
  const match = KDC.exec(relation.value)
  const protocol = match?.[1] === undefined ? undefined : PROTOCOLS[asciiLower(match[1])]
  const port = Number(match?.[4] ?? (protocol === 'https' ? HTTPS_PORT : KERBEROS_PORT))
  const path = match?.[5]
  if (match === null || port < 1 || port > 65_535 || (path !== undefined && protocol !== 'https')) {
    throw notA('host, host:port, [IPv6]:port, tcp/host, udp/host or https://host/path', relation)
  }
  return {
    host: match[2] ?? match[3],
    port,
    ...(protocol && { protocol }),
    ...(protocol === 'https' && { path: path ?? '/' }),
  }
}

const KDC = /^(udp\/|tcp\/|https:\/\/)?(?:\[([\dA-Fa-f:.]+)\]|([^\s/:[\]]+))(?::(\d{1,5}))?(\/\S*)?$/i
const PROTOCOLS: Readonly<Record<string, 'udp' | 'tcp' | 'https'>> = {
  'udp/': 'udp',
  'tcp/': 'tcp',
  'https://': 'https',
}

function secondsOf(text: string): number | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  const clock = /^(?:(\d{1,9})-)?(\d{1,9}):(\d{1,2})(?::(\d{1,2}))?$/.exec(text)
  if (clock !== null) return sum(clock.slice(1))
  const units = /^(?=\d)(?:(\d{1,9})d)?\s*(?:(\d{1,9})h)?\s*(?:(\d{1,9})m)?\s*(?:(\d{1,9})s?)?$/.exec(text)
  return units === null ? undefined : sum(units.slice(1))
}

function sum([days = '0', hours = '0', minutes = '0', seconds = '0']: readonly (string | undefined)[]): number {
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)
}

function indexOrEnd(text: string, part: string): number {
  const index = text.indexOf(part)
  return index < 0 ? text.length : index
}

function notA(expected: string, { value, source, line }: Relation): ConfigurationError {
  return badLine({ source, line }, `expected ${expected}, found ${shownInput(value)}`)
}

/**
 * Lists the settings of krb5.conf that are read, and finds the settings in a file that have no
 * effect.
 */

import { nearestOption } from '../options/option-table.js'
import { printable } from '../errors/printable.js'
import { readEncryptionTypeList } from './encryption-type-list.js'
import type { Krb5Conf } from './krb5-conf.js'
import type { ProfileNode } from './profile.js'
import { REALM_SETTINGS_NOT_READ, SECTIONS_NOT_READ, SETTINGS_NOT_READ } from './settings-not-read.js'

/** The settings of [libdefaults] that are read. An option with the same meaning comes first. */
export const SETTINGS_READ: readonly string[] = [
  'allow_rc4',
  'canonicalize',
  'clockskew',
  'default_ccache_name',
  'default_client_keytab_name',
  'default_keytab_name',
  'default_realm',
  'default_tgs_enctypes',
  'default_tkt_enctypes',
  'dns_canonicalize_hostname',
  'dns_lookup_kdc',
  'dns_uri_lookup',
  'forwardable',
  'ignore_acceptor_hostname',
  'kcm_socket',
  'kdc_timeout',
  'max_retries',
  'permitted_enctypes',
  'qualify_shortname',
  'renew_lifetime',
  'request_timeout',
  'ticket_lifetime',
  'udp_preference_limit',
]

/** The settings of a realm in [realms] that are read. */
export const REALM_SETTINGS_READ: readonly string[] = [
  'admin_server',
  'auth_to_local',
  'auth_to_local_names',
  'http_anchors',
  'kdc',
  'kpasswd_server',
]

/** The sections whose names are data: hosts and realms. */
const SECTIONS_OF_NAMES: readonly string[] = ['capaths', 'domain_realm']

/** A setting in a krb5.conf that has no effect. */
export interface UnreadSetting {
  /** `['libdefaults', 'rdns']`, `['realms', 'AD.TEST', 'max_life']`, `['appdefaults']`. */
  readonly path: readonly string[]
  /** The name of the file; the line is counted from 1. */
  readonly source: string
  readonly line: number
  /** The reason, and what to do instead. For a name that is not known anywhere, this says so. */
  readonly why: string
}

/**
 * Returns every setting in the files that has no effect, in their order, each once: settings of
 * other programs and libraries, misspelt names, names in the wrong section. Values are not part of
 * the result: they may be secrets.
 *
 * @example
 * ```ts
 * import { parseKrb5Conf, settingsNotRead } from '@s4u/krb5'
 *
 * const conf = parseKrb5Conf('[libdefaults]\n  rdns = false\n')
 * for (const { source, line, path, why } of settingsNotRead(conf)) {
 *   console.log(`${source}, line ${line}: ${path.join(' ')}: ${why}`)
 * }
 * ```
 */
export function settingsNotRead(conf: Krb5Conf): readonly UnreadSetting[] {
  const all = conf.sections().flatMap((section) => unreadInSection(section, conf))
  const firstOfEach = new Map<string, UnreadSetting>()
  for (const one of all) {
    const id = JSON.stringify([one.path, one.why])
    if (!firstOfEach.has(id)) firstOfEach.set(id, one)
  }
  return [...firstOfEach.values()]
}

function unreadInSection(section: ProfileNode, conf: Krb5Conf): UnreadSetting[] {
  const { name, children } = section
  if (name === 'libdefaults') return children.flatMap((setting) => unreadInLibdefaults(setting, conf))
  if (name === 'realms') return children.flatMap(unreadInRealm)
  if (SECTIONS_OF_NAMES.includes(name)) return []
  const why = SECTIONS_NOT_READ.get(name) ?? `no section is called so${maybe(name, SECTIONS)}`
  return [unread([name], section, why)]
}

const SECTIONS = ['libdefaults', 'realms', ...SECTIONS_OF_NAMES]

function unreadInLibdefaults(setting: ProfileNode, conf: Krb5Conf): UnreadSetting[] {
  const { name, value } = setting
  const path = ['libdefaults', name]
  if (SETTINGS_READ.includes(name)) {
    if (value === undefined) return [unread(path, setting, 'a value belongs there, and no subsection')]
    return name.endsWith('_enctypes') ? leftOut(path, setting, value, conf) : []
  }
  const known = SETTINGS_NOT_READ.get(name)
  if (known !== undefined) return [unread(path, setting, known)]
  // Heimdal, and old files, have subsections for realms and programs here.
  if (value === undefined) return [unread(path, setting, 'subsections of [libdefaults] are not read')]
  if (REALM_SETTINGS_READ.includes(name)) return [unread(path, setting, 'it belongs to a realm in [realms]')]
  return [unread(path, setting, `no setting is called so${maybe(name, SETTINGS_READ)}`)]
}

function unreadInRealm(realm: ProfileNode): UnreadSetting[] {
  if (realm.value !== undefined)
    return [
      unread(['realms', realm.name], realm, 'a subsection in braces belongs there, the first of which ends its line'),
    ]
  return realm.children.flatMap((setting) => {
    const { name } = setting
    const path = ['realms', realm.name, name]
    if (REALM_SETTINGS_READ.includes(name)) return []
    const known = REALM_SETTINGS_NOT_READ.get(name)
    if (known !== undefined) return [unread(path, setting, known)]
    if (SETTINGS_READ.includes(name)) return [unread(path, setting, 'it is read in [libdefaults] alone')]
    return [unread(path, setting, `no setting of a realm is called so${maybe(name, REALM_SETTINGS_READ)}`)]
  })
}

/** Returns the words of a list of encryption types that add no type. */
function leftOut(path: readonly string[], setting: ProfileNode, value: string, conf: Krb5Conf): UnreadSetting[] {
  const weak = conf.boolean('libdefaults', 'allow_rc4') ?? false
  const words = readEncryptionTypeList(value, { weak }).leftOut.filter((word) => /^[-+]?[\w-]{1,40}$/.test(word))
  if (words.length === 0) return []
  const rc4 = words.some((word) => /rc4|arcfour/i.test(word))
    ? '; rc4-hmac counts where allow_rc4 = true stands beside it'
    : ''
  return [unread(path, setting, `${words.join(', ')}: not among the encryption types that are used${rc4}`)]
}

function unread(path: readonly string[], { source, line }: ProfileNode, why: string): UnreadSetting {
  return { path: path.map((name) => printable(name)), source, line, why }
}

/** Returns `; … may be meant` for a name that is similar to a known one. */
function maybe(name: string, names: readonly string[]): string {
  const table = Object.fromEntries(names.map((one) => [one, 'value' as const]))
  const nearest = nearestOption(name, { path: '', root: table }, table)
  return nearest === undefined ? '' : `; ${nearest} may be meant`
}

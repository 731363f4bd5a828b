/** The option localNames, read. */

import { readdirSync, readFileSync } from 'node:fs'
import {
  type AuthToLocal,
  authToLocal,
  authToLocalOf,
  ConfigurationError,
  defaultLocalName,
  Krb5Conf,
  type LocalNameMapping,
  parseKrb5Conf,
} from '@s4u/krb5'

/**
 * How `identity.localName` is made of a principal: rules as those of `auth_to_local`, with or without names of single principals; those
 * of a `Krb5Conf`; `'krb5.conf'` for the files of this machine, read once; or a function.
 */
export type LocalNameOption = readonly string[] | AuthToLocal | Krb5Conf | 'krb5.conf' | LocalNameMapping

/** @throws ConfigurationError for a rule or a file that cannot be read */
export function localNameMapping(option: LocalNameOption | undefined): LocalNameMapping {
  if (option === undefined) return defaultLocalName
  if (typeof option === 'function') return ofFunction(option)
  if (option === 'krb5.conf') return authToLocalOf(confOfThisMachine())
  if (option instanceof Krb5Conf) return authToLocalOf(option)
  if (isList(option)) return authToLocal({ rules: option })
  if (typeof option === 'object' && option !== null) return authToLocal(option)
  throw new ConfigurationError("localNames must be rules, { rules, names }, a Krb5Conf, 'krb5.conf' or a function")
}

/** What a function of the app gives that is no name is none: nobody is to be called `undefined` or ``. */
function ofFunction(mapping: LocalNameMapping): LocalNameMapping {
  return (principal, ownRealm) => {
    const name: unknown = mapping(principal, ownRealm)
    return typeof name === 'string' && name !== '' ? name : undefined
  }
}

function isList(option: object): option is readonly string[] {
  return Array.isArray(option)
}

const DEFAULT_FILE = '/etc/krb5.conf'

function confOfThisMachine(): Krb5Conf {
  const paths = (process.env['KRB5_CONFIG'] || DEFAULT_FILE).split(':').filter((path) => path !== '')
  return Krb5Conf.merge(paths.flatMap((path) => (paths.length > 1 && !isThere(path) ? [] : [read(path)])))
}

/** Of several files those that are missing do no harm. */
function isThere(path: string): boolean {
  try {
    readFileSync(path)
    return true
  } catch {
    return false
  }
}

function read(path: string): Krb5Conf {
  try {
    return parseKrb5Conf(readFileSync(path, 'utf8'), { source: path, include })
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause
    throw new ConfigurationError('localNames: the krb5.conf of this machine cannot be read', {
      code: 'KRB5_CONFIG_CANTOPEN',
      hint: 'Check the path in KRB5_CONFIG, and that this process may read the file.',
    })
  }
}

const include = {
  readFile: (path: string): string => readFileSync(path, 'utf8'),
  listFolder: (path: string): readonly string[] => readdirSync(path),
}

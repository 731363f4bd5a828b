/**
 * Reads the names of credential caches in `KRB5CCNAME` and `default_ccache_name`. A name is a type,
 * a colon and the rest; a path without a type is a file. Source: MIT krb5 documentation,
 * "Credential cache".
 */

import { ConfigurationError, shownPath } from '@s4u/krb5'

/** A name, split into its type and the rest. */
export type CacheName =
  | { readonly type: 'FILE'; readonly path: string }
  /** The current cache of a folder. */
  | { readonly type: 'DIR'; readonly folder: string }
  /** One cache of a folder, named by its own path. */
  | { readonly type: 'DIR:'; readonly path: string }
  /** `cache` is empty for the user's current cache. */
  | { readonly type: 'KCM'; readonly cache: string }

/**
 * Reads the name of a credential cache.
 *
 * @throws ConfigurationError KRB5_CC_BADNAME for an empty name; KRB5_CC_UNKNOWN_TYPE for a cache
 * that only other programs can read
 */
export function parseCacheName(name: string): CacheName {
  const [, type, rest] = /^([A-Za-z][A-Za-z\d]+):([^]*)$/.exec(name) ?? [undefined, 'FILE', name]
  if (type === 'FILE') return { type, path: required(rest, name) }
  if (type === 'KCM') return { type, cache: rest }
  if (type === 'DIR') return memberOf(rest) ?? { type, folder: required(rest, name) }
  const hint = ELSEWHERE.get(type)
  if (hint !== undefined) throw elsewhere(`of type ${type}`, hint)
  if (ELSEWHERE.has(type.toUpperCase()) || /^(?:file|dir|kcm)$/i.test(type)) throw inSmallLetters(type)
  // Such a word may be anything: the beginning of a path, or a user name with a password behind it.
  if (/[a-z]/.test(type)) return { type: 'FILE', path: name }
  throw elsewhere(
    'of another type than FILE, DIR and KCM',
    'What stands before the colon is a type, and this is none that is known. Write FILE:/path.',
  )
}

/** Reads the rest of `DIR::/folder/tktX`. */
function memberOf(rest: string): CacheName | undefined {
  if (!rest.startsWith(':')) return undefined
  const path = required(rest.slice(1), 'DIR::')
  if (/(?:^|\/)tkt[^/]*$/.test(path)) return { type: 'DIR:', path }
  throw new ConfigurationError(
    `${shownPath(path)} is no cache of a folder: expected the path of a file that begins with tkt`,
    {
      code: 'KRB5_CC_BADNAME',
      hint: 'DIR:/folder is the current cache of a folder, and DIR::/folder/tktNAME one of them.',
    },
  )
}

function required(rest: string, name: string): string {
  if (rest !== '') return rest
  throw new ConfigurationError(
    name === '' ? 'the name of a credential cache is empty' : `${name} names no credential cache`,
    {
      code: 'KRB5_CC_BADNAME',
      hint: 'Write FILE:/path/of/the/cache, DIR:/path/of/the/folder or KCM:.',
    },
  )
}

const BY_FILE =
  'Have the tickets in a file: kinit -c FILE:/path of a file that only this user may read, and the same FILE:/path here or in KRB5CCNAME.'

/**
 * Caches that no other process can read, or only one with the system's own library; and what their
 * users can do instead.
 */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['KEYRING', `It is in the keyring of the Linux kernel, which only native code reads. ${BY_FILE}`],
  ['MEMORY', `It is in the memory of one process and ends with it. ${BY_FILE}`],
  ['API', `It is kept by macOS, for native code. ${BY_FILE}`],
  ['XCACHE', `It is kept by macOS, for native code. ${BY_FILE}`],
  [
    'MSLSA',
    'It is that of the Windows sign-in, which no program may export. Sign in with a keytab, or with a password.',
  ],
  ['SCC', `It is a database of Heimdal. ${BY_FILE}`],
])

function elsewhere(which: string, hint: string): ConfigurationError {
  return new ConfigurationError(`credential caches ${which} cannot be read`, { code: 'KRB5_CC_UNKNOWN_TYPE', hint })
}

function inSmallLetters(type: string): ConfigurationError {
  return new ConfigurationError(`${type}: is no type of credential caches: types are in capitals`, {
    code: 'KRB5_CC_UNKNOWN_TYPE',
    hint: `Write ${type.toUpperCase()}: in place of ${type}:.`,
  })
}

/** The option `localNames`. */

import {
  type AuthToLocal,
  authToLocal,
  authToLocalOf,
  ConfigurationError,
  defaultLocalName,
  Krb5Conf,
  type LocalNameMapping,
} from '@s4u/krb5'

/**
 * How `identity.localName` is made from a principal: rules as in `auth_to_local` of krb5.conf, with
 * or without names of single principals; a `Krb5Conf`; `'krb5.conf'` for the file of this machine;
 * or a function.
 */
export type LocalNameOption = readonly string[] | AuthToLocal | Krb5Conf | 'krb5.conf' | LocalNameMapping

/**
 * Returns the function that maps a principal to a local name.
 * @throws ConfigurationError for a rule that cannot be read
 */
export function localNameMapping(option: LocalNameOption | undefined, ofMachine: Krb5Conf): LocalNameMapping {
  if (option === undefined) return defaultLocalName
  if (typeof option === 'function') return ofFunction(option)
  if (option === 'krb5.conf') return authToLocalOf(ofMachine)
  if (option instanceof Krb5Conf) return authToLocalOf(option)
  if (isList(option)) return authToLocal({ rules: option })
  if (typeof option === 'object' && option !== null) return authToLocal(option)
  throw new ConfigurationError("localNames must be rules, { rules, names }, a Krb5Conf, 'krb5.conf' or a function")
}

/**
 * Wraps a function of the app: a result that is not a name counts as no name, so that no user is
 * called `undefined` or ``.
 */
function ofFunction(mapping: LocalNameMapping): LocalNameMapping {
  return (principal, ownRealm) => {
    const name: unknown = mapping(principal, ownRealm)
    return typeof name === 'string' && name !== '' ? name : undefined
  }
}

function isList(option: object): option is readonly string[] {
  return Array.isArray(option)
}

import { asciiLower, ConfigurationError, shownInput } from '@s4u/krb5'
import { requireByRealm } from './by-realm.js'

/**
 * What a PAC can say beyond the user's membership in its own realm's domain:
 *
 * - `resourceGroups`: groups of this service's domain that its own KDC adds (domain local groups;
 *   RID 1000 and above). A KDC that does not filter passes on what the other realm wrote instead.
 * - `otherDomains`: groups of domains that are neither this service's nor the realm's own, such as
 *   other domains of the user's forest.
 * - `ownDomain`: any group of this service's domain, including Domain Admins: for the realms of one
 *   forest.
 * - `upn`: the user principal name.
 * - `claims`: the user's claims.
 * - `device`: the device's SID, groups and claims.
 * - `delegatedBy`: the services that acted for the user, which the user's KDC can make up. Without
 *   it, they are shown only if all are of the user's realm, and `requireDelegatedBy` admits no user
 *   by them.
 */
export type ForeignStatement =
  | 'resourceGroups'
  | 'otherDomains'
  | 'ownDomain'
  | 'upn'
  | 'claims'
  | 'device'
  | 'delegatedBy'

/** One list for all realms, or a list for each realm. */
export type ForeignPacOption = readonly ForeignStatement[] | Readonly<Record<string, readonly ForeignStatement[]>>

/** Returns what is believed of the PACs of a realm's users. */
export type ForeignStatements = (realm: string) => ReadonlySet<ForeignStatement>

/**
 * Reads the option `foreignPac`.
 * @throws ConfigurationError
 */
export function foreignStatementsOf(option: ForeignPacOption = []): ForeignStatements {
  if (isList(option)) {
    const all = statements(option)
    return () => all
  }
  requireByRealm('foreignPac', option)
  const byRealm = new Map(Object.entries(option).map(([realm, list]) => [asciiLower(realm), statements(list)]))
  return (realm) => byRealm.get(asciiLower(realm)) ?? NOTHING
}

const NOTHING: ReadonlySet<ForeignStatement> = new Set()

const STATEMENTS: readonly ForeignStatement[] = [
  'resourceGroups',
  'otherDomains',
  'ownDomain',
  'upn',
  'claims',
  'device',
  'delegatedBy',
]

function isList(option: ForeignPacOption): option is readonly ForeignStatement[] {
  return Array.isArray(option)
}

function statements(list: readonly ForeignStatement[]): ReadonlySet<ForeignStatement> {
  if (Array.isArray(list) && list.every((one) => STATEMENTS.includes(one))) return new Set(list)
  const odd: unknown = Array.isArray(list) ? list.find((one) => !STATEMENTS.includes(one)) : list
  throw new ConfigurationError(`foreignPac: ${shownInput(odd)} is nothing that a PAC says`, {
    hint: `Write a list of ${STATEMENTS.join(', ')}, or such a list for each realm: { 'PARTNER.TEST': ['upn'] }.`,
  })
}

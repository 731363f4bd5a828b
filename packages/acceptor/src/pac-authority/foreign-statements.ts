import { asciiLower, ConfigurationError, shownInput } from '@s4u/krb5'
import { requireByRealm } from './by-realm.js'

/**
 * What a PAC can say beyond who the user is in the domain of its own realm:
 *
 * - `resourceGroups`: groups of this service's domain, which its own KDC puts there (domain local
 *   groups; RID 1000 and above). A KDC that does not filter passes on what the other realm wrote
 *   instead.
 * - `otherDomains`: groups of domains that are neither this service's nor the realm's own: other
 *   domains of the user's forest.
 * - `ownDomain`: any group of this service's domain, Domain Admins included: for the realms of one
 *   forest.
 * - `upn`: the user principal name.
 * - `claims`: the user's claims.
 * - `device`: the device's SID, groups and claims.
 * - `delegatedBy`: the services that acted for the user, which the user's KDC can make up. Without
 *   it those are shown that are all of the user's realm, and `requireDelegatedBy` lets nobody pass
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

export type ForeignPacOption = readonly ForeignStatement[] | Readonly<Record<string, readonly ForeignStatement[]>>

/** What is believed of the PACs of a realm's users. */
export type ForeignStatements = (realm: string) => ReadonlySet<ForeignStatement>

/** @throws ConfigurationError */
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

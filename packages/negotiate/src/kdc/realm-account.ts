import { Keytab, parsePrincipal, samePrincipal, sameRealmIgnoringCase } from '@s4u/krb5'

/** The account with which the service signs in at the KDC of one realm. */
export interface RealmAccount {
  readonly keytab: Keytab
  readonly principal?: string
}

/**
 * Returns the realm of a keytab that a name means. Realms are domain names, so letter case does not
 * matter.
 */
export function realmIn({ entries }: Keytab, meant: string): string | undefined {
  return entries.find(({ principal }) => sameRealmIgnoringCase(principal.realm, meant))?.principal.realm
}

/**
 * Returns the account of a realm in a keytab that has keys of several realms: the one that the
 * options name for this realm, with its realm or without; else the first account of the realm, as
 * `signInPrincipal` finds it. Keys of other realms cannot sign in there.
 * @param named `delegation.principal`
 */
export function accountOf(keytab: Keytab, realm: string, named: string | undefined): RealmAccount {
  const entries = keytab.entries.filter(({ principal }) => principal.realm === realm)
  const ofRealm = new Keytab(entries, keytab.source)
  if (named === undefined) return { keytab: ofRealm }
  // A name without a realm may be the account of each realm.
  const wanted = parsePrincipal(named, { realm })
  const isThere = entries.some(({ principal }) => samePrincipal(principal, wanted))
  return isThere ? { keytab: ofRealm, principal: named } : { keytab: ofRealm }
}

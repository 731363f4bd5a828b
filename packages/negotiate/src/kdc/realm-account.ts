import { Keytab, parsePrincipal, samePrincipal, sameRealmIgnoringCase } from '@s4u/krb5'

/** With what the service signs in at the KDC of a realm. */
export interface RealmAccount {
  readonly keytab: Keytab
  readonly principal?: string
}

/**
 * The realm of a keytab that somebody means; realms are domain names, and people write those as
 * they like.
 */
export function realmIn({ entries }: Keytab, meant: string): string | undefined {
  return entries.find(({ principal }) => sameRealmIgnoringCase(principal.realm, meant))?.principal.realm
}

/**
 * The account of a realm in a keytab that has keys of several: the one that the options name for
 * this realm, with its realm or without; else the first account of the realm, as `signInPrincipal`
 * finds it. Keys of other realms are no use there.
 * @param named `delegation.principal`
 */
export function accountOf(keytab: Keytab, realm: string, named: string | undefined): RealmAccount {
  const entries = keytab.entries.filter(({ principal }) => principal.realm === realm)
  const ofRealm = new Keytab(entries, keytab.source)
  if (named === undefined) return { keytab: ofRealm }
  // Without a realm it may be the name in each of them.
  const wanted = parsePrincipal(named, { realm })
  const isThere = entries.some(({ principal }) => samePrincipal(principal, wanted))
  return isThere ? { keytab: ofRealm, principal: named } : { keytab: ofRealm }
}

import { Keytab, type KeytabEntry, samePrincipal } from '@s4u/krb5'

/** Several keytabs as one. An entry that is there already is left out. */
export function mergedKeytab(keytabs: readonly Keytab[]): Keytab {
  const entries: KeytabEntry[] = []
  for (const entry of keytabs.flatMap((keytab) => keytab.entries))
    if (!entries.some((one) => isSame(one, entry))) entries.push(entry)
  return new Keytab(entries)
}

function isSame(a: KeytabEntry, b: KeytabEntry): boolean {
  return samePrincipal(a.principal, b.principal) && a.kvno === b.kvno && a.key.equals(b.key)
}

import { NO_COMMAND } from './shell-command.js'

/** Where Samba has its directory, unless it was told otherwise. */
const SAM = '/var/lib/samba/private/sam.ldb'

/**
 * A command for what samba-tool has none: it changes an attribute of the account that a filter finds, by ldbedit with an editor that is
 * no person. It does nothing where the attribute is not there.
 * @param filter of an LDAP search, as the tag `sh` has quoted what is in it
 * @param change the new value, the bits that are taken out of a number, or that the attribute goes
 */
export function editAttribute(
  filter: string,
  attribute: string,
  change: string | { readonly without: number } | 'gone',
): string {
  if (filter === NO_COMMAND) return filter
  return `ldbedit -H ${SAM} -e "${scriptFor(attribute, change)}" '${filter}'`
}

/** It stands in double quotes, for which `$` is a variable. */
function scriptFor(attribute: string, change: Parameters<typeof editAttribute>[2]): string {
  if (change === 'gone') return `sed -i '/^${attribute}:/d'`
  if (typeof change === 'string') return `sed -i 's/^${attribute}: .*/${attribute}: ${change}/'`
  const mask = `0x${change.without.toString(16)}`
  return `perl -pi -e 's/^(${attribute}: )(\\d+)/\\$1.(\\$2 & ~${mask})/e'`
}

/** A command that finds the account of a service principal name. */
export function findBySpn(filter: string): string {
  return filter === NO_COMMAND ? filter : `ldbsearch -H ${SAM} '${filter}' sAMAccountName`
}

import { NO_COMMAND } from './shell-command.js'

/** The directory of Samba, unless it was configured in another way. */
const SAM = '/var/lib/samba/private/sam.ldb'

/**
 * Returns a command that changes an attribute of the account that a filter finds, for changes that
 * samba-tool does not offer. The command runs ldbedit with a script in place of an editor. It does
 * nothing if the attribute is not there.
 *
 * @param filter the filter of an LDAP search; the tag `sh` has quoted the names in it
 * @param change the new value, the bits that are removed from a number or added to it, or that the
 * attribute is deleted
 */
export function editAttribute(
  filter: string,
  attribute: string,
  change: string | { readonly without: number } | { readonly with: number } | 'gone',
): string {
  if (filter === NO_COMMAND) return filter
  return `ldbedit -H ${SAM} -e "${scriptFor(attribute, change)}" '${filter}'`
}

/** Returns the script of the editor. It stands in double quotes, in which `$` begins a variable. */
function scriptFor(attribute: string, change: Parameters<typeof editAttribute>[2]): string {
  if (change === 'gone') return `sed -i '/^${attribute}:/d'`
  if (typeof change === 'string') return `sed -i 's/^${attribute}: .*/${attribute}: ${change}/'`
  const operation = 'with' in change ? `| 0x${change.with.toString(16)}` : `& ~0x${change.without.toString(16)}`
  return `perl -pi -e 's/^(${attribute}: )(\\d+)/\\$1.(\\$2 ${operation})/e'`
}

/** Returns a command that finds the account of a service principal name. */
export function findBySpn(filter: string): string {
  return filter === NO_COMMAND ? filter : `ldbsearch -H ${SAM} '${filter}' sAMAccountName`
}

import { asciiLower } from '@s4u/krb5'
import type { AttributeValue, DirectoryChange } from '../interface/directory-change.js'

/**
 * Shows a change as LDIF, for people and for files of what is to be done. Passwords are not shown:
 * such a text cannot be applied by another program.
 *
 * @example
 * ```ts
 * import { ldifOf } from '@s4u/directory'
 *
 * const dn = 'CN=svc-web,CN=Users,DC=corp,DC=test'
 * const values = ['HTTP/web.corp.test']
 * const modification = { operation: 'add', attribute: 'servicePrincipalName', values } as const
 * console.log(ldifOf({ kind: 'modify', dn, modifications: [modification] }))
 * ```
 *
 * Source: RFC 2849.
 */
export function ldifOf(change: DirectoryChange): string {
  return [...head(change), ...body(change), ''].join('\n')
}

function head({ dn, kind }: DirectoryChange): string[] {
  return [line('dn', dn), `changetype: ${kind}`]
}

function body(change: DirectoryChange): string[] {
  if (change.kind === 'delete') return []
  if (change.kind === 'add') {
    return Object.entries(change.attributes).flatMap(([name, values]) => values.map((value) => shown(name, value)))
  }
  return change.modifications.flatMap(({ operation, attribute, values }) => [
    `${operation}: ${attribute}`,
    ...values.map((value) => shown(attribute, value)),
    '-',
  ])
}

/** Attributes whose values are secret. */
const SECRETS: ReadonlySet<string> = new Set(['unicodepwd', 'userpassword', 'cleartextpassword', 'dbcspwd'])

function shown(name: string, value: AttributeValue): string {
  return SECRETS.has(asciiLower(name)) ? `# ${name}: not shown` : line(name, value)
}

/**
 * Values that are written as they are. All others are written in base64. RFC 2849, SAFE-STRING.
 */
const SAFE = /^(?![ :<])[\x20-\x7e]*(?<! )$/

function line(name: string, value: AttributeValue): string {
  if (typeof value === 'string' && SAFE.test(value)) return `${name}: ${value}`
  const octets = typeof value === 'string' ? Buffer.from(value, 'utf8') : Buffer.from(value)
  return `${name}:: ${octets.toString('base64')}`
}

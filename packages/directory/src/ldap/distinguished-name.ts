import { asciiLower } from '@s4u/krb5'

/**
 * The parts of a distinguished name, as they are written, the nearest first. RFC 4514 section 3.
 */
export function partsOfDn(dn: string): readonly string[] {
  return dn.split(/(?<!(?:^|[^\\])(?:\\\\)*\\),/).map((part) => part.trim())
}

/**
 * `corp.test` of `CN=alice,CN=Users,DC=corp,DC=test`; undefined where the name is not that of a
 * domain.
 */
export function domainOfDn(dn: string): string | undefined {
  const labels = partsOfDn(dn).flatMap((part) => /^DC=(.+)$/i.exec(part)?.[1] ?? [])
  return labels.length === 0 ? undefined : asciiLower(labels.join('.'))
}

/** `DC=corp,DC=test` of `corp.test`. */
export function dnOfDomain(domain: string): string {
  return domain
    .split('.')
    .map((label) => `DC=${escapeDnValue(label)}`)
    .join(',')
}

/** What is below a name, without it: used to compare parents. */
export function parentOfDn(dn: string): string {
  return partsOfDn(dn).slice(1).join(',')
}

/**
 * A value as it may stand in a distinguished name, whatever characters are in it. RFC 4514 section
 * 2.4.
 */
export function escapeDnValue(value: string): string {
  return value
    .replace(/[,+"\\<>;=]/g, '\\$&')
    .replace(/^[ #]/, '\\$&')
    .replace(/ $/, '\\ ')
    .replaceAll('\0', '\\00')
}

import { asciiLower, type PrincipalName, sameRealmIgnoringCase, withoutHostBasedForm } from '@s4u/krb5'

/** A parsed target: its name, and the realm where one was written. */
export interface Target {
  readonly name: PrincipalName
  readonly realm?: string
}

/**
 * Whether an entry of `delegation.allow` permits the target. Components are compared one by one and
 * without regard to case, as in Active Directory.
 */
export function isAllowed(target: Target, allow: readonly string[]): boolean {
  // Entries have two components. `ldap/dc1.ad.test/ad.test` names more than its first two say.
  if (target.name.nameString.length !== 2) return false
  return allow.some((text) => {
    const entry = readEntry(text)
    return entry !== undefined && matches(target, entry)
  })
}

/**
 * Whether a text is an entry: `class/host`, with `*` as the first label of the host or as the whole
 * host, then a port or instance name and a realm, if any.
 */
export function isEntry(text: string): boolean {
  return readEntry(text) !== undefined
}

interface Entry {
  readonly serviceClass: string
  readonly host: string
  /** `:1433` or `:INSTANCE`, else empty. */
  readonly port: string
  readonly realm: string | undefined
}

const ENTRY = /^([^/@\\\s*]+)\/(\*|(?:\*\.)?[^/@\\\s*:[\]]+|\[[\da-fA-F:.]+\])(:[^/@\\\s*:]+)?(?:@([^/@\\\s*]+))?$/

function readEntry(text: string): Entry | undefined {
  const match = typeof text === 'string' ? ENTRY.exec(withoutHostBasedForm(text)) : null
  if (match === null) return undefined
  const [, serviceClass, host, port = '', realm] = match
  return { serviceClass: asciiLower(serviceClass), host: asciiLower(host), port: asciiLower(port), realm }
}

/** A target with a realm asks for the service of that realm, so the entry must name that realm. */
function matches({ name, realm }: Target, entry: Entry): boolean {
  const [serviceClass, instance] = name.nameString.map(asciiLower)
  const [host, port] = splitPort(instance)
  if (serviceClass !== entry.serviceClass || port !== entry.port) return false
  if (realm === undefined ? entry.realm !== undefined : !isSameRealm(realm, entry.realm)) return false
  if (entry.host === '*') return isHost(host)
  if (!entry.host.startsWith('*.')) return host === entry.host
  const suffix = entry.host.slice(1)
  return host.endsWith(suffix) && isDnsName(host.slice(0, -suffix.length))
}

function isSameRealm(realm: string, wanted: string | undefined): boolean {
  return wanted !== undefined && sameRealmIgnoringCase(realm, wanted)
}

/** Splits `db.ad.test:1433` into `db.ad.test` and `:1433`. Source: MS-KILE section 3.1.5.11. */
function splitPort(instance: string): [host: string, port: string] {
  const end = instance.startsWith('[') ? instance.indexOf(']') + 1 : 0
  const colon = instance.indexOf(':', end)
  return colon < 0 ? [instance, ''] : [instance.slice(0, colon), instance.slice(colon)]
}

function isHost(host: string): boolean {
  return isDnsName(host) || /^\[[\da-f:.]+\]$/.test(host)
}

/**
 * Whether a star may stand for the text: labels, and no character that a reader could take for the
 * end of the host.
 */
function isDnsName(text: string): boolean {
  return /^[^\s.:/\\@*[\]\p{C}]+(?:\.[^\s.:/\\@*[\]\p{C}]+)*$/u.test(text)
}

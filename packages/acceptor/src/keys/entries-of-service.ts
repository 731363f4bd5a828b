import {
  andLeftOut,
  asciiLower,
  encryptionTypeName,
  findEncryptionType,
  formatName,
  formatPrincipal,
  MissingKeyError,
  shownName,
} from '@s4u/krb5'
import type { Keytab, KeytabEntry, Principal } from '@s4u/krb5'
import { ANY_REALM, parseService } from './served-names.js'

/** Which entries of a keytab count as keys of the service. */
export interface ServiceKeyPolicy {
  /** The service names, with or without realm. Undefined stands for every `HTTP/…`. */
  readonly services: readonly string[] | undefined
  /** Further names by which clients may ask for these services. */
  readonly aliases: readonly string[]
  readonly permits: (etype: number) => boolean
  /** Whether a host in a name stands for every host (`ignore_acceptor_hostname`). */
  readonly ignoresHost: boolean
}

/**
 * Returns the entries of a keytab whose keys may open tickets: those of the services that the
 * option names, else of every `HTTP/…`, and of encryption types that may be used.
 *
 * @param source the file, for errors
 * @throws MissingKeyError if a service has no such entry
 */
export function entriesOfService(keytab: Keytab, policy: ServiceKeyPolicy, source: string): KeytabEntry[] {
  const wanted = policy.services?.map((text) => parseService('service', text))
  const isSameService = policy.ignoresHost ? matchesClass : matches
  const named = keytab.entries.filter(
    ({ principal }) => wanted?.some((one) => isSameService(one, principal)) ?? isHttp(principal),
  )
  const usable = named.filter(({ key }) => policy.permits(key.etype))
  // Undefined stands for every `HTTP/…`.
  for (const one of wanted ?? [undefined]) {
    const fits = ({ principal }: KeytabEntry): boolean => one === undefined || isSameService(one, principal)
    if (!usable.some(fits)) throw noKey(one, named.filter(fits), keytab, source)
  }
  return usable
}

/**
 * Returns whether two names are the same service. ASCII letter case does not count: neither Active
 * Directory nor the DNS look at it.
 */
function matches(wanted: Principal, { name, realm }: Principal): boolean {
  const sameRealm = wanted.realm === ANY_REALM || asciiLower(wanted.realm) === asciiLower(realm)
  return sameRealm && asciiLower(formatName(wanted.name)) === asciiLower(formatName(name))
}

/**
 * Returns whether two names are the same class of service, on whatever host. Source: MIT krb5
 * documentation, "krb5.conf", ignore_acceptor_hostname.
 */
function matchesClass(wanted: Principal, principal: Principal): boolean {
  const [ours, theirs] = [wanted.name.nameString, principal.name.nameString]
  if (ours.length !== 2 || theirs.length !== 2) return matches(wanted, principal)
  const name = { ...wanted.name, nameString: [ours[0], theirs[1]] }
  return matches({ ...wanted, name }, principal)
}

function isHttp({ name }: Principal): boolean {
  return name.nameString.length > 1 && asciiLower(name.nameString[0]) === 'http'
}

const WEAK = 'Give the account AES keys and export the keytab again, or set allowWeakEncryption for rc4-hmac.'
const NOT_LISTED =
  'Permit one of these types where they are left out: in the option permittedEncryptionTypes, or in permitted_enctypes of krb5.conf.'

function noKey(
  wanted: Principal | undefined,
  found: readonly KeytabEntry[],
  keytab: Keytab,
  source: string,
): MissingKeyError {
  const service =
    wanted === undefined
      ? 'HTTP/…'
      : shownName(wanted.realm === ANY_REALM ? formatName(wanted.name) : formatPrincipal(wanted))
  if (found.length > 0) {
    const types = [...new Set(found.map(({ key }) => encryptionTypeName(key.etype)))].join(', ')
    const have = `${source} has keys for ${service} of no type that may be used, only ${types}`
    return new MissingKeyError(`${have}${andLeftOut(keytab.leftOut)}`, {
      hint: found.every(({ key }) => findEncryptionType(key.etype)?.weak !== false) ? WEAK : NOT_LISTED,
    })
  }
  const others = keytab.principals.slice(0, 10).join(', ') || 'nothing'
  return new MissingKeyError(`${source} has no key for ${service}, it has: ${others}${andLeftOut(keytab.leftOut)}`, {
    hint:
      hostInPlaceOfService(wanted) ??
      "Add the service's key to the keytab, or name the principal that it has in the option service.",
  })
}

/** Returns a hint for `web.ad.test`, and for `HTTP@web.ad.test` as GSS-API writes it. */
function hostInPlaceOfService(wanted: Principal | undefined): string | undefined {
  const [name, ...more] = wanted?.name.nameString ?? []
  if (wanted === undefined || name === undefined || more.length > 0) return undefined
  const isHostBased = wanted.realm !== ANY_REALM && !/[A-Z]/.test(wanted.realm)
  const spn = isHostBased ? `${name}/${wanted.realm}` : `HTTP/${name}`
  if (!isHostBased && !name.includes('.')) return undefined
  return `A service is written with its class: service: '${shownName(spn)}'.`
}

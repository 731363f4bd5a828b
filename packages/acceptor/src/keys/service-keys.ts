import {
  andLeftOut,
  asciiLower,
  encryptionTypeName,
  findEncryptionType,
  formatName,
  formatPrincipal,
  MissingKeyError,
  sameKvno,
  sameName,
  shownName,
} from '@s4u/krb5'
import type { EncryptedData, Key, Keytab, KeytabEntry, Principal, Ticket } from '@s4u/krb5'
import { ANY_REALM, parseService, ServedNames } from './served-names.js'

/** A long-term key of a service that this acceptor stands for. */
export interface ServiceKey {
  readonly principal: Principal
  /** The principal as text: `HTTP/web.ad.test@AD.TEST`. */
  readonly label: string
  readonly kvno: number
  /**
   * The highest version among the keys of the same principal. If it is not `kvno`, this key is an
   * old one.
   */
  readonly newestKvno: number
  readonly key: Key
}

/** Which entries of a keytab count as keys of the service. */
export interface ServiceKeyPolicy {
  /** The service names, with or without realm. Undefined stands for every `HTTP/…`. */
  readonly services: readonly string[] | undefined
  /** Further names by which clients may ask for these services. */
  readonly aliases: readonly string[]
  readonly permits: (etype: number) => boolean
  /** Whether a host in a name stands for every host. */
  readonly ignoresHost: boolean
}

/**
 * How many keys are tried on one ticket. Those of the service that the ticket names come first, so
 * the limit only bounds what a forged ticket costs with the keytab of a farm.
 */
const MAX_KEYS_TRIED = 100

/** The keys of a keytab that accept tickets. Immutable: a changed keytab makes a new object. */
export class ServiceKeys {
  readonly all: readonly ServiceKey[]
  /** The accepted names in the keytab, each once. */
  readonly principals: readonly string[]
  /** The realms of these names, each once: their KDCs can seal tickets for the service. */
  readonly realms: readonly string[]
  readonly #byEtype = new Map<number, ServiceKey[]>()
  readonly #names: ServedNames
  readonly #keys: ReadonlySet<Key>

  /**
   * Selects the keys. Key objects of `previous` that are equal are kept, with everything that was
   * derived from them.
   * @param source the file, for errors
   * @throws MissingKeyError when a service that an option names has no usable key
   */
  constructor(keytab: Keytab, policy: ServiceKeyPolicy, source: string, previous?: ServiceKeys) {
    const accepted = acceptedEntries(keytab, policy, source)
    this.all = withKnownKeys(accepted, previous).sort((a, b) => b.kvno - a.kvno)
    this.principals = Object.freeze([...new Set(this.all.map(({ label }) => label))])
    this.realms = Object.freeze(realmsOf(this.all))
    this.#names = new ServedNames(
      this.all.map(({ principal }) => principal),
      policy.aliases,
    )
    this.#keys = new Set(this.all.map(({ key }) => key))
    for (const serviceKey of this.all) {
      const { etype } = serviceKey.key
      const sameEtype = this.#byEtype.get(etype)
      if (sameEtype === undefined) this.#byEtype.set(etype, [serviceKey])
      else sameEtype.push(serviceKey)
    }
  }

  /** Returns whether a key is still in the keytab. */
  has(key: Key): boolean {
    return this.#keys.has(key)
  }

  /** Returns whether the service name on the ticket, which is not sealed, is one of ours. */
  serves(ticket: Ticket, openedWith?: ServiceKey): boolean {
    // Usually it is the name of the key itself.
    const principal = openedWith?.principal
    if (principal?.realm === ticket.realm && sameName(principal.name, ticket.sname)) return true
    return this.#names.has(ticket)
  }

  /** Returns whether the ticket's key version is in the keytab. */
  hasVersion(encPart: EncryptedData): boolean {
    return encPart.kvno === undefined || this.all.some(({ kvno }) => sameKvno(kvno, encPart.kvno))
  }

  /**
   * Returns the keys to try, the likeliest first: those of the service that the ticket names, then
   * those of the exact version, then the newest. The version (kvno) only orders the attempts and
   * excludes no key: keytabs and KDCs may count differently.
   */
  candidatesFor(ticket: Ticket): readonly ServiceKey[] {
    const candidates = this.#byEtype.get(ticket.encPart.etype) ?? []
    if (candidates.length < 2) return candidates
    const wanted = foldedName({ name: ticket.sname, realm: ticket.realm })
    const rank = (candidate: ServiceKey): number =>
      (foldedName(candidate.principal) === wanted ? 0 : 2) + (sameKvno(candidate.kvno, ticket.encPart.kvno) ? 0 : 1)
    return withoutRepeated([...candidates].sort((a, b) => rank(a) - rank(b)))
  }
}

function acceptedEntries(keytab: Keytab, policy: ServiceKeyPolicy, source: string): KeytabEntry[] {
  const wanted = policy.services?.map((text) => parseService('service', text))
  const isSameService = policy.ignoresHost ? matchesClass : matches
  const named = keytab.entries.filter(
    ({ principal }) => wanted?.some((one) => isSameService(one, principal)) ?? isHttp(principal),
  )
  const usable = named.filter(({ key }) => policy.permits(key.etype))
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

function withKnownKeys(entries: readonly KeytabEntry[], previous: ServiceKeys | undefined): ServiceKey[] {
  const newest = new Map<string, number>()
  for (const { principal, kvno } of entries) {
    const label = formatPrincipal(principal)
    newest.set(label, Math.max(kvno, newest.get(label) ?? kvno))
  }
  const known = new Map(previous?.all.map((serviceKey) => [idOf(serviceKey), serviceKey.key]))
  return entries.map(({ principal, kvno, key }) => {
    const label = formatPrincipal(principal)
    const before = known.get(idOf({ label, kvno, key }))
    const kept = before?.equals(key) ? before : key
    return Object.freeze({ principal, label, kvno, newestKvno: newest.get(label) ?? kvno, key: kept })
  })
}

/** Returns the realms, each once. Letter case does not count in realms either. */
function realmsOf(keys: readonly ServiceKey[]): readonly string[] {
  return [...new Map(keys.map(({ principal: { realm } }) => [asciiLower(realm), realm])).values()]
}

/** Returns a text that is the same for the same version, type and name. */
function idOf({ label, kvno, key }: Pick<ServiceKey, 'label' | 'kvno' | 'key'>): string {
  return `${kvno} ${key.etype} ${label}`
}

function foldedName(principal: Principal): string {
  return asciiLower(formatPrincipal(principal))
}

/**
 * Returns distinct keys, at most `MAX_KEYS_TRIED`: one account often stands in the keytab under
 * several names, with the same key.
 */
function withoutRepeated(keys: readonly ServiceKey[]): ServiceKey[] {
  const distinct: ServiceKey[] = []
  for (const candidate of keys) {
    if (distinct.length === MAX_KEYS_TRIED) break
    if (!distinct.some(({ key }) => key === candidate.key || key.equals(candidate.key))) distinct.push(candidate)
  }
  return distinct
}

import { asciiLower, formatPrincipal, sameKvno, sameName } from '@s4u/krb5'
import type { EncryptedData, Key, Keytab, KeytabEntry, Principal, Ticket } from '@s4u/krb5'
import { entriesOfService, type ServiceKeyPolicy } from './entries-of-service.js'
import { ServedNames } from './served-names.js'

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
    const accepted = entriesOfService(keytab, policy, source)
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

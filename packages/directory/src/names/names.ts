import { asciiLower, decodeSid, encodeSid, formatSid, type Journal, parseSid } from '@s4u/krb5'
import type { CallOptions } from '../interface/directory.js'
import { unlessAborted } from '@s4u/kdc-client'
import { type DomainAsking } from '../domains/asking.js'
import { type KnownDomain } from '../domains/domain-map.js'
import { parseAccountName } from '../accounts/account-name.js'
import type { Accounts } from '../accounts/accounts.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import { filter } from '../ldap/filter.js'
import { searchPage } from '../session/search-page.js'
import { StaleCache } from './stale-cache.js'
import { isOfNoDomain, wellKnownName, wellKnownSid } from './well-known-sids.js'

/** SIDs of one question: a filter of more is long, and servers walk it for each entry. */
const BATCH = 100

/**
 * How long a domain whose controllers do not answer is not asked again, in milliseconds. Otherwise
 * each question with one of its SIDs would wait for the whole time limit.
 */
const REST_AFTER_FAILURE = 30_000

/** Names of SIDs and SIDs of names, of the own domain, the forest and trusted domains. */
export class Names {
  readonly #asking: DomainAsking
  readonly #accounts: Accounts
  readonly #journal: Journal
  readonly #names: StaleCache<string | undefined>
  readonly #sids: StaleCache<string | undefined>
  readonly #flights = new Map<string, Promise<void>>()
  /** When the controllers of another domain could not be asked last; milliseconds. */
  readonly #failedAt = new Map<string, number>()

  constructor(asking: DomainAsking, accounts: Accounts, journal: Journal, freshFor: number) {
    this.#asking = asking
    this.#accounts = accounts
    this.#journal = journal
    this.#names = new StaleCache(freshFor, asking.now)
    this.#sids = new StaleCache(freshFor, asking.now)
  }

  /** @throws ConfigurationError for what is no SID */
  async namesOf(given: Iterable<string>, { signal }: CallOptions = {}): Promise<ReadonlyMap<string, string>> {
    const sids = [...new Set(given)]
    const canonical = new Map(sids.map((sid) => [sid, formatSid(parseSid(sid))]))
    const asked = [...new Set(canonical.values())].filter(
      (sid) => wellKnownName(sid) === undefined && !isOfNoDomain(sid),
    )
    const missing = asked.filter((sid) => this.#names.get(sid) === undefined)
    const stale = asked.filter((sid) => this.#names.get(sid)?.isFresh === false)
    this.#refresh(stale)
    if (missing.length > 0) await unlessAborted(this.#fetchAll(missing), signal)
    const named = sids.map((sid) => [sid, this.#known(canonical.get(sid) ?? sid)] as const)
    return new Map(named.flatMap(([sid, name]) => (name === undefined ? [] : [[sid, name] as const])))
  }

  async sidOf(name: string, { signal }: CallOptions = {}): Promise<string | undefined> {
    const parsed = parseAccountName(name)
    if (parsed.by === 'sid') return formatSid(parseSid(parsed.sid))
    const known = wellKnownSid(name)
    if (known !== undefined) return known
    const key = asciiLower(name)
    const cached = this.#sids.get(key)
    if (cached !== undefined) {
      if (!cached.isFresh) this.#inBackground(this.#flight(`name ${key}`, () => this.#fetchSid(name, key)))
      return cached.value
    }
    await unlessAborted(
      this.#flight(`name ${key}`, () => this.#fetchSid(name, key)),
      signal,
    )
    return this.#sids.get(key)?.value
  }

  #known(sid: string): string | undefined {
    return wellKnownName(sid) ?? this.#names.get(sid)?.value
  }

  #refresh(sids: readonly string[]): void {
    if (sids.length > 0) this.#inBackground(this.#fetchAll(sids))
  }

  /**
   * Lets a look-up go on while the known name is returned. If the directory is down, a warning
   * tells it, and no caller waits.
   */
  #inBackground(flight: Promise<void>): void {
    flight.catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      this.#journal.warn('directory names', () => ({ level: 'warn', text: `names are not refreshed: ${reason}` }))
    })
  }

  /** Shares one look-up between all callers that ask for the same names. */
  #flight(key: string, run: () => Promise<void>): Promise<void> {
    const known = this.#flights.get(key)
    if (known !== undefined) return known
    const flight = run().finally(() => this.#flights.delete(key))
    this.#flights.set(key, flight)
    return flight
  }

  async #fetchAll(sids: readonly string[]): Promise<void> {
    const fresh = sids.filter((sid) => !this.#flights.has(sid))
    const waiting = sids.flatMap((sid) => this.#flights.get(sid) ?? [])
    const own = this.#fetchBatches(fresh)
    for (const sid of fresh) this.#flight(sid, () => own).catch(() => {})
    await Promise.all([own, ...waiting])
  }

  async #fetchBatches(sids: readonly string[]): Promise<void> {
    if (sids.length === 0) return
    const domains = await this.#asking.domains(undefined)
    const byDomain = new Map<KnownDomain, string[]>()
    for (const sid of sids) {
      const domain = domains.ofSid(sid)
      if (domain === undefined) this.#names.set(sid, undefined)
      else byDomain.set(domain, [...(byDomain.get(domain) ?? []), sid])
    }
    await Promise.all([...byDomain].map(([domain, list]) => this.#fetchOfDomain(domain, list)))
  }

  /**
   * Looks up the names of one domain. If the controllers of another domain do not answer, only its
   * names are missing.
   */
  async #fetchOfDomain(domain: KnownDomain, sids: readonly string[]): Promise<void> {
    const failedAt = this.#failedAt.get(domain.dns) ?? -Infinity
    if (this.#asking.now() - failedAt < REST_AFTER_FAILURE) return
    try {
      for (let at = 0; at < sids.length; at += BATCH) await this.#fetchBatch(domain, sids.slice(at, at + BATCH))
    } catch (error) {
      if (domain.relation === 'own') throw error
      this.#failedAt.set(domain.dns, this.#asking.now())
      const reason = error instanceof Error ? error.message : String(error)
      this.#journal.warn('directory domain', () => ({
        level: 'warn',
        text: `names of ${domain.dns} are not known: ${reason}`,
      }))
    }
  }

  async #fetchBatch(domain: KnownDomain, sids: readonly string[]): Promise<void> {
    const wanted = `(|${sids.map((sid) => filter`(objectSid=${encodeSid(sid)})`).join('')})`
    const entries = await this.#asking.ask(
      { domain: domain.dns, role: 'domain' },
      undefined,
      async (session, signal) => {
        const attributes = ['objectSid', 'sAMAccountName']
        const request = {
          base: session.rootDse.domainDn,
          scope: 'sub',
          filter: wanted,
          attributes,
          pageSize: BATCH * 2,
          referrals: false,
        } as const
        return (await searchPage(session, request, undefined, signal)).entries
      },
    )
    const found = new Map(entries.flatMap((entry) => sidAndName(entry, domain)))
    // What was not asked for is not believed: a domain speaks for its own SIDs only.
    for (const sid of sids) this.#names.set(sid, found.get(sid))
  }

  async #fetchSid(name: string, key: string): Promise<void> {
    const account = await this.#accounts.find(name)
    const parsed = parseAccountName(name)
    const domains =
      parsed.by === 'account' && parsed.domain !== undefined ? await this.#asking.domains(undefined) : undefined
    const wanted = parsed.by === 'account' ? domains?.named(parsed.domain ?? '') : undefined
    // `CORP\Administrators` is no account of CORP, though its directory holds the entry.
    const belongs = account?.sid === undefined || wanted === undefined || domains?.ofSid(account.sid) === wanted
    this.#sids.set(key, belongs ? account?.sid : undefined)
  }
}

function sidAndName(entry: DirectoryEntry, { flatName }: KnownDomain): [string, string][] {
  const sid = entry.octets('objectSid')
  const name = entry.text('sAMAccountName')
  return sid === undefined || name === undefined ? [] : [[decodeSid(sid, 'objectSid'), `${flatName}\\${name}`]]
}

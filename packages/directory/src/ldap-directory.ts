import { asciiUpper, type Journal } from '@s4u/krb5'
import { Accounts } from './accounts/accounts.js'
import type { DirectoryAccount } from './interface/directory-account.js'
import type { Role } from './controllers/controller.js'
import type {
  CallOptions,
  Directory,
  DirectoryFacts,
  DirectoryGroup,
  DirectorySearch,
  SearchOptions,
} from './interface/directory.js'
import type { DirectoryOptions } from './interface/directory-options.js'
import type { DomainAsking } from './domains/asking.js'
import { type DomainMap, readDomains } from './domains/domain-map.js'
import { unlessAborted } from '@s4u/kdc-client'
import type { DomainControllers } from './failover/domain-controllers.js'
import { ControllersByDomain } from './failover/controllers-by-domain.js'
import { DirectoryError } from './errors.js'
import type { DirectoryChange } from './interface/directory-change.js'
import { applyChange } from './session/apply-change.js'
import type { DirectoryTrust } from './interface/directory-trust.js'
import type { ManagedPassword } from './interface/managed-password.js'
import { readManagedPassword, requireManaged } from './managed-password/read-managed-password.js'
import { Names } from './names/names.js'
import { createSearch } from './search/directory-search.js'
import { readRootDse } from './session/root-dse.js'
import type { Session } from './session/open-session.js'

/** How long the list of domains and trusts is used before it is read again, in milliseconds. */
const DOMAINS_KNOWN_FOR = 600_000

/** Milliseconds. */
const DEFAULT_NAMES_FRESH_FOR = 600_000

/** A directory with its parts; what each method does is theirs. */
export class LdapDirectory implements Directory, DomainAsking {
  readonly domain: string
  readonly realm: string
  readonly now: () => number
  readonly #journal: Journal
  readonly #client: DirectoryOptions['client']
  readonly #controllers: ControllersByDomain
  readonly #accounts: Accounts
  readonly #names: Names
  #domains: { readonly map: Promise<DomainMap>; readonly readAt: number } | undefined

  constructor(options: DirectoryOptions, domain: string, journal: Journal) {
    this.domain = domain
    this.realm = asciiUpper(domain)
    this.#client = options.client
    this.#journal = journal
    this.now = options.now ?? Date.now
    this.#controllers = new ControllersByDomain(options, domain, journal)
    this.#accounts = new Accounts(this)
    this.#names = new Names(this, this.#accounts, journal, options.namesFreshFor ?? DEFAULT_NAMES_FRESH_FOR)
  }

  account(name: string, options?: CallOptions): Promise<DirectoryAccount | undefined> {
    return this.#accounts.find(name, options)
  }

  accountsWithSpn(spn: string, options?: CallOptions): Promise<readonly DirectoryAccount[]> {
    return this.#accounts.withSpn(spn, options)
  }

  namesOf(sids: Iterable<string>, options?: CallOptions): Promise<ReadonlyMap<string, string>> {
    return this.#names.namesOf(sids, options)
  }

  sidOf(name: string, options?: CallOptions): Promise<string | undefined> {
    return this.#names.sidOf(name, options)
  }

  async groupsOf(account: string | DirectoryAccount, options?: CallOptions): Promise<readonly DirectoryGroup[]> {
    const found = typeof account === 'string' ? await this.account(account, options) : account
    const sids = found?.groupSids ?? []
    const names = await this.namesOf(sids, options)
    return sids.map((sid) => ({ sid, name: names.get(sid) }))
  }

  async managedPassword(name: string, { signal }: CallOptions = {}): Promise<ManagedPassword> {
    const account = requireManaged(name, await this.account(name, { signal }))
    const asker = { self: this.#client.principal, now: this.now() }
    return this.ask({ domain: account.domain, role: 'domain' }, signal, (session, attemptSignal) =>
      readManagedPassword(session, account, asker, attemptSignal),
    )
  }

  search(options: SearchOptions): DirectorySearch {
    const role = options.globalCatalog === true ? 'globalCatalog' : 'domain'
    const controllers = this.#controllers.of(this.domain, role)
    return createSearch(options, {
      controllers,
      timeLimit: this.#controllers.timeLimit,
      ownersOf: (dn, signal) => this.#ownersOf(dn, signal),
      leftOut: (uri) =>
        this.#journal.warn('directory reference', () => ({
          level: 'warn',
          text: `not followed: ${uri.slice(0, 500)}`,
        })),
    })
  }

  async trusts({ signal }: CallOptions = {}): Promise<readonly DirectoryTrust[]> {
    return (await this.domains(signal)).trusts
  }

  facts({ signal }: CallOptions = {}): Promise<DirectoryFacts> {
    return this.ask({ domain: this.domain, role: 'domain' }, signal, async (session, attemptSignal) => {
      // Its clock is of interest now, and not when the connection was opened.
      const rootDse = await readRootDse(session.connection, session.controller.label, attemptSignal)
      return factsOf({ ...session, rootDse })
    })
  }

  async apply(change: DirectoryChange, { signal }: CallOptions = {}): Promise<void> {
    const { domains } = await this.domains(signal)
    // A directory without domains has its own one only.
    const owner =
      domains.length === 0 ? this.#controllers.of(this.domain, 'domain') : await this.#ownersOf(change.dn, signal)
    if (owner === undefined) throw elsewhere(change.dn, this.domain)
    const question = { signal, operation: change.kind, repeatable: false }
    return owner.ask(question, (session, attemptSignal) => applyChange(session, change, attemptSignal))
  }

  ask<T>(
    { domain, role }: { readonly domain: string; readonly role: Role },
    signal: AbortSignal | undefined,
    run: (session: Session, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#controllers.of(domain, role).ask({ signal, operation: 'search', repeatable: true }, run)
  }

  domains(signal: AbortSignal | undefined): Promise<DomainMap> {
    const known = this.#domains
    const isFresh = known !== undefined && this.now() - known.readAt < DOMAINS_KNOWN_FOR
    return unlessAborted(isFresh ? known.map : this.#readDomains(), signal)
  }

  async #ownersOf(dn: string, signal: AbortSignal | undefined): Promise<DomainControllers | undefined> {
    const owner = (await this.domains(signal)).ofDn(dn)
    return owner && this.#controllers.of(owner.dns, 'domain')
  }

  /**
   * Reads the list once for all callers that wait; the signal of one caller does not end the
   * reading.
   */
  #readDomains(): Promise<DomainMap> {
    const map = this.ask({ domain: this.domain, role: 'domain' }, undefined, readDomains)
    this.#domains = { map, readAt: this.now() }
    // A failure is not kept.
    map.catch(() => (this.#domains = undefined))
    return map
  }

  close(): void {
    this.#controllers.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }
}

function elsewhere(dn: string, server: string): DirectoryError {
  return new DirectoryError(
    'noSuchObject',
    {
      operation: 'modify',
      resultCode: 32,
      diagnostic: `${dn.slice(0, 500)} is in no domain that is known here`,
      server,
    },
    { hint: 'Take the distinguished name from an account of this directory.' },
  )
}

function factsOf({ rootDse, controller }: Session): DirectoryFacts {
  const { dnsHostName, domainDn, configurationDn, forestDn, isActiveDirectory, functionalLevel, serverTime } = rootDse
  return {
    server: controller.label,
    ...{ dnsHostName, domainDn, configurationDn, forestDn, isActiveDirectory, functionalLevel, serverTime },
  }
}

import { asciiLower, asciiUpper } from '@s4u/krb5'
import type { CallOptions } from '../interface/directory.js'
import { type DomainAsking } from '../domains/asking.js'
import { DirectoryError } from '../errors.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import { domainOfDn } from '../ldap/distinguished-name.js'
import { filter } from '../ldap/filter.js'
import { readEntry } from '../search/read-entry.js'
import type { Session } from '../session/open-session.js'
import { searchPage } from '../session/search-page.js'
import { ACCOUNT_ATTRIBUTES, KERBEROS_ATTRIBUTES } from './account-attributes.js'
import { type AccountName, parseAccountName } from './account-name.js'
import type { DirectoryAccount } from '../interface/directory-account.js'
import { readAccount } from './read-account.js'
import { readKerberosAccount } from './read-kerberos-account.js'

/**
 * The number of accounts that one name may have; a search that finds more fails. Two accounts with
 * one name are a fault of the directory already.
 */
const MAX_ACCOUNTS = 100

/**
 * Finds accounts by any of their names. Reads them at a controller of their own domain, which
 * knows all their attributes.
 */
export class Accounts {
  readonly #asking: DomainAsking

  constructor(asking: DomainAsking) {
    this.#asking = asking
  }

  /** @throws DirectoryError `ambiguousName` */
  async find(text: string, { signal }: CallOptions = {}): Promise<DirectoryAccount | undefined> {
    const name = parseAccountName(text)
    if (name.by === 'spn') return single(text, await this.withSpn(name.spn, { signal }), this.#asking.domain)
    const domain = await this.#domainOf(name, signal)
    if (domain === undefined) return undefined
    const found = await this.#asking.ask({ domain, role: 'domain' }, signal, (session, attemptSignal) =>
      this.#findAt(session, text, name, attemptSignal),
    )
    if (found !== undefined || name.by !== 'upn') return found
    return this.#findUpn(text, name.upn, signal)
  }

  /** Found in the whole forest, and read where each is at home. */
  async withSpn(spn: string, { signal }: CallOptions = {}): Promise<readonly DirectoryAccount[]> {
    const forest = await this.#isActiveDirectory(signal)
    if (!forest) return this.#withKerberosName(spn, signal)
    return this.#findInForest(filter`(servicePrincipalName=${spn})`, signal)
  }

  async #findUpn(text: string, upn: string, signal: AbortSignal | undefined): Promise<DirectoryAccount | undefined> {
    if (!(await this.#isActiveDirectory(signal))) return undefined
    return single(text, await this.#findInForest(filter`(userPrincipalName=${upn})`, signal), this.#asking.domain)
  }

  async #findInForest(wanted: string, signal: AbortSignal | undefined): Promise<readonly DirectoryAccount[]> {
    const { domain } = this.#asking
    const dns = await this.#asking.ask({ domain, role: 'globalCatalog' }, signal, (session, attemptSignal) =>
      dnsOf(session, '', wanted, attemptSignal),
    )
    const accounts = await Promise.all(dns.map((dn) => this.#readAt(dn, signal)))
    return accounts.filter((account) => account !== undefined)
  }

  async #readAt(dn: string, signal: AbortSignal | undefined): Promise<DirectoryAccount | undefined> {
    const domain = (await this.#asking.domains(signal)).ofDn(dn)?.dns
    if (domain === undefined) return undefined
    return this.#asking.ask({ domain, role: 'domain' }, signal, (session, attemptSignal) =>
      this.#read(session, dn, attemptSignal),
    )
  }

  async #withKerberosName(spn: string, signal: AbortSignal | undefined): Promise<readonly DirectoryAccount[]> {
    const { domain, realm } = this.#asking
    const principal = /@[^/@]+$/.test(spn) ? spn : `${spn}@${realm}`
    return this.#asking.ask({ domain, role: 'domain' }, signal, async (session, attemptSignal) => {
      const wanted = filter`(|(krbPrincipalName=${principal})(krbPrincipalName=${spn}))`
      const dns = await dnsOf(session, session.rootDse.domainDn, wanted, attemptSignal)
      const accounts = await Promise.all(dns.map((dn) => this.#read(session, dn, attemptSignal)))
      return accounts.filter((account) => account !== undefined)
    })
  }

  async #findAt(
    session: Session,
    text: string,
    name: Exclude<AccountName, { by: 'spn' }>,
    signal: AbortSignal,
  ): Promise<DirectoryAccount | undefined> {
    const isActiveDirectory = session.rootDse.isActiveDirectory
    if (name.by === 'sid') return isActiveDirectory ? this.#read(session, `<SID=${name.sid}>`, signal) : undefined
    if (name.by === 'dn') return this.#read(session, name.dn, signal)
    const wanted = isActiveDirectory ? filterFor(name) : kerberosFilterFor(name, this.#asking.realm)
    const entries = await entriesOf(session, session.rootDse.domainDn, wanted, signal)
    const chosen = preferred(entries, name)
    if (chosen.length > 1)
      throw ambiguous(
        text,
        chosen.map(({ dn }) => dn),
        session.controller.label,
      )
    return chosen[0] && this.#read(session, chosen[0].dn, signal)
  }

  async #read(session: Session, base: string, signal: AbortSignal): Promise<DirectoryAccount | undefined> {
    const { isActiveDirectory } = session.rootDse
    const entry = await readEntry(session, base, isActiveDirectory ? ACCOUNT_ATTRIBUTES : KERBEROS_ATTRIBUTES, signal)
    if (entry === undefined) return undefined
    const now = this.#asking.now()
    return isActiveDirectory ? readAccount(entry, now) : readKerberosAccount(entry, this.#asking.realm, now)
  }

  /** Returns the domain of a name; undefined if the directory does not know that domain. */
  async #domainOf(name: AccountName, signal: AbortSignal | undefined): Promise<string | undefined> {
    const { domain } = this.#asking
    if (name.by === 'account' && name.domain === undefined) return domain
    if (name.by === 'upn' && asciiLower(name.suffix) === domain) return domain
    const domains = await this.#asking.domains(signal)
    // A directory without a list of domains has only its own domain.
    if (domains.domains.length === 0) return name.by === 'sid' ? undefined : domain
    if (name.by === 'dn') return domains.ofDn(name.dn)?.dns
    if (name.by === 'sid')
      return domains.ofSid(name.sid)?.dns ?? (name.sid.startsWith('S-1-5-32-') ? domain : undefined)
    if (name.by === 'account') return domains.named(name.domain ?? '')?.dns
    return (name.by === 'upn' && domains.named(name.suffix)?.dns) || domain
  }

  async #isActiveDirectory(signal: AbortSignal | undefined): Promise<boolean> {
    return (await this.#asking.domains(signal)).domains.length > 0
  }
}

function filterFor(name: Exclude<AccountName, { by: 'sid' | 'dn' | 'spn' }>): string {
  if (name.by === 'account') return filter`(sAMAccountName=${name.account})`
  return filter`(|(userPrincipalName=${name.upn})(sAMAccountName=${name.local}))`
}

function kerberosFilterFor(name: Exclude<AccountName, { by: 'sid' | 'dn' | 'spn' }>, realm: string): string {
  if (name.by === 'upn') {
    const principal = `${name.local}@${asciiUpper(name.suffix)}`
    return filter`(|(krbPrincipalName=${principal})(mail=${name.upn}))`
  }
  return filter`(|(uid=${name.account})(krbPrincipalName=${`${name.account}@${realm}`}))`
}

/**
 * Prefers the account whose user principal name is the name to an account of the domain with that
 * short name. MS-ADTS section 5.1.1.1.1.
 */
function preferred(entries: readonly DirectoryEntry[], name: AccountName): readonly DirectoryEntry[] {
  if (name.by !== 'upn') return entries
  const wanted = asciiLower(name.upn)
  const explicit = entries.filter((entry) => asciiLower(entry.text('userPrincipalName') ?? '') === wanted)
  if (explicit.length > 0) return explicit
  return entries.filter((entry) => entry.has('krbPrincipalName') || domainOfDn(entry.dn) === asciiLower(name.suffix))
}

const NAMES = ['sAMAccountName', 'userPrincipalName', 'krbPrincipalName']

async function entriesOf(
  session: Session,
  base: string,
  wanted: string,
  signal: AbortSignal,
): Promise<readonly DirectoryEntry[]> {
  const request = {
    base,
    scope: 'sub',
    filter: wanted,
    attributes: NAMES,
    pageSize: MAX_ACCOUNTS,
    referrals: false,
  } as const
  const { entries, cookie } = await searchPage(session, request, undefined, signal)
  if (cookie === undefined) return entries
  throw new DirectoryError('sizeLimitExceeded', {
    ...{ operation: 'search', resultCode: 4, server: session.controller.label },
    diagnostic: `more than ${MAX_ACCOUNTS} accounts have one name`,
  })
}

async function dnsOf(session: Session, base: string, wanted: string, signal: AbortSignal): Promise<readonly string[]> {
  return (await entriesOf(session, base, wanted, signal)).map(({ dn }) => dn)
}

function single(text: string, accounts: readonly DirectoryAccount[], server: string): DirectoryAccount | undefined {
  if (accounts.length > 1)
    throw ambiguous(
      text,
      accounts.map(({ dn }) => dn),
      server,
    )
  return accounts[0]
}

function ambiguous(text: string, dns: readonly string[], server: string): DirectoryError {
  const shown = text.slice(0, 200)
  return new DirectoryError(
    'ambiguousName',
    {
      operation: 'search',
      resultCode: 0,
      diagnostic: `${shown} is the name of ${dns.length} accounts: ${dns.slice(0, 5).join('; ')}`,
      server,
    },
    { hint: 'Name the account by its SID, or take the name away from the others.' },
  )
}

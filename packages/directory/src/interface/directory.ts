import type { DirectoryAccount } from './directory-account.js'
import type { ManagedPassword } from './managed-password.js'
import type { DirectoryChange } from './directory-change.js'
import type { DirectoryTrust } from './directory-trust.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'

/** What every call takes. */
export interface CallOptions {
  /** Ends the wait of this caller. */
  readonly signal?: AbortSignal
}

/** Which entries are looked for. */
export interface SearchOptions extends CallOptions {
  /**
   * RFC 4515, with values through the template `filter`. Default: every entry.
   * Example: ``filter: filter`(sAMAccountName=${name})` ``
   */
  readonly filter?: string
  /**
   * Where to look: a distinguished name, or `<SID=S-1-5-…>`, `<GUID=…>`. Default: the whole domain.
   */
  readonly base?: string
  /**
   * `base`: that entry alone; `one`: those right below; `sub` (default): all below, and the entry
   * itself.
   */
  readonly scope?: 'base' | 'one' | 'sub'
  /**
   * Which attributes come. Default: what the server sends unasked, which leaves computed ones out.
   */
  readonly attributes?: readonly string[]
  /** Looks in all domains of the forest, where only some attributes are. Default: false. */
  readonly globalCatalog?: boolean
  /** How many entries come at a time; 1 to 1,000, default 500. */
  readonly pageSize?: number
  /**
   * A search that finds more entries fails; it does not return a shorter list. Default 100,000.
   */
  readonly maxEntries?: number
  /**
   * `follow` asks the servers of the own forest and of trusted domains that the answer names.
   * `ignore` (default) looks at what the server has itself.
   */
  readonly referrals?: 'ignore' | 'follow'
}

/** Entries as they come, page by page: `for await`, or all of them at once. */
export interface DirectorySearch extends AsyncIterable<DirectoryEntry> {
  /** All of them. @throws DirectoryError, DirectoryUnreachableError */
  all(): Promise<DirectoryEntry[]>
}

/** A group of an account. */
export interface DirectoryGroup {
  readonly sid: string
  /** `CORP\Sales`; undefined where no directory knows the SID. */
  readonly name: string | undefined
}

/** What a server says about itself and its domain. */
export interface DirectoryFacts {
  /** The server that said it: `dc1.corp.test:389`. */
  readonly server: string
  /** Its own name for itself (dnsHostName). */
  readonly dnsHostName: string | undefined
  /** `DC=corp,DC=test` */
  readonly domainDn: string
  readonly configurationDn: string | undefined
  readonly forestDn: string | undefined
  /** Active Directory or Samba, and not OpenLDAP or another. */
  readonly isActiveDirectory: boolean
  /** 4 is that of Windows Server 2008 R2, 7 that of 2016. */
  readonly functionalLevel: number | undefined
  /** The clock of the server, milliseconds since the epoch. */
  readonly serverTime: number | undefined
}

/**
 * A directory, asked as the account of a KDC client. One serves all of a process; connections open
 * when they are needed and close when they are idle, and keep no process alive.
 *
 * Every method throws `DirectoryError` where the directory says no, `DirectoryUnreachableError`
 * where no controller answers in time, and what `client.ticketFor` throws where there is no ticket
 * for it.
 */
export interface Directory extends AsyncDisposable {
  /** The domain in DNS: `corp.test`. */
  readonly domain: string
  /**
   * The account with a name (`alice`, `CORP\alice`, `WEB01$`), a user principal name, a SID or a
   * service principal name; undefined where there is none.
   * @throws DirectoryError `ambiguousName` where two have it
   */
  account(name: string, options?: CallOptions): Promise<DirectoryAccount | undefined>
  /**
   * Every account of the forest with a service principal name; more than one is a fault of the
   * directory.
   */
  accountsWithSpn(spn: string, options?: CallOptions): Promise<readonly DirectoryAccount[]>
  /**
   * Names of SIDs: `CORP\Sales`, `BUILTIN\Administrators`. A SID that the directory does not know
   * is not in the map. Answers are kept, and handed out while they are asked for again.
   */
  namesOf(sids: Iterable<string>, options?: CallOptions): Promise<ReadonlyMap<string, string>>
  /**
   * The SID of `CORP\Sales`, `Sales`, `alice@corp.test` or `BUILTIN\Administrators`; undefined for
   * none.
   */
  sidOf(name: string, options?: CallOptions): Promise<string | undefined>
  /** All groups of an account, nested ones too. */
  groupsOf(account: string | DirectoryAccount, options?: CallOptions): Promise<readonly DirectoryGroup[]>
  /**
   * The keys of a group managed service account, which the account of the client may retrieve.
   * @throws DirectoryError `insufficientAccessRights`; ConfigurationError for an account of another
   * kind
   */
  managedPassword(account: string, options?: CallOptions): Promise<ManagedPassword>
  search(options: SearchOptions): DirectorySearch
  /**
   * The trusts of the own domain: which users of other domains may come here, and what of their
   * tickets counts. Empty in a directory without domains, such as OpenLDAP.
   */
  trusts(options?: CallOptions): Promise<readonly DirectoryTrust[]>
  /**
   * Makes a change that one of `planServiceNames`, `planSettings`, `planAllowedToAct`,
   * `planComputer`, `planUser` or `planPassword` has planned, or one of your own. A change is
   * never sent twice: if the connection breaks, the error says that the change may or may not have
   * been made.
   */
  apply(change: DirectoryChange, options?: CallOptions): Promise<void>
  /** What a server says about itself and the domain. */
  facts(options?: CallOptions): Promise<DirectoryFacts>
  /** Closes all connections. What is under way fails. */
  close(): void
}

/** What a negotiator asks of a directory: `openDirectory` of `@s4u/directory` makes one. */
export interface CallerDirectory {
  /** Undefined where there is no such account. */
  account(name: string, options?: { readonly signal?: AbortSignal }): Promise<CallerAccount | undefined>
  /** Names of SIDs: `CORP\Sales`. */
  namesOf(sids: Iterable<string>): Promise<ReadonlyMap<string, string>>
  /** Resolves to undefined if no account or group has the name. */
  sidOf(name: string): Promise<string | undefined>
}

/** What is told of a caller, beside its name. */
export interface CallerAccount {
  readonly dn: string
  readonly sid: string | undefined
  readonly name: string
  readonly principal: string
  readonly userPrincipalName: string | undefined
  readonly displayName: string | undefined
  readonly mail: string | undefined
  readonly department: string | undefined
  /** The services that the account is: `HTTP/web.corp.test`. */
  readonly servicePrincipalNames: readonly string[]
  readonly groupSids: readonly string[]
}

/** The directory of a negotiator, opened when it is first needed. */
export type DirectorySource = () => Promise<CallerDirectory>

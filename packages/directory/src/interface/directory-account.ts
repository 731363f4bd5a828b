/** An account as the directory has it, in words. Times are milliseconds since the epoch. */
export interface DirectoryAccount {
  /** `CN=alice,CN=Users,DC=corp,DC=test` */
  readonly dn: string
  /** `S-1-5-21-…-1104`; undefined in a directory without SIDs, such as OpenLDAP. */
  readonly sid: string | undefined
  /** The account's own name: `alice`, `WEB01$` (sAMAccountName, else uid). */
  readonly name: string
  /** The domain of the account in DNS: `corp.test`. */
  readonly domain: string
  /** The principal with which the account signs in to its KDC: `alice@CORP.TEST`. */
  readonly principal: string
  readonly kind: AccountKind
  readonly userPrincipalName: string | undefined
  readonly displayName: string | undefined
  readonly mail: string | undefined
  readonly department: string | undefined
  /** The services that the account is: `HTTP/web.corp.test`. */
  readonly servicePrincipalNames: readonly string[]
  /** The host of a computer in DNS (dNSHostName). */
  readonly dnsHostName: string | undefined
  /**
   * The flags as they are (MS-ADTS section 2.2.16), of which `state` and `delegation` say most in
   * words.
   */
  readonly userAccountControl: number | undefined
  readonly state: AccountState
  readonly delegation: DelegationSettings
  /**
   * msDS-SupportedEncryptionTypes: bits of `SupportedEnctype` (MS-KILE section 2.2.7). Undefined or
   * 0: whatever the KDC takes for all.
   */
  readonly supportedEncryptionTypes: number | undefined
  /**
   * The same as encryption types that tickets have (RFC 3961): 18, 17, 23. Undefined: the KDC's
   * default.
   */
  readonly encryptionTypes: readonly number[] | undefined
  /** The version of the keys (msDS-KeyVersionNumber). */
  readonly keyVersion: number | undefined
  readonly passwordSetAt: number | undefined
  readonly passwordExpiresAt: number | undefined
  readonly expiresAt: number | undefined
  /**
   * Distinguished names of the groups that list the account, without the primary group and nested
   * ones.
   */
  readonly memberOf: readonly string[]
  /** SIDs of all groups of the account, nested ones too (tokenGroups). Empty without SIDs. */
  readonly groupSids: readonly string[]
  /** Distinguished names of what limits where and for how long the account signs in. */
  readonly authenticationPolicy: string | undefined
  readonly authenticationSilo: string | undefined
}

/**
 * The kind of an account: of a person, of a computer, with a password that the directory makes, or
 * another class.
 */
export type AccountKind = 'user' | 'computer' | 'managedServiceAccount' | 'group' | 'other'

/**
 * The state of an account that prevents a sign-in, or changes it (userAccountControl, MS-ADTS
 * section 2.2.16, and others).
 */
export interface AccountState {
  readonly disabled: boolean
  /** Locked now, by wrong passwords. */
  readonly locked: boolean
  /** The time of `expiresAt` is over. */
  readonly expired: boolean
  readonly passwordExpired: boolean
  /** The password must be changed at the next sign-in (pwdLastSet is 0). */
  readonly mustChangePassword: boolean
  readonly passwordNeverExpires: boolean
  readonly smartcardRequired: boolean
  /** Gets tickets without having shown that it knows the password: those can be guessed offline. */
  readonly noPreauthentication: boolean
  /** Tickets to this service have no PAC (NO_AUTH_DATA_REQUIRED). */
  readonly noPac: boolean
  /** A member of Protected Users: AES only, four hours, no delegation. */
  readonly protectedUser: boolean
  readonly domainController: boolean
}

/** Who may act for whom. */
export interface DelegationSettings {
  /** "Account is sensitive and cannot be delegated". */
  readonly sensitive: boolean
  /** Unconstrained delegation: gets ticket-granting tickets of its callers. */
  readonly unconstrained: boolean
  /** May vouch for users who did not sign in with Kerberos ("use any authentication protocol"). */
  readonly protocolTransition: boolean
  /** To which services the account may go on in a user's name (msDS-AllowedToDelegateTo). */
  readonly allowedToDelegateTo: readonly string[]
  /**
   * Who may act towards this account in users' names (resource-based); undefined where nothing is
   * set.
   */
  readonly allowedToAct: AllowedToAct | undefined
}

/** msDS-AllowedToActOnBehalfOfOtherIdentity, decoded. */
export interface AllowedToAct {
  /** SIDs that it grants to, in their order. */
  readonly sids: readonly string[]
  /** SIDs that it denies. */
  readonly deniedSids: readonly string[]
  /** The descriptor has no DACL, so every account may act. That is always a mistake. */
  readonly everybody: boolean
  /** The security descriptor as it is stored. */
  readonly descriptor: Uint8Array
  /** Entries that are neither a plain grant nor a plain denial: conditional ones and others. */
  readonly otherEntries: number
}

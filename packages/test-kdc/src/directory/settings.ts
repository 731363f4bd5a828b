import type { OtpTokenInfo } from '@s4u/krb5'

/** Accounts as people write them down. Every key is an account name (sAMAccountName), as in Active Directory. */

interface TestAccount {
  /** Names of groups of the realm, made as needed, or SIDs. Domain Users is always there. */
  readonly groups?: readonly string[]
  /** A SID of its own instead of one of the realm. */
  readonly sid?: string
  /** "Account is sensitive and cannot be delegated." */
  readonly sensitive?: boolean
  /** Member of Protected Users: never delegated, no RC4, tickets for 4 hours. */
  readonly protected?: boolean
  readonly disabled?: boolean
  /** The account, not its password, has expired. */
  readonly expired?: boolean
  readonly lockedOut?: boolean
  /** The password has expired or must be changed at the next logon. */
  readonly mustChangePassword?: boolean
  /**
   * Signs in inside of FAST or not at all, whatever the realm says of users and services; or need
   * not.
   */
  readonly requireFast?: boolean
  /** Encryption types by number, best first. Default `[18, 17]`: AES256 and AES128 with SHA-1. */
  readonly encryptionTypes?: readonly number[]
  /** X.509 certificates (DER) that stand for the account in S4U2Self, besides those with its UPN as subject alternative name. */
  readonly certificates?: readonly Uint8Array[]
}

export interface TestUser extends TestAccount {
  readonly password: string
  /** User principal name. Default: the account name at the DNS domain. */
  readonly upn?: string
  readonly displayName?: string
  /** Sign in without pre-authentication ("Do not require Kerberos preauthentication"). */
  readonly withoutPreAuthentication?: boolean
  /** Signs in with a one-time password inside of FAST, or with the password. */
  readonly otp?: TestOtp
}

/** A token of one-time passwords. Source: RFC 6560. */
export interface TestOtp {
  /** Whether a value is right, and the PIN beside it, where the client sends one. Called once for each sign-in. */
  readonly accepts: (value: string, pin: string | undefined) => boolean
  /** What the KDC says of the tokens of the account. Default: one, of which nothing is said, as MIT does. */
  readonly tokens?: readonly Partial<OtpTokenInfo>[]
  /** Octets; default 36, as MIT's of a key of 256 bits. */
  readonly nonceLength?: number
}

export interface TestService extends TestAccount {
  /** `['HTTP/web.ad.test']`. Compared without regard to case. */
  readonly spns: readonly string[]
  /** Default: a random key, which only the keytab has. */
  readonly password?: string
  /** Protocol transition: its S4U2Self tickets are forwardable (TRUSTED_TO_AUTH_FOR_DELEGATION). */
  readonly trustedToAuthForDelegation?: boolean
  /** SPNs it may act on behalf of users at (msDS-AllowedToDelegateTo). */
  readonly allowedToDelegateTo?: readonly string[]
  /**
   * Accounts that may act on behalf of users at this service (msDS-AllowedToActOnBehalfOfOtherIdentity): `web`, `web@OTHER.TEST`,
   * or a SID.
   */
  readonly allowedToActOnBehalfOf?: readonly string[]
  /** Tickets for it say that credentials may be forwarded to it (TRUSTED_FOR_DELEGATION). */
  readonly okAsDelegate?: boolean
  /** What session keys it can use. Default: its `encryptionTypes`. With RC4 accounts, Active Directory adds AES here. */
  readonly sessionKeyTypes?: readonly number[]
}

/** What may be changed while the realm runs. */
export type AccountChange = Partial<Omit<TestUser & TestService, 'password' | 'sid' | 'encryptionTypes'>>

/** Rules for passwords, as Active Directory has them; a refusal tells all of them. */
export interface TestPasswordPolicy {
  /** Characters at least. Default 0. */
  readonly minimumLength?: number
  /** How many of the last passwords, the present one counted, may not be used again. Default 0. */
  readonly historyLength?: number
  /** Characters of three kinds: capital and small letters, digits, others. Default no. */
  readonly complexity?: boolean
}

import type { OtpTokenInfo } from '@s4u/krb5'

/** The accounts of a test realm, as a test writes them down. */

interface TestAccount {
  /**
   * Groups of the account: names of groups of this realm, which are made as needed, or SIDs. Every
   * account is in Domain Users too.
   */
  readonly groups?: readonly string[]
  /** The SID of the account. Default: one of the domain of this realm. */
  readonly sid?: string
  /** "Account is sensitive and cannot be delegated." Default: no. */
  readonly sensitive?: boolean
  /** Member of Protected Users: never delegated, no RC4, tickets for 4 hours. Default: no. */
  readonly protected?: boolean
  /** Whether the account is disabled. Default: no. */
  readonly disabled?: boolean
  /** Whether the account (not its password) has expired. Default: no. */
  readonly expired?: boolean
  /** Whether the account is locked out. Default: no. */
  readonly lockedOut?: boolean
  /** Whether the password has expired, or must be changed at the next logon. Default: no. */
  readonly mustChangePassword?: boolean
  /**
   * Whether the account must sign in inside of FAST. Default: what the option `fast` of the realm
   * says.
   */
  readonly requireFast?: boolean
  /** Encryption types by number, best first. Default `[18, 17]`: AES256 and AES128 with SHA-1. */
  readonly encryptionTypes?: readonly number[]
  /**
   * X.509 certificates (DER) that name the account in S4U2Self. Certificates with its UPN as
   * subject alternative name do so too.
   */
  readonly certificates?: readonly Uint8Array[]
}

/** A user. The key in `users` is the account name (sAMAccountName). */
export interface TestUser extends TestAccount {
  /** The password. */
  readonly password: string
  /** User principal name. Default: the account name at the DNS domain. */
  readonly upn?: string
  /** The full name, which the PAC carries. Default: the account name. */
  readonly displayName?: string
  /** "Do not require Kerberos preauthentication." Default: no. */
  readonly withoutPreAuthentication?: boolean
  /** The user can sign in with a one-time password inside of FAST, or with the password. */
  readonly otp?: TestOtp
}

/** The token that makes the one-time passwords of a user. Source: RFC 6560. */
export interface TestOtp {
  /**
   * Says whether a value is right, and the PIN, where the client sends one. Called once for each
   * sign-in.
   */
  readonly accepts: (value: string, pin: string | undefined) => boolean
  /**
   * What the KDC tells the client about the tokens. Default: one token without details, as MIT
   * does.
   */
  readonly tokens?: readonly Partial<OtpTokenInfo>[]
  /** Length of the nonce in octets. Default: 36, as MIT has with a key of 256 bits. */
  readonly nonceLength?: number
}

/** A service or a computer. The key in `services` is the account name, with which it signs in. */
export interface TestService extends TestAccount {
  /** Service principal names: `['HTTP/web.ad.test']`. Compared without regard to case. */
  readonly spns: readonly string[]
  /** The password. Default: none; the keys are random, and only the keytab has them. */
  readonly password?: string
  /**
   * Protocol transition: S4U2Self tickets of the service are forwardable
   * (TRUSTED_TO_AUTH_FOR_DELEGATION). Default: no.
   */
  readonly trustedToAuthForDelegation?: boolean
  /**
   * Constrained delegation: SPNs of the services that it may call as a user
   * (msDS-AllowedToDelegateTo). Default: none.
   */
  readonly allowedToDelegateTo?: readonly string[]
  /**
   * Resource-based delegation: accounts that may call this service as a user
   * (msDS-AllowedToActOnBehalfOfOtherIdentity): `web`, `web@OTHER.TEST`, or a SID. Default: none.
   */
  readonly allowedToActOnBehalfOf?: readonly string[]
  /**
   * Tickets for the service carry the flag ok-as-delegate: clients may forward their
   * ticket-granting ticket to it (TRUSTED_FOR_DELEGATION). Default: no.
   */
  readonly okAsDelegate?: boolean
  /**
   * Types of session keys that the service can use, by number. Default: its `encryptionTypes`.
   * Active Directory adds AES for accounts that have RC4.
   */
  readonly sessionKeyTypes?: readonly number[]
}

/** The settings of an account that `realm.change` takes. */
export type AccountChange = Partial<Omit<TestUser & TestService, 'password' | 'sid' | 'encryptionTypes'>>

/**
 * Rules for new passwords, as Active Directory has them. A refusal tells the client all of them.
 */
export interface TestPasswordPolicy {
  /** The least number of characters. Default: 0. */
  readonly minimumLength?: number
  /** How many of the last passwords, with the present one, cannot be used again. Default: 0. */
  readonly historyLength?: number
  /** Three kinds of characters: capital letters, small letters, digits, others. Default: no. */
  readonly complexity?: boolean
}
